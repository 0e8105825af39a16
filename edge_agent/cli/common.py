"""What all commands have in common."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

_UNLIMITED: Final = 100_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="HELIOGRAPH_EDGE_CONFIG",
        help="The configuration; without it /etc/heliograph/edge-agent.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """Print a value as indented JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def print_table(columns: Sequence[str], *, rows: Sequence[Sequence[str | Text]]) -> None:
    """Print rows under their columns' names; text is shown as it is, nothing is markup."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    # A file or a pipe has no width: what reads it wants a row to be a line.
    Console(width=None if sys.stdout.isatty() else _UNLIMITED).print(table)


def stamp(micros: int) -> str:
    """Return a time in microseconds since 1970 as RFC 3339; as a number if it is in no year."""
    try:
        moment = _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return str(micros)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, to people only; yields what is told done and of how much."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def megabytes(size: int) -> str:
    """Return a size for people."""
    return f"{size / 1e6:.1f} MB"


def when_us(micros: int) -> str:
    """Return a time, microseconds since 1970-01-01 UTC, for people."""
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
