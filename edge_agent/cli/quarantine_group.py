"""`edge-agent quarantine`: looking at what was not stored, and what becomes of it."""

from typing import Final

import typer

from edge_agent.cli import quarantine, replay

app: Final = typer.Typer(
    help="What was not stored: malformed, impossible, rejected or refused by the collector.",
    no_args_is_help=True,
)
app.command("list")(quarantine.list_)
app.command("show")(quarantine.show)
app.command("replay")(replay.replay)
app.command("discard")(replay.discard)
