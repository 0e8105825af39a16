"""Answers for people as tables, and for programs as JSON."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNLIMITED: Final = 100_000
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def show_json(answer: Any) -> None:  # noqa: ANN401 - whatever msgspec encodes
    """Print an answer as JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def show_rows(
    rows: Sequence[msgspec.Struct], *, columns: Sequence[str], as_json: bool, empty: str
) -> None:
    """Print rows as a table of some columns, or all of them as JSON.

    Args:
        rows: Structs of one type.
        columns: The fields that a person wants to see.
        as_json: Whether to print JSON.
        empty: What a person is told when there are none.
    """
    if as_json:
        show_json(rows)
        return
    if not rows:
        typer.echo(empty)
        return
    table = Table()
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(getattr(row, column))) for column in columns))
    # A file or a pipe has no width: what reads it wants a row to be a line.
    Console(width=None if sys.stdout.isatty() else _UNLIMITED).print(table)


def show_facts(facts: Mapping[str, Any], *, as_json: bool, note: str = "") -> None:
    """Print a few named values, each on its line, or as JSON.

    Args:
        facts: Name to value.
        as_json: Whether to print JSON.
        note: What a person is told besides, on standard error.
    """
    if as_json:
        show_json(facts)
        return
    for name, value in facts.items():
        typer.echo(f"{name}: {_cell(value)}")
    if note:
        typer.echo(note, err=True)


def _cell(value: Any) -> str:  # noqa: ANN401 - any value of a row
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return f"{value:g}" if isinstance(value, float) else str(value)
