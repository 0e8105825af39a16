"""The command line: every command is here or in a file named for its noun."""

import asyncio
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

from collector.api.description import describe
from collector.app import create_app
from collector.cli.gateways import enrollments, gateways
from collector.cli.importing import import_
from collector.cli.models import models
from collector.cli.notify import notify
from collector.cli.printing import AsJson, show_facts, show_json, show_rows
from collector.cli.running import FAILED, settings_from_environment, told_to_people
from collector.cli.sites import sites
from collector.cli.tokens import tokens
from collector.database.migrate import current, head, upgrade
from collector.doctor import examine
from collector.errors import SettingsError
from collector.serve import database_url
from collector.serve import serve as run_server
from collector.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Stores what gateways send, and answers questions about it.",
)
app.add_typer(sites, name="site")
app.add_typer(enrollments, name="enrollment")
app.add_typer(gateways, name="gateway")
app.add_typer(tokens, name="token")
app.add_typer(models, name="model")
app.add_typer(notify, name="notify")
app.command("import")(import_)

_SAME: Final = "; else HELIOGRAPH_{}"
_SECRETS: Final = frozenset({"password", "sslpassword"})


def main() -> None:
    """Run the command line."""
    app()


@app.command()
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


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the schema of this program."""
    with told_to_people(), database_url(settings_from_environment()) as url:
        before = current(url)
        upgrade(url)
        show_facts({"before": before, "now": head()}, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at the database, the disk and the clock, and say what is wrong or missing."""
    with told_to_people():
        settings = settings_from_environment()
        with database_url(settings) as url:
            findings = asyncio.run(examine(url, settings=settings))
    show_rows(findings, columns=("check", "status", "detail"), as_json=as_json, empty="")
    if any(finding.status == "failed" for finding in findings):
        raise typer.Exit(FAILED)


@app.command()
def openapi() -> None:
    """Print the description of the API (OpenAPI 3.1, JSON)."""
    show_json(describe(create_app(Settings())))


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
