"""`edge-agent buffer`: looks after the outbox, and carries it on a stick."""

import asyncio
import threading
from pathlib import Path
from typing import Final

import msgspec
import typer

from edge_agent.cli.bundles import export, import_
from edge_agent.cli.common import ConfigOption, JsonOption, bar, megabytes, print_json, print_table
from edge_agent.cli.common import when_us as when
from edge_agent.cli.disk import readable
from edge_agent.config import Config
from edge_agent.configfile import config_path, load_config
from edge_agent.diagnosis import losses_in_words
from edge_agent.errors import OutboxError
from edge_agent.outbox.damage import mark, pending
from edge_agent.outbox.examine import Heap, Stats, Verified
from edge_agent.outbox.examine import stats as stats_of
from edge_agent.outbox.examine import verify as verified
from edge_agent.outbox.lock import idle_boot
from edge_agent.outbox.opening import open_file
from edge_agent.outbox.salvage import Salvage
from edge_agent.outbox.salvage_report import Salvaged, told
from edge_agent.status import read_status

_NAMES: Final = {"urgent": "alerts, losses", "bulk": "readings"}

app: Final = typer.Typer(
    help="What waits on disk for the collector: looked through, repaired, carried on a stick.",
    no_args_is_help=True,
)
app.command("export")(export)
app.command("import")(import_)


@app.command("verify")
def verify(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Look through all of it, also beside a running agent; exit code 1 if something is wrong."""
    path = readable(load_config(config_path(config)).buffer.path)
    with bar("looking through") as progress:
        found = verified(path, progress=progress)
    _show_verified(found, path=path, json_=json_)
    raise typer.Exit(1 if found.faults else 0)


@app.command("repair")
def repair(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Salvage a damaged file now, while no agent runs; exit code 1 if something is lost."""
    settings = load_config(config_path(config))
    path = readable(settings.buffer.path)
    if idle_boot(path) is None:  # said now, not after minutes
        raise OutboxError(f"another agent is using {path}")
    with bar("looking through") as progress:
        faults = verified(path, progress=progress).faults
    if any(fault.place != str(aside) for fault in faults for aside in pending(path) or [path]):
        mark(path, reason=f"{faults[0].place}: {faults[0].fault}")
    reports = asyncio.run(_salvaged(settings))
    if json_:
        print_json(reports)
    else:
        for report in reports:
            typer.echo(told(report))
        if not reports:
            typer.echo("nothing is damaged")
    raise typer.Exit(1 if any(one.lost_ranges or one.file_lost for one in reports) else 0)


@app.command("stats")
def stats(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Count what waits, by kind and stream, and what was ever given up."""
    path = readable(load_config(config_path(config)).buffer.path)
    found = stats_of(path)
    status = read_status(path)
    written = None if status is None else status.disk_bytes_per_reading
    if json_:
        print_json({**msgspec.to_builtins(found), "disk_bytes_per_reading": written})
        return
    print_table(("", ""), rows=_facts(found, written=written))
    columns = ("", "segments", "rows", "readings", "thinned", "MB", "oldest", "newest")
    if heaps := [*found.kinds, *found.streams]:
        print_table(columns, rows=[_cells(heap) for heap in heaps])
    else:
        typer.echo("nothing waits on disk")


async def _salvaged(config: Config) -> list[Salvaged]:
    """Open the outbox, which puts a damaged file aside, and salvage all that is pending."""
    path, max_bytes = config.buffer.path, config.buffer.max_bytes
    reports = []
    async with open_file(path, max_bytes=max_bytes):
        for aside in pending(path):
            work = Salvage(path, aside=aside, max_bytes=max_bytes, stop=threading.Event())
            with bar("salvaging") as progress:
                report = await asyncio.to_thread(work.run, progress=progress, patient=False)
            if report is not None:
                reports.append(report)
    return reports


def _show_verified(found: Verified, *, path: Path, json_: bool) -> None:
    if json_:
        print_json(found)
        return
    if found.faults:
        print_table(("where", "what"), rows=[(one.place, one.fault) for one in found.faults])
        typer.echo(
            "stop the agent and run `edge-agent buffer repair`: it salvages what can be read, and "
            "declares the rest lost. Otherwise the agent does so when it meets damage of the file "
            "or its log; a damaged segment it sets aside, and declares lost, when its turn comes",
            err=True,
        )
    else:
        size = megabytes(found.size_bytes)
        typer.echo(f"{path} is in order: {found.segments} segments of {size} were decoded")


def _facts(found: Stats, *, written: float | None) -> list[tuple[str, str]]:
    size, unused = megabytes(found.file_bytes), megabytes(found.unused_bytes)
    readings = sum(heap.readings for heap in found.kinds)
    thinned = sum(heap.thinned for heap in found.kinds)
    lost = losses_in_words(found.lost_rows, uncounted=found.lost_uncounted)
    return [
        ("file", f"{found.file}, {size}, of which {unused} are unused"),
        ("disk", f"{megabytes(found.free_disk_bytes)} free"),
        ("written", "not known" if written is None else f"{written:.1f} bytes a reading"),
        ("thinned", f"{100 * thinned / max(readings, 1):.1f} % of {readings} readings"),
        ("set aside", f"{found.set_aside} segments, {found.quarantine} in the quarantine"),
        ("lost ever", f"rows: {lost}" if lost else "nothing"),
        ("damaged files", ", ".join(found.damaged_files) or "none"),
    ]


def _cells(heap: Heap) -> tuple[str, ...]:
    numbers = (heap.segments, heap.rows, heap.readings, heap.thinned)
    size = f"{heap.size_bytes / 1e6:.2f}"
    return (
        _NAMES.get(heap.name, heap.name),
        *map(str, numbers),
        size,
        when(heap.oldest_us),
        when(heap.newest_us),
    )
