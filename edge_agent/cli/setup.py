"""Setting a gateway up: its configuration, and its identity at the collector."""

import asyncio
import json
import os
import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from edge_agent.assembly import version
from edge_agent.cli.common import ConfigOption, JsonOption, print_json
from edge_agent.config import Config
from edge_agent.configfile import config_path, load_config, parse_config
from edge_agent.enroll import enroll as enroll_gateway
from edge_agent.errors import ConfigError, EnrollmentError, IdentityError
from edge_agent.identity import Card, load_identity
from edge_agent.textfile import ENCODING, unread
from edge_agent.upload import open_client
from edge_agent.urls import COLLECTOR_SIGN_IN, check_url

TOKEN_VARIABLE = "HELIOGRAPH_ENROLLMENT_TOKEN"  # noqa: S105 - the name of a variable


def init(
    *,
    config: ConfigOption = None,
    site: Annotated[str | None, typer.Option(help="The site's id.")] = None,
    collector_url: Annotated[
        str | None, typer.Option(help="The collector's address, as in https://solar.example.org.")
    ] = None,
    mqtt_url: Annotated[
        str, typer.Option(help="mqtt://host:port or mqtts://host:port.")
    ] = "mqtt://127.0.0.1:1883",
    state: Annotated[Path, typer.Option(help="The folder for the outbox and the identity.")] = Path(
        "/var/lib/heliograph"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write a configuration with comments; asks for what is not given."""
    path = config_path(config)
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; --force replaces it")
    needed = {"--site": site, "--collector-url": collector_url}
    if (missing := [name for name, value in needed.items() if not value]) and not _terminal():
        raise typer.BadParameter(f"without a terminal to ask at, give {' and '.join(missing)}")
    values = {
        "site": site or typer.prompt("Site id"),
        "collector_url": collector_url or typer.prompt("Collector's address"),
        "mqtt_url": mqtt_url,
        "buffer": str(state / "outbox.db"),
        "identity": str(state / "identity.pem"),
    }
    template = files("edge_agent.cli").joinpath("edge-agent.toml").read_text("utf-8")
    text = Template(template).substitute({key: json.dumps(v) for key, v in values.items()})
    parse_config(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    typer.echo(f"wrote {path}; next: edge-agent enroll, edge-agent check, edge-agent run")


def enroll(
    *,
    config: ConfigOption = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with the token.")] = None,
    token: Annotated[
        str | None,
        typer.Option(help="The token itself; others on this machine can see it: prefer a file."),
    ] = None,
    collector_url: Annotated[
        str | None, typer.Option(help="Another collector than the configuration names.")
    ] = None,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Make another key, as a revoked gateway needs one."),
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Make this gateway known to the collector, with a one-time token from its operator.

    The token comes from --token-file, else --token, else the environment variable
    HELIOGRAPH_ENROLLMENT_TOKEN, else it is asked for, or read from standard input. Doing it again
    with the same token is harmless.
    """
    settings = load_config(config_path(config))
    secret = _token(token_file=token_file, token=token).strip()
    if not secret:
        raise EnrollmentError(_without_token(settings))
    url = collector_url or settings.upload.collector_url
    check_url(url, key="--collector-url", instead=COLLECTOR_SIGN_IN)
    card = asyncio.run(_enroll(settings, token=secret, collector_url=url, new_key=new_key))
    if json_:
        print_json(card)
        return
    typer.echo(f"enrolled as gateway {card.gateway_id} of site {card.site}")
    if card.site != settings.site.id:
        typer.echo(
            f"but the configuration says site.id = {settings.site.id!r}: set it to {card.site!r}",
            err=True,
        )
        raise typer.Exit(1)


async def _enroll(config: Config, *, token: str, collector_url: str, new_key: bool) -> Card:
    async with open_client(collector_url, version=version()) as client:
        path = config.identity.path
        return await enroll_gateway(client, token=token, path=path, new_key=new_key)


def _token(*, token_file: Path | None, token: str | None) -> str:
    if token_file is not None:
        try:
            token = token_file.read_text(ENCODING)
        except (OSError, UnicodeDecodeError) as error:
            raise EnrollmentError(
                f"cannot read the token file {token_file}: {unread(error)}"
            ) from error
    return token or os.environ.get(TOKEN_VARIABLE) or _asked()


def _without_token(config: Config) -> str:
    try:
        known = load_identity(config.identity.path)
    except IdentityError:
        return (
            "the token is empty; --token-file, --token, "
            f"the variable {TOKEN_VARIABLE} or a line of standard input have it"
        )
    return (
        f"already enrolled as gateway {known.gateway_id} of site {known.site}, and no token is "
        "given; a revoked gateway needs --new-key and a new token"
    )


def _terminal() -> bool:
    return sys.stdin.isatty()


def _asked() -> str:
    if _terminal():
        asked: str = typer.prompt("Token", hide_input=True)
        return asked
    return sys.stdin.readline()
