"""Having systemd run the agent."""

import shutil
import stat
import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from edge_agent.addresses import secret_files
from edge_agent.cli.common import ConfigOption
from edge_agent.configfile import config_path, load_config
from edge_agent.errors import EdgeError

UNIT_PATH = Path("/etc/systemd/system/heliograph-edge.service")


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
    if elsewhere and user is None:
        raise EdgeError(
            f"the user that systemd makes cannot have {' and '.join(elsewhere)}, outside of "
            f"{state}: name the owner with --user, or keep buffer.path and identity.path there"
        )
    read = [path, settings.mqtt.ca_file, settings.mqtt.client_certificate_file]
    closed = [str(file) for file in read if file is not None and not _all_may_read(file)]
    if closed and user is None:
        typer.echo(
            f"the user that systemd makes cannot read {' and '.join(closed)}: let all read it and "
            "enter its folder, or name its owner with --user",
            err=True,
        )
    unit = Template(_unit_text()).substitute(
        command=_argument(
            shutil.which("edge-agent", path=str(Path(sys.executable).parent)) or "edge-agent"
        ),
        config=_argument(str(path)),
        user=f"User={user}" if user else "DynamicUser=yes",
        credentials="".join(
            f"LoadCredential={key}:{_literal(str(file.absolute()))}\n"
            for key, file in secret_files(settings.mqtt).items()
        ),
        writable=f"ReadWritePaths={' '.join(map(_quoted, elsewhere))}\n" if elsewhere else "",
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


def _all_may_read(file: Path) -> bool:
    """Tell whether anybody may; a file that is not there yet is somebody else's to complain of."""
    try:
        if not file.exists():
            return True
        enter = all(one.stat().st_mode & stat.S_IXOTH for one in file.absolute().parents)
        return enter and bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:  # not even we may look
        return False


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """Return a text as one word of a unit."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return _literal(f'"{escaped}"' if set(text) & set(" \t\"'\\;") else text)


def _argument(text: str) -> str:
    """Return a text as one word of a command, where ``$`` begins a variable too."""
    return _quoted(text).replace("$", "$$")


def _unit_text() -> str:
    return files("edge_agent.cli").joinpath("heliograph-edge.service").read_text("utf-8")
