"""`collector token`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from collector.cli.durations import read_duration
from collector.cli.printing import AsJson, show_facts, show_rows
from collector.cli.running import run
from collector.database.engine import Database
from collector.roles import Role
from collector.tokens import TOKEN_ROLES, ApiToken, create_token, list_tokens, revoke_token

tokens = typer.Typer(no_args_is_help=True, help="API tokens of people and integrations.")


@tokens.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whom or what it is for.")],
    role: Annotated[str, typer.Option(help="One of " + ", ".join(TOKEN_ROLES) + ".")],
    site: Annotated[str | None, typer.Option(help="The site, for the role ingest.")] = None,
    expires_in: Annotated[
        str | None, typer.Option(help="30m, 12h, 90d and so on; never when absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is shown now and never again."""
    if not name.strip():
        raise typer.BadParameter("a token's name is empty; say whom or what the token is for")
    if role not in TOKEN_ROLES:
        raise typer.BadParameter(f"role is {role!r}, allowed are {', '.join(TOKEN_ROLES)}")
    if (role == Role.INGEST) != (site is not None):
        raise typer.BadParameter("--site goes with --role ingest, and with no other")
    lifetime = None if expires_in is None else read_duration(expires_in)

    async def work(database: Database) -> tuple[str, ApiToken]:
        expires_at = None if lifetime is None else datetime.now(UTC) + lifetime
        return await create_token(
            database, name=name, role=Role(role), site=site, expires_at=expires_at
        )

    token, made = run(work)
    facts = {
        "token": token,
        "token_id": made.token_id,
        "name": made.name,
        "role": made.role,
        "site": made.site,
        "expires_at": made.expires_at,
    }
    show_facts(facts, as_json=as_json, note="Keep the token: it cannot be shown again.")


@tokens.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the tokens, without the tokens themselves."""

    async def work(database: Database) -> list[ApiToken]:
        return await list_tokens(database)

    columns = ("token_id", "name", "role", "site", "created_at", "expires_at", "revoked_at")
    show_rows(
        run(work),
        columns=columns,
        as_json=as_json,
        empty="No token yet: collector token create NAME --role viewer",
    )


@tokens.command("revoke")
def revoke(
    token_id: Annotated[int, typer.Argument(min=1, help="As `collector token list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Stop accepting a token, and the sessions made with it, at once."""

    async def work(database: Database) -> ApiToken:
        return await revoke_token(database, token_id=token_id, now=datetime.now(UTC))

    revoked = run(work)
    show_facts(
        {"token_id": revoked.token_id, "name": revoked.name, "revoked_at": revoked.revoked_at},
        as_json=as_json,
    )
