"""What must not be sent, and what is sent out of its turn: both change the line."""

import logging
import time
from contextlib import suppress
from typing import Final

from edge_agent.errors import OutboxFullError
from edge_agent.outbox.aside import loss_of, out_of_line
from edge_agent.outbox.declared import Declarer
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.requested import asides_back_in_line
from edge_agent.outbox.shelf import Shelf
from shared.losses import LossReason

_REASON: Final = "its body is damaged: the CRC-32 is not the one it was put on disk with"

_log = logging.getLogger(__name__)


async def set_damaged_aside(shelf: Shelf, *, declarer: Declarer) -> bool:
    """Set aside what was found damaged, and declare its loss with it: it is never sent.

    Without room for that it stays in flight, out of the way, and is found again after a restart.

    Returns:
        Whether there was something.
    """
    damaged, shelf.damaged = shelf.damaged, {}
    now_us = time.time_ns() // 1000
    for id_, sealed in damaged.items():
        _log.error("segment %s/%d of %d rows is damaged on disk: set aside, and declared lost",
                   *sealed.key, sealed.rows)  # fmt: skip
        with suppress(OutboxFullError):
            async with shelf.changing() as change:
                await out_of_line(change, id_=id_, reason=_REASON, now_us=now_us, lost=True)
                loss = loss_of(sealed, reason=LossReason.DAMAGED, now_us=now_us)
                added = await declarer.declare(change, losses=[loss], now_us=now_us)
            declarer.committed(added)
            shelf.release([sealed.key])
    return bool(damaged)


async def put_first(shelf: Shelf, *, file: OutboxFile, from_us: int, to_us: int) -> tuple[int, int]:
    """Let what is held of a time range go first, what is set aside included.

    Returns:
        How many segments that are, and how many rows they have.

    Raises:
        OutboxFullError: There is no room to move what is set aside.
    """
    async with shelf.changing() as change:
        await asides_back_in_line(change, from_us=from_us, to_us=to_us)
    return await shelf.requested.add(file, from_us=from_us, to_us=to_us)
