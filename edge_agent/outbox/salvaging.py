"""Salvages beside the running agent what damaged files still hold."""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from edge_agent.outbox import Outbox
from edge_agent.outbox.damage import pending, put_aside_files
from edge_agent.outbox.reports import REPORT, Salvaged, told
from edge_agent.outbox.salvage import Salvage

_LOOK_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


async def salvage_pending(path: Path, *, max_bytes: int) -> list[Salvaged]:
    """Salvage every file that was put aside; what is taken over appears in the outbox by itself.

    Args:
        path: The outbox, which this process has open.
        max_bytes: How large it may grow; without room this waits for the uploads to make some.

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
    return reports


async def watch_damage(outbox: Outbox, *, path: Path, max_bytes: int) -> NoReturn:
    """Salvage what is pending, then say for as long as a damaged file is kept what became of it.

    Args:
        outbox: Of this process.
        path: Its file.
        max_bytes: How large it may grow.

    Raises:
        OutboxError: One of the files cannot be used.
    """
    if waiting := pending(path):
        outbox.damage = f"the outbox was damaged: {waiting[0]} is being salvaged"
    await salvage_pending(path, max_bytes=max_bytes)
    while True:
        kept = {str(one) for one in put_aside_files(path)}
        found = await outbox.recall(REPORT) if kept else None
        report = None if found is None else msgspec.json.decode(found, type=Salvaged)
        outbox.damage = told(report) if report is not None and report.file in kept else None
        await asyncio.sleep(_LOOK_SECONDS)


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
