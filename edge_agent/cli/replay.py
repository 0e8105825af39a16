"""Giving what was not stored another chance, or giving it up."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from edge_agent.cli.common import ConfigOption, JsonOption, print_json
from edge_agent.cli.disk import readable
from edge_agent.cli.quarantine import choice_of
from edge_agent.configfile import config_path, load_config
from edge_agent.outbox.by_hand import Choice, Done
from edge_agent.outbox.by_hand import discard as discard_in
from edge_agent.outbox.by_hand import replay as replay_in
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.opening import change_file

_SHOWN: Final = 20
_LATER: Final = "a running agent sees to it within seconds, a stopped one when it starts"

_Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID...", help="As `list` shows them: 12, s3.")
]
_All = Annotated[bool, typer.Option("--all", help="All entries and segments.")]
_Reason = Annotated[
    str, typer.Option("--reason", help="With --all: only those with this text in their reason.")
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def replay(
    ids: _Ids = None,
    *,
    all_: _All = False,
    reason: _Reason = "",
    yes: _Yes = False,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Judge messages again, and send rejected rows and segments that were set aside again.

    What is wrong still comes back here.
    """
    choice = _choice(ids or [], everything=all_, containing=reason)
    _confirm("Replay", choice=choice, yes=yes)
    done = _done(config, lambda file: replay_in(file, choice=choice))
    _tell("replayed", done=done, json_=json_)


def discard(
    ids: _Ids = None,
    *,
    all_: _All = False,
    reason: _Reason = "",
    yes: _Yes = False,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Delete entries for good; the collector is told what discarded segments had."""
    choice = _choice(ids or [], everything=all_, containing=reason)
    _confirm("Discard", choice=choice, yes=yes)
    done = _done(config, lambda file: discard_in(file, choice=choice))
    _tell("discarded", done=done, json_=json_)


def _choice(ids: list[str], *, everything: bool, containing: str) -> Choice:
    if bool(ids) == everything:
        raise typer.BadParameter("either ids are expected, or --all")
    if containing and not everything:
        raise typer.BadParameter("--reason chooses among --all, not among ids")
    return replace(choice_of(ids), everything=everything, containing=containing)


def _confirm(what: str, *, choice: Choice, yes: bool) -> None:
    if choice.everything and not yes and not sys.stdin.isatty():
        raise typer.BadParameter("--all expects --yes where nobody can be asked")
    if choice.everything and not yes:
        some = f"all with {choice.containing!r} in their reason" if choice.containing else "all"
        typer.confirm(f"{what} {some} of the quarantine?", abort=True)


def _done(config: Path | None, order: Callable[[OutboxFile], Awaitable[Done]]) -> Done:
    buffer = load_config(config_path(config)).buffer

    async def run() -> Done:
        async with change_file(readable(buffer.path), max_bytes=buffer.max_bytes) as file:
            return await order(file)

    return asyncio.run(run())


def _tell(did: str, *, done: Done, json_: bool) -> None:
    if json_:
        print_json(done)
        return
    typer.echo(
        f"{did} {done.entries} entries and {done.segments} segments, {done.rows} rows; {_LATER}"
    )
    for reason in done.skipped[:_SHOWN]:
        typer.echo(reason)
    if len(done.skipped) > _SHOWN:
        typer.echo(f"and {len(done.skipped) - _SHOWN} more likewise")
