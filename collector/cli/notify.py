"""`collector notify`."""

import asyncio
import re
import sys
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import available_timezones

import typer

from collector.cli.durations import read_duration
from collector.cli.printing import AsJson, show_facts, show_rows
from collector.cli.running import FAILED, run, told_to_people
from collector.database.engine import Database
from collector.errors import NotifyError
from collector.notify.sending import check_url, redacted, send
from collector.queries import notifications
from collector.queries.notifications import NewRoute, Route
from shared.alerts import Severity

notify = typer.Typer(no_args_is_help=True, help="Whom to tell of alerts, and how.")
_QUIET: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_Name = Annotated[str, typer.Argument(help="What the route is called.")]


@notify.command("add")
def add(
    name: _Name,
    url: Annotated[
        str | None,
        typer.Argument(
            help="An Apprise URL; left out, it is read from standard input, where nobody sees it."
        ),
    ] = None,
    *,
    severity: Annotated[
        str, typer.Option(help="The least that is told: " + ", ".join(Severity) + ".")
    ] = Severity.HIGH.value,
    site: Annotated[list[str] | None, typer.Option(help="Only this; may be repeated.")] = None,
    alert_type: Annotated[
        list[str] | None, typer.Option(help="Only this, as over_temperature; may be repeated.")
    ] = None,
    every: Annotated[str, typer.Option(help="At most one message in this time.")] = "5m",
    quiet: Annotated[
        str | None, typer.Option(help="22:00-06:00: then only what is critical is told.")
    ] = None,
    zone: Annotated[str, typer.Option(help="The zone of the quiet hours.")] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Tell somebody of alerts from now on."""
    if url not in {None, "-"}:
        typer.echo("Others on this machine can see a URL on the command line.", err=True)
    where = _read_url(url)
    hours = _read_quiet(quiet)
    if zone not in available_timezones():
        raise typer.BadParameter(f"zone is {zone!r}, allowed are IANA zones, as Europe/Berlin")
    if severity not in list(Severity):
        raise typer.BadParameter(f"severity is {severity!r}, allowed are {', '.join(Severity)}")
    with told_to_people():
        check_url(where)
    route = NewRoute(
        name=name,
        url=where,
        severity=Severity(severity),
        sites=site or None,
        alert_types=alert_type or None,
        interval_seconds=round(read_duration(every).total_seconds()),
        quiet_from=hours and hours[0],
        quiet_to=hours and hours[1],
        timezone=zone,
    )

    async def work(database: Database) -> None:
        await notifications.add_route(database, route=route, now=datetime.now(UTC))

    run(work)
    show_facts({"name": name, "url": redacted(where)}, as_json=as_json)


@notify.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the routes, without their secrets, and what became of their messages."""

    async def work(database: Database) -> list[Route]:
        return await notifications.list_routes(database)

    columns = (
        *("name", "scheme", "severity", "sites", "alert_types", "interval_seconds", "quiet"),
        *("waiting", "given_up", "failures", "last_sent_at", "last_error"),
    )
    empty = "Nobody is told yet: collector notify add NAME"
    show_rows(run(work), columns=columns, as_json=as_json, empty=empty)


@notify.command("remove")
def remove(name: _Name, as_json: AsJson = False) -> None:
    """Tell somebody no more."""

    async def work(database: Database) -> None:
        await notifications.remove_route(database, name=name)

    run(work)
    show_facts({"name": name, "removed": True}, as_json=as_json)


@notify.command("test")
def send_test(name: _Name, as_json: AsJson = False) -> None:
    """Send a message by a route now, and say whether it was accepted."""

    async def work(database: Database) -> str:
        return await notifications.url_of(database, name=name)

    where = run(work)
    with told_to_people():
        message = f"A test of the route {name}: alerts will come this way."
        if not asyncio.run(send(where, title="Heliograph: a test", body=message)):
            raise NotifyError(f"the message by {name!r} ({redacted(where)}) was not accepted")
    show_facts({"name": name, "accepted": True}, as_json=as_json)


def _read_url(url: str | None) -> str:
    if url not in {None, "-"}:
        return str(url)
    if sys.stdin.isatty():
        read: str = typer.prompt("URL", hide_input=True)
    else:
        read = sys.stdin.readline()
    if not read.strip():
        typer.echo("collector: no URL was given", err=True)
        raise typer.Exit(FAILED)
    return read.strip()


def _read_quiet(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    if not _QUIET.fullmatch(text):
        raise typer.BadParameter(f"quiet is {text!r}, allowed are hours as in 22:00-06:00")
    start, _, end = text.partition("-")
    if start == end:
        raise typer.BadParameter(f"quiet is {text!r}, allowed are two different times")
    return start, end
