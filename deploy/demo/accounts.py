"""What the collector has to know: the sites, their agents, and two tokens to look with."""

import asyncio
import json
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from deploy.demo.agents import enroll
from deploy.demo.plan import SITES, Plan, Site, write_private
from deploy.demo.programs import run_program

_SECONDS: Final = 10.0


class Tokens(msgspec.Struct, frozen=True):
    """API tokens for whoever tries the demo."""

    admin: str
    """May do everything."""
    viewer: str
    """May look."""


async def prepare(plan: Plan) -> Tokens:
    """Make sure that sites, enrolments and tokens are there; the collector must be running.

    The tokens are kept last, so an interrupted preparation is done again from its beginning.

    Raises:
        DemoError: One of the commands failed.
    """
    kept = plan.folder / "tokens.json"
    tokens = await _kept_tokens(plan)
    if tokens is not None:
        return tokens
    known = {site["site"] for site in await _collector(plan, "site", "list")}
    async with asyncio.TaskGroup() as group:
        for site in SITES:
            group.create_task(_introduce(plan, site, known=site.id in known), name=site.id)
        admin = group.create_task(_create_token(plan, "admin"), name="admin token")
        viewer = group.create_task(_create_token(plan, "viewer"), name="viewer token")
    tokens = Tokens(admin=admin.result(), viewer=viewer.result())
    write_private(kept, msgspec.json.encode(tokens).decode())
    return tokens


async def _kept_tokens(plan: Plan) -> Tokens | None:
    """Return the tokens of an earlier run if this collector knows them."""
    try:
        tokens = msgspec.json.decode((plan.folder / "tokens.json").read_bytes(), type=Tokens)
    except (OSError, msgspec.MsgspecError):
        return None
    async with httpx.AsyncClient(base_url=plan.url, timeout=_SECONDS) as client:
        for token in (tokens.admin, tokens.viewer):
            answer = await client.get("/api/sites", headers={"Authorization": f"Bearer {token}"})
            if answer.status_code != HTTPStatus.OK:
                return None
    return tokens


async def _introduce(plan: Plan, site: Site, *, known: bool) -> None:
    """Add a site and enrol its agent, with a key of its own."""
    if not known:
        place = {
            "--name": site.name,
            "--latitude": str(site.latitude),
            "--longitude": str(site.longitude),
            "--timezone": site.timezone,
        }
        options = (f"{name}={value}" for name, value in place.items())
        await _collector(plan, "site", "add", site.id, *options)
    for file in plan.agent_folder(site).glob("identity*"):
        file.unlink()
    created = await _collector(plan, "enrollment", "create", site.id)
    await enroll(plan, site, token=created["token"])


async def _create_token(plan: Plan, role: str) -> str:
    created = await _collector(plan, "token", "create", f"demo-{role}", "--role", role)
    token: str = created["token"]
    return token


async def _collector(plan: Plan, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    printed = await run_program(
        "collector", *arguments, "--json", environment={"HELIOGRAPH_DATA_DIR": str(plan.data)}
    )
    return json.loads(printed)
