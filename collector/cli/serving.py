"""`collector serve`, with everything there is to say about its options."""

from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

from collector.cli.running import settings_from_environment, told_to_people
from collector.errors import SettingsError
from collector.serve import serve as run_server
from collector.settings import Settings

_SAME: Final = "; else HELIOGRAPH_{}"
_SECRETS: Final = frozenset({"password", "sslpassword"})


def serve(
    *,
    database_url: Annotated[
        str | None,
        typer.Option(help="postgresql://..., without a password" + _SAME.format("DATABASE_URL")),
    ] = None,
    data_dir: Annotated[
        str | None, typer.Option(help="Where the embedded one is" + _SAME.format("DATA_DIR"))
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where to listen" + _SAME.format("HOST"))] = None,
    port: Annotated[str | None, typer.Option(help="0 for any" + _SAME.format("PORT"))] = None,
    workers: Annotated[str | None, typer.Option(help="Processes" + _SAME.format("WORKERS"))] = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug to error" + _SAME.format("LOG_LEVEL"))
    ] = None,
    max_body_bytes: Annotated[
        str | None, typer.Option(help="Of a request" + _SAME.format("MAX_BODY_BYTES"))
    ] = None,
    max_panels_per_site: Annotated[
        str | None, typer.Option(help="At most" + _SAME.format("MAX_PANELS_PER_SITE"))
    ] = None,
    max_exports: Annotated[
        str | None, typer.Option(help="At once" + _SAME.format("MAX_EXPORTS"))
    ] = None,
    gateway_silent_minutes: Annotated[
        str | None, typer.Option(help="By day" + _SAME.format("GATEWAY_SILENT_MINUTES"))
    ] = None,
    alert_escalate_minutes: Annotated[
        str | None, typer.Option(help="0: never" + _SAME.format("ALERT_ESCALATE_MINUTES"))
    ] = None,
    alert_reopen_minutes: Annotated[
        str | None, typer.Option(help="If it lasts" + _SAME.format("ALERT_REOPEN_MINUTES"))
    ] = None,
    console_open: Annotated[
        str | None, typer.Option(help="Look without a token" + _SAME.format("CONSOLE_OPEN"))
    ] = None,
) -> None:
    """Serve the API and the console; migrates the database first."""
    options = {
        "database_url": database_url,
        "data_dir": data_dir,
        "host": host,
        "port": port,
        "workers": workers,
        "log_level": log_level,
        "max_body_bytes": max_body_bytes,
        "max_panels_per_site": max_panels_per_site,
        "max_exports": max_exports,
        "gateway_silent_minutes": gateway_silent_minutes,
        "alert_escalate_minutes": alert_escalate_minutes,
        "alert_reopen_minutes": alert_reopen_minutes,
        "console_open": console_open,
    }
    with told_to_people():
        run_server(_settings(options), announce=_announce)


def _settings(options: dict[str, str | None]) -> Settings:
    given = {name: value for name, value in options.items() if value is not None}
    if _has_password(given.get("database_url", "")):
        raise SettingsError(
            "--database-url has a password, which every user of this machine could read: "
            "set HELIOGRAPH_DATABASE_URL instead"
        )
    return settings_from_environment().updated(given)


def _has_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or not _SECRETS.isdisjoint(parse_qs(parts.query))


def _announce(address: str) -> None:
    typer.echo(f"Heliograph collector is ready: {address}")
