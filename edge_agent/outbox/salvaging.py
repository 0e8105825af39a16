"""Salvages beside the running agent what damaged files still hold."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from edge_agent.outbox.damage import pending
from edge_agent.outbox.salvage import Salvage, Salvaged, told

_log = logging.getLogger(__name__)


async def salvage_pending(
    path: Path, *, max_bytes: int, changed: Callable[[], None] = lambda: None
) -> list[Salvaged]:
    """Salvage every file that was put aside; what is taken over appears in the outbox by itself.

    Args:
        path: The outbox, which this process has open.
        max_bytes: How large it may grow; without room this waits for the uploads to make some.
        changed: Called after each file.

    Returns:
        What became of each.

    Raises:
        OutboxError: One of the files cannot be used.
    """
    reports = []
    for aside in pending(path):
        _log.warning("the outbox was damaged: it is salvaged from %s", aside)
        report = await _salvaged(path, aside=aside, max_bytes=max_bytes)
        if report is not None:
            _log.warning("%s", told(report))
            reports.append(report)
            changed()
    return reports


async def _salvaged(path: Path, *, aside: Path, max_bytes: int) -> Salvaged | None:
    stop = threading.Event()
    work = Salvage(path, aside=aside, max_bytes=max_bytes, stop=stop)
    running = asyncio.get_running_loop().run_in_executor(None, work.run)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])  # to the end of its transaction
        raise
