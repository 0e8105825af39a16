"""`collector site`."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from collector.cli.printing import AsJson, show_facts, show_rows
from collector.cli.running import FAILED, run
from collector.database.engine import Database
from collector.queries.sites import Site, add_site, list_sites

sites = typer.Typer(no_args_is_help=True, help="Sites.")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@sites.command("add")
def add(
    site: Annotated[str, typer.Argument(help="Its id, as the gateway's configuration has it.")],
    name: Annotated[str, typer.Option(help="Its name for people; else the id.")] = "",
    latitude: Annotated[float | None, typer.Option(min=-90, max=90, help="Degrees north.")] = None,
    longitude: Annotated[
        float | None, typer.Option(min=-180, max=180, help="Degrees east.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="The IANA zone of its days.")] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Make a site. One that is there already, and the same, is no error."""
    if not _ID.fullmatch(site):
        raise typer.BadParameter("a site's id has 1 to 64 letters, digits and . _ -")
    if (latitude is None) != (longitude is None):
        raise typer.BadParameter("latitude and longitude go together")
    _check_zone(timezone)
    place = None if latitude is None or longitude is None else (latitude, longitude)

    async def work(database: Database) -> tuple[bool, Site]:
        added = await add_site(
            database, site=site, name=name or site, timezone=timezone, place=place
        )
        (found,) = await list_sites(database, now=datetime.now(UTC), site=site)
        return added is not None, found

    added, found = run(work)
    wanted = (name or site, timezone, place or (None, None))
    if not added and wanted != (found.name, found.timezone, (found.latitude, found.longitude)):
        typer.echo(f"collector: there is a site {site!r} already, and it differs", err=True)
        raise typer.Exit(FAILED)
    facts = {"site": found.site, "name": found.name, "timezone": found.timezone}
    note = f"Next: collector enrollment create {site}" if added else "It was there already."
    show_facts(facts, as_json=as_json, note=note)


@sites.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the sites and how they do."""

    async def work(database: Database) -> list[Site]:
        return await list_sites(database, now=datetime.now(UTC))

    columns = ("site", "name", "timezone", "panel_count", "power_watts", "last_reading_at")
    show_rows(
        run(work), columns=columns, as_json=as_json, empty="No site yet: collector site add SITE"
    )


def _check_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError) as error:
        raise typer.BadParameter(
            f"{timezone!r} is no time zone; allowed are names such as Europe/Berlin"
        ) from error
