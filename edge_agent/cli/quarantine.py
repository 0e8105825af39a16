"""Looking into the quarantine: what was not stored, and why."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from edge_agent.cli.common import ConfigOption, JsonOption, print_json, print_table
from edge_agent.configfile import config_path, load_config
from edge_agent.errors import EdgeError
from edge_agent.outbox.file import read_file
from edge_agent.outbox.quarantine import Kept, listed, one

app: Final = typer.Typer(
    help="Messages that were not stored: malformed, impossible, or rejected by the collector.",
    no_args_is_help=True,
)

_SHOWN: Final = 60


@app.command("list")
def list_(
    *,
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="How many at most.")] = 50,
    json_: JsonOption = False,
) -> None:
    """List the newest entries, newest first."""
    entries = asyncio.run(_listed(load_config(config_path(config)).buffer.path, limit=limit))
    if json_:
        print_json([_shown(kept) for kept in entries])
        return
    rows = [
        (
            str(kept.id),
            _when(kept.entry.received_us),
            kept.entry.tier,
            kept.entry.topic[:_SHOWN],
            kept.entry.reason,
        )
        for kept in entries
    ]
    print_table(("id", "received", "tier", "topic", "reason"), rows=rows)


@app.command("show")
def show(
    id_: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Show one entry with its payload."""
    path = load_config(config_path(config)).buffer.path
    kept = asyncio.run(_one(path, id_=id_))
    if kept is None:
        raise EdgeError(f"there is no entry {id_} in the quarantine; `quarantine list` lists them")
    shown = _shown(kept)
    if json_:
        print_json(shown)
        return
    print_table(("", ""), rows=[(name, str(value)) for name, value in shown.items()])


async def _listed(path: Path, *, limit: int) -> list[Kept]:
    async with read_file(path) as file:
        return await listed(file, limit=limit)


async def _one(path: Path, *, id_: int) -> Kept | None:
    async with read_file(path) as file:
        return await one(file, id_=id_)


def _shown(kept: Kept) -> dict[str, Any]:
    entry = msgspec.structs.asdict(kept.entry)
    payload = entry.pop("payload")
    return {
        "id": kept.id,
        "received_at": _when(entry.pop("received_us")),
        **entry,
        "truncated": len(payload) < kept.entry.payload_bytes,
        "payload": payload.decode("utf-8", "backslashreplace"),
    }


def _when(micros: int) -> str:
    stamp = datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
