"""The commands: where each is, and what it does in one line; its file is read when it is called."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

COMMANDS: Final = {
    "run": (
        "start:run",
        "Run the agent until SIGTERM or Ctrl-C; then bring everything to safety and end.",
    ),
    "check": (
        "check:check",
        "Check everything the agent needs; exit code 1 if something is not as it should be.",
    ),
    "status": (
        "inspect:status",
        "Show how the agent is, and what is wrong in words; exit code 1 if something is.",
    ),
    "config": ("inspect:config", "Print the configuration in effect, with all defaults."),
    "detect": (
        "detect:detect",
        "Run the detector over a CSV file, as on a gateway, and print the alert episodes.",
    ),
    "init": (
        "setup:init",
        "Write a configuration with comments; asks for what is not given.",
    ),
    "enroll": (
        "setup:enroll",
        "Make this gateway known to the collector, with a one-time token from its operator.",
    ),
    "install-service": (
        "service:install_service",
        "Write a hardened systemd unit that starts the agent at boot and whenever it fails.",
    ),
    "quarantine": (
        "quarantine_group:app",
        "What was not stored: malformed, impossible, rejected or refused by the collector.",
    ),
    "buffer": (
        "buffer:app",
        "What waits on disk for the collector: looked through, repaired, carried on a stick.",
    ),
    "model": (
        "model:app",
        "The models that name faults: what came along, what the collector offered.",
    ),
}
"""By name: module and object in this folder, and the first line of its help."""


class _Later(TyperGroup):
    """Commands that are read when they are called; `--help` lists them without that."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as Typer's
        """Find the command that is called."""
        name = args[0]
        if name in COMMANDS:
            self.commands[name] = _read(name)
        return super().resolve_command(ctx, args)


def _read(name: str) -> Any:  # noqa: ANN401 - Typer has its own or another package's commands
    module, what = COMMANDS[name][0].split(":")
    found: Callable[..., Any] | typer.Typer = getattr(
        import_module(f"edge_agent.cli.{module}"), what
    )
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command()(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command


def _not_read() -> None:
    """Stand in a list for a command that is not read."""


app: Final = typer.Typer(
    name="edge-agent",
    cls=_Later,
    help="Hears the panels of one site and forgets nothing before the collector has it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_, _summary) in COMMANDS.items():
    app.command(_name, help=_summary)(_not_read)
