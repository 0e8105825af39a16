"""Segments that are damaged on disk: set aside and declared lost, they do not block the line."""

import logging
import time
from contextlib import suppress
from typing import Final

from edge_agent.errors import OutboxFullError
from edge_agent.outbox.declared import Declarer, loss_of
from edge_agent.outbox.set_aside import out_of_line
from edge_agent.outbox.shelf import Shelf
from shared.losses import LossReason

_REASON: Final = "its body is damaged: the CRC-32 is not the one it was put on disk with"

_log = logging.getLogger(__name__)


async def set_damaged_aside(shelf: Shelf, *, declarer: Declarer) -> None:
    """Set aside what was found damaged, and declare its loss with it: it is never sent.

    Without room for that it stays in flight, out of the way, and is found again after a restart.
    """
    damaged, shelf.damaged = shelf.damaged, {}
    now_us = time.time_ns() // 1000
    for id_, sealed in damaged.items():
        _log.error("segment %s/%d of %d rows is damaged on disk: set aside, and declared lost",
                   *sealed.key, sealed.rows)  # fmt: skip
        with suppress(OutboxFullError):
            async with shelf.changing() as change:
                await out_of_line(change, id_=id_, reason=_REASON, now_us=now_us, lost=True)
                loss = loss_of(sealed, rows=sealed.rows, reason=LossReason.DAMAGED, now_us=now_us)
                added = await declarer.declare(change, losses=[loss], now_us=now_us)
            declarer.committed(added)
            shelf.release([sealed.key])
