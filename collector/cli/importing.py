"""`collector import`: takes a bundle that came on a stick."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from collector.cli.printing import AsJson, show_facts, show_json
from collector.cli.running import FAILED, run, told_to_people
from collector.database.engine import Database
from collector.importing import Imported, import_bundle, known_sender
from collector.ingest import open_ingest
from shared.bundle import Bundle
from shared.errors import HeliographError, InvalidBundleError

_SHOWN = ("segments", "stored", "duplicate", "refused", "accepted", "duplicates", "rejected_rows")


def import_(
    file: Annotated[Path, typer.Argument(help="As `edge-agent buffer export` wrote it.")],
    as_json: AsJson = False,
) -> None:
    """Store what a gateway exported to a USB stick; also beside a running collector, and again."""
    with _opened(file) as bundle, _progress() as bar:

        async def work(database: Database) -> Imported:
            now = datetime.now(UTC)
            sender, key = await known_sender(database, header=bundle.header, now=now)
            check = bar.add_task("checking the signature", total=bundle.size_bytes)
            bundle.verify(key, progress=lambda done: bar.advance(check, done))
            store = bar.add_task("storing", total=bundle.size_bytes)
            async with open_ingest(database) as ingest:
                try:
                    return await import_bundle(
                        bundle,
                        ingest=ingest,
                        sender=sender,
                        progress=lambda done: bar.advance(store, done),
                    )
                except HeliographError as error:  # raised in here it would come out as a group
                    failure = error
            raise failure

        imported = run(work)
    _show(imported, as_json=as_json)
    if imported.refused:
        raise typer.Exit(FAILED)


@contextmanager
def _opened(path: Path) -> Iterator[Bundle]:
    with told_to_people():
        try:
            file = path.open("rb")
        except OSError as error:
            raise InvalidBundleError(f"cannot read {path}: {error.strerror}") from error
        with file:
            yield Bundle(file)


def _progress() -> Progress:
    """Return bars on standard error, for people only."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def _show(imported: Imported, *, as_json: bool) -> None:
    if as_json:
        show_json(imported)
        return
    facts = {"gateway": imported.gateway_id, "site": imported.site, "made": imported.created_at}
    shown = {name.replace("_", " "): getattr(imported, name) for name in _SHOWN}
    show_facts(facts | shown, as_json=False)
    for one in imported.reasons:
        place = f"{one.stream or 'unreadable'} {one.first_seq} to {one.last_seq}"
        typer.echo(f"refused: {place}: {one.reason}", err=True)
