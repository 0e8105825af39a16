"""Running the agent, and having systemd run it."""

import logging
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer
import uvloop

from edge_agent.addresses import secret_files
from edge_agent.cli.common import ConfigOption
from edge_agent.configfile import config_path, load_config
from edge_agent.errors import EdgeError
from edge_agent.run import run as run_agent

UNIT_PATH = Path("/etc/systemd/system/heliograph-edge.service")

_log = logging.getLogger("edge_agent")


def run(
    *,
    config: ConfigOption = None,
    log_level: Annotated[
        str, typer.Option(help="debug, info, warning or error.", envvar="HELIOGRAPH_LOG_LEVEL")
    ] = "info",
) -> None:
    """Run the agent until SIGTERM or Ctrl-C; then bring everything to safety and end."""
    _log_to_stderr(log_level)
    settings = load_config(config_path(config))
    try:
        uvloop.run(run_agent(settings))
    except BaseExceptionGroup as group:
        expected, unexpected = group.split(EdgeError)
        if unexpected is not None:
            _log.critical("the agent failed unexpectedly", exc_info=unexpected)
        for error in _leaves(expected) if expected is not None else ():
            typer.echo(f"edge-agent: {error}", err=True)
        raise typer.Exit(1) from None


def install_service(
    *,
    config: ConfigOption = None,
    user: Annotated[
        str | None, typer.Option(help="Run as this user; without it systemd makes one.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the unit goes.")] = UNIT_PATH,
    print_only: Annotated[bool, typer.Option("--print", help="Print the unit only.")] = False,
) -> None:
    """Write a hardened systemd unit that starts the agent at boot and whenever it fails."""
    path = config_path(config).absolute()
    settings = load_config(path)
    state = Path("/var/lib/heliograph")
    folders = {settings.buffer.path.absolute().parent, settings.identity.path.absolute().parent}
    elsewhere = sorted(str(folder) for folder in folders if not folder.is_relative_to(state))
    unit = Template(_unit_text()).substitute(
        command=shutil.which("edge-agent", path=str(Path(sys.executable).parent)) or "edge-agent",
        config=path,
        user=f"User={user}" if user else "DynamicUser=yes",
        credentials="".join(
            f"LoadCredential={key}:{str(file.absolute()).replace('%', '%%')}\n"
            for key, file in secret_files(settings.mqtt).items()
        ),
        writable=f"ReadWritePaths={' '.join(elsewhere)}\n" if elsewhere else "",
    )
    if print_only:
        typer.echo(unit, nl=False)
        return
    try:
        output.write_text(unit, "utf-8")
    except OSError as error:
        raise EdgeError(f"cannot write {output}: {error.strerror}; --print prints it") from error
    typer.echo(f"wrote {output}; now: systemctl daemon-reload && "
               f"systemctl enable --now {output.name}")  # fmt: skip


def _unit_text() -> str:
    return files("edge_agent.cli").joinpath("heliograph-edge.service").read_text("utf-8")


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the errors themselves, however deep they are grouped."""
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def _log_to_stderr(level: str) -> None:
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise typer.BadParameter(
            f"{level!r} is not one of debug, info, warning, error", param_hint="--log-level"
        )
    logging.basicConfig(
        level=number, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr
    )
    # These say every request, every packet and every attempt; we say the changes.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    logging.getLogger("gmqtt").setLevel(logging.CRITICAL)
