"""`collector gateway` and `collector enrollment`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from collector.cli.accounts import GatewayLine, facts_of
from collector.cli.durations import read_duration
from collector.cli.printing import AsJson, show_facts, show_json, show_rows
from collector.cli.running import run
from collector.database.engine import Database
from collector.enrollment import create_enrollment
from collector.queries.accounts import GatewayDetail, find_gateway
from collector.queries.gateways import Gateway, list_gateways, revoke_gateway

gateways = typer.Typer(no_args_is_help=True, help="Gateways that have enrolled.")
enrollments = typer.Typer(no_args_is_help=True, help="One-time tokens by which gateways enrol.")


@gateways.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the gateways."""

    async def work(database: Database) -> list[Gateway]:
        return await list_gateways(database)

    found = run(work)
    if as_json:
        show_json(found)
        return
    show_rows(
        [GatewayLine.of(one) for one in found],
        columns=GatewayLine.__struct_fields__,
        as_json=False,
        empty="No gateway yet: collector enrollment create SITE",
    )


@gateways.command("show")
def show(
    gateway: Annotated[str, typer.Argument(help="Its id, as `collector gateway list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show a gateway's account: what arrived, what it declared lost, what is outstanding."""

    async def work(database: Database) -> GatewayDetail:
        return await find_gateway(database, gateway=gateway)

    found = run(work)
    if as_json:
        show_json(found)
        return
    show_facts(facts_of(found), as_json=False)
    sections = (
        (
            found.streams,
            (
                "stream",
                "last_seq",
                "accepted",
                "duplicates",
                "rejected",
                "lost_rows",
                "outstanding",
            ),
            "No run of its agent was heard of yet.",
        ),
        (found.lost, ("reason", "declarations", "rows", "uncounted"), "Nothing was declared lost."),
        (
            found.resends,
            ("request", "start", "end", "asked_by", "delivered_at", "answered_at", "held_rows"),
            "Nothing was asked for again.",
        ),
    )
    for rows, columns, empty in sections:
        show_rows(rows, columns=columns, as_json=False, empty=empty)


@gateways.command("revoke")
def revoke(
    gateway: Annotated[str, typer.Argument(help="Its id, as `collector gateway list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Stop accepting a gateway's uploads, within seconds and for good."""

    async def work(database: Database) -> None:
        await revoke_gateway(database, gateway=gateway, now=datetime.now(UTC))

    run(work)
    show_facts({"gateway_id": gateway, "revoked": True}, as_json=as_json)


@enrollments.command("create")
def create(
    site: Annotated[str, typer.Argument(help="The site the gateway will belong to.")],
    expires_in: Annotated[str, typer.Option(help="How long it can be redeemed.")] = "7d",
    as_json: AsJson = False,
) -> None:
    """Make a one-time token by which a gateway enrols; it is shown now and never again."""
    lifetime = read_duration(expires_in)

    async def work(database: Database) -> tuple[str, datetime]:
        now = datetime.now(UTC)
        return await create_enrollment(database, site=site, lifetime=lifetime, now=now)

    token, expires_at = run(work)
    show_facts(
        {"token": token, "site": site, "expires_at": expires_at},
        as_json=as_json,
        note="On the gateway: edge-agent enroll",
    )
