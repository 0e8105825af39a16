"""Looking into the quarantine: what was not stored, and why."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from edge_agent.cli.common import ConfigOption, JsonOption, print_json, print_table, stamp
from edge_agent.cli.disk import readable
from edge_agent.configfile import config_path, load_config
from edge_agent.errors import OutboxError
from edge_agent.outbox.by_hand import Choice, missing
from edge_agent.outbox.opening import read_file
from edge_agent.outbox.quarantine import Kept, listed, one
from edge_agent.outbox.set_aside import Aside, asides, body_of
from shared.errors import InvalidSegmentError
from shared.segments import Segment, decode
from shared.tables import Table, Text

_SHOWN: Final = 60
_SHOWN_TEXTS: Final = 5


def list_(
    *,
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="How many at most.")] = 50,
    json_: JsonOption = False,
) -> None:
    """List what was not stored, newest first: entries, and segments set aside (s1, s2, …)."""
    items = asyncio.run(_listed(load_config(config_path(config)).buffer.path, limit=limit))
    if json_:
        print_json(items)
        return
    columns = ("id", "tier", "since", "holds", "reason")
    print_table(columns, rows=[[str(item[name]) for name in columns] for item in map(_row, items)])


def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Show an entry with its payload, or what is in a segment that is set aside."""
    path = load_config(config_path(config)).buffer.path
    shown = asyncio.run(_one(path, choice=choice_of([id_]), id_=id_))
    if json_:
        print_json(shown)
        return
    tables: dict[str, Any] = shown.pop("tables", {})
    rows = [*shown.items(), *((f"table {name}", _in_words(told)) for name, told in tables.items())]
    print_table(("", ""), rows=[(name, str(value)) for name, value in rows])


def choice_of(ids: list[str]) -> Choice:
    """Return what ids name: entries by a number, segments by a number after an s.

    Raises:
        BadParameter: One is neither.
    """
    for id_ in ids:
        if not id_.removeprefix("s").isdecimal() or len(id_) > len("s") + 18:
            raise typer.BadParameter(f"{id_!r} is no id, expected is one such as 12 or s3")
    return Choice(
        entries=tuple(int(id_) for id_ in ids if not id_.startswith("s")),
        segments=tuple(int(id_[1:]) for id_ in ids if id_.startswith("s")),
    )


async def _listed(path: Path, *, limit: int) -> list[dict[str, Any]]:
    async with read_file(readable(path)) as file:
        entries = [_entry(kept) for kept in await listed(file, limit=limit)]
        segments = [_segment(aside) for aside in await asides(file, limit=limit, newest_first=True)]
    items = sorted(entries + segments, key=lambda item: str(item["received_at"]), reverse=True)
    return items[:limit]


async def _one(path: Path, *, choice: Choice, id_: str) -> dict[str, Any]:
    async with read_file(readable(path)) as file:
        for number in choice.entries:
            if (kept := await one(file, id_=number)) is not None:
                return _entry(kept)
        for number in choice.segments:
            for aside in await asides(file, where="id = ?", parameters=(number,)):
                return _segment(aside) | _content(await body_of(file, id_=number))
    raise OutboxError(missing(id_))


def _entry(kept: Kept) -> dict[str, Any]:
    entry = msgspec.structs.asdict(kept.entry)
    payload = entry.pop("payload")
    return {
        "id": str(kept.id),
        "received_at": stamp(entry.pop("received_us")),
        **entry,
        "truncated": len(payload) < kept.entry.payload_bytes,
        "payload": payload.decode("utf-8", "backslashreplace"),
    }


def _segment(aside: Aside) -> dict[str, Any]:
    return {
        "id": f"s{aside.id}",
        "received_at": stamp(aside.set_aside_us),
        "tier": "damaged" if aside.lost else "refused",
        "reason": aside.reason,
        "stream": str(aside.stream),
        "first_seq": aside.first_seq,
        "last_seq": aside.last_seq,
        "rows": aside.rows,
        "readings": aside.readings,
        "from": stamp(aside.from_us),
        "to": stamp(aside.to_us),
        "body_bytes": aside.body_bytes,
        "declared_lost": aside.lost,
    }


def _content(body: bytes) -> dict[str, Any]:
    try:
        segment = decode(body)
    except InvalidSegmentError as error:
        return {"decodes": False, "error": str(error)}
    return {"decodes": True, "tables": _tables(segment)}


def _tables(segment: Segment) -> dict[str, Any]:
    return {
        name: {
            "rows": segment.rows(name),
            "columns": {column: _column(table, column) for column in table},
        }
        for name, table in segment.tables.items()
    }


def _column(table: Table, name: str) -> dict[str, Any]:
    """Return a column in short: the range of its numbers, or some of its texts."""
    column = table[name]
    if isinstance(column, Text):
        return {"distinct": len(column.values), "some": list(column.values[:_SHOWN_TEXTS])}
    least, most = column.min().item(), column.max().item()
    return (
        {"min": stamp(least), "max": stamp(most)}
        if name.endswith("_us")
        else {
            "min": least,
            "max": most,
        }
    )


def _in_words(told: dict[str, Any]) -> str:
    columns = (
        f"{name} {', '.join(text[:_SHOWN] for text in column['some'])}"
        f"{' …' if column['distinct'] > _SHOWN_TEXTS else ''}"
        if "some" in column
        else f"{name} {column['min']} to {column['max']}"
        for name, column in told["columns"].items()
    )
    return f"{told['rows']} rows: {'; '.join(columns)}"


def _row(item: dict[str, Any]) -> dict[str, Any]:
    held = (
        f"{item['rows']} rows from {item['from']} to {item['to']}"
        if "rows" in item
        else f"{item['readings']} of {item['topic'][:_SHOWN]}"
    )
    return {**item, "since": item["received_at"], "holds": held}
