"""The command `edge-agent`: each file holds commands of one kind."""

import sys
from typing import Final

import typer

from edge_agent.cli import (
    buffer,
    check,
    detect,
    inspect,
    model,
    quarantine,
    replay,
    service,
    setup,
)
from edge_agent.errors import EdgeError

app: Final = typer.Typer(
    name="edge-agent",
    help="Hears the panels of one site and forgets nothing before the collector has it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(service.run)
app.command("check")(check.check)
app.command("status")(inspect.status)
app.command("config")(inspect.config)
app.command("detect")(detect.detect)
app.command("init")(setup.init)
app.command("enroll")(setup.enroll)
app.command("install-service")(service.install_service)
_quarantine = typer.Typer(
    help="What was not stored: malformed, impossible, rejected or refused by the collector.",
    no_args_is_help=True,
)
_quarantine.command("list")(quarantine.list_)
_quarantine.command("show")(quarantine.show)
_quarantine.command("replay")(replay.replay)
_quarantine.command("discard")(replay.discard)
app.add_typer(_quarantine, name="quarantine")
app.add_typer(buffer.app, name="buffer")
app.add_typer(model.app, name="model")


def main() -> None:
    """Run the command line; what goes wrong is said in one sentence, exit code 1."""
    try:
        app()
    except EdgeError as error:
        typer.echo(f"edge-agent: {error}", err=True)
        sys.exit(1)
