"""What the collector has to know: the sites, their agents, and two tokens to look with."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from collector.database.engine import Database, open_database
from collector.enrollment import create_enrollment
from collector.queries.sites import add_site
from collector.roles import Role
from collector.tokens import create_token
from deploy.demo.agents import enroll
from deploy.demo.plan import SITES, Plan, Site, write_private
from deploy.demo.together import together

_LIFETIME: Final = timedelta(minutes=10)


class Tokens(msgspec.Struct, frozen=True):
    """API tokens for whoever tries the demo."""

    admin: str
    """May do everything."""
    viewer: str
    """May look."""


async def prepare(plan: Plan, client: httpx.AsyncClient, *, database_url: str) -> Tokens:
    """Make sure that sites, enrolments and tokens are there; the collector must be running.

    The tokens are kept last, so an interrupted preparation is done again from its beginning.

    Raises:
        DemoError: An agent cannot be enrolled.
    """
    tokens = await _kept_tokens(plan, client)
    if tokens is not None:
        return tokens
    async with open_database(database_url) as database:
        now = datetime.now(UTC)
        enrollments = {site: await _introduce(database, site, now=now) for site in SITES}
        tokens = Tokens(
            admin=await _create_token(database, Role.ADMIN),
            viewer=await _create_token(database, Role.VIEWER),
        )
    await together(
        {site.id: enroll(plan, site, token=token) for site, token in enrollments.items()}
    )
    write_private(plan.folder / "tokens.json", msgspec.json.encode(tokens).decode())
    return tokens


async def _kept_tokens(plan: Plan, client: httpx.AsyncClient) -> Tokens | None:
    """Return the tokens of an earlier run if this collector knows them."""
    try:
        tokens = msgspec.json.decode((plan.folder / "tokens.json").read_bytes(), type=Tokens)
    except (OSError, msgspec.MsgspecError):
        return None
    for token in (tokens.admin, tokens.viewer):
        answer = await client.get("/api/sites", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != HTTPStatus.OK:
            return None
    return tokens


async def _introduce(database: Database, site: Site, *, now: datetime) -> str:
    """Add a site unless it is there, and return a token to enrol its agent with."""
    place = (site.latitude, site.longitude)
    await add_site(database, site=site.id, name=site.name, timezone=site.timezone, place=place)
    token, _ = await create_enrollment(database, site=site.id, lifetime=_LIFETIME, now=now)
    return token


async def _create_token(database: Database, role: Role) -> str:
    token, _ = await create_token(
        database, name=f"demo {role}", role=role, site=None, expires_at=None
    )
    return token
