"""The demo's panels: a simulator for each site, with a past and with faults."""

from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from deploy.demo.accounts import Tokens
from deploy.demo.children import Program
from deploy.demo.plan import HISTORY, HISTORY_INTERVAL_SECONDS, PANELS, Plan, Site
from deploy.demo.programs import program

_SHORTEST_HISTORY: Final = timedelta(minutes=2)


async def simulator_program(
    plan: Plan, site: Site, *, mqtt_url: str, tokens: Tokens, now: datetime
) -> Program:
    """Return the simulator of a site; it is ready when the collector hears all of its panels.

    Args:
        plan: How the demo is to run.
        site: The site.
        mqtt_url: Its broker.
        tokens: What to ask the collector with.
        now: The time, UTC. The history reaches up to it, from where an earlier run ended.
    """
    command = [program("panel-simulator"), "--panels", str(PANELS), "--interval", "1"]
    command += ["--mqtt-url", mqtt_url, "--site", site.id, "--sun-now"]
    command += ["--faults", ",".join(site.faults)]
    last = (await _ask(plan, site, tokens=tokens))["last_reading_at"]
    history = HISTORY if last is None else min(HISTORY, now - datetime.fromisoformat(last))
    past = ["--history", f"{history.total_seconds():.0f}s"]
    past += ["--history-interval", str(HISTORY_INTERVAL_SECONDS)]

    async def ready() -> bool:
        reporting: int = (await _ask(plan, site, tokens=tokens))["panels_reporting"]
        return reporting >= PANELS

    return Program(
        name=f"simulator {site.id}",
        command=command + (past if history >= _SHORTEST_HISTORY else []),
        again=command,
        ready=ready,
    )


async def _ask(plan: Plan, site: Site, *, tokens: Tokens) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=10.0) as client:
        answer = await client.get(
            f"{plan.url}/api/sites/{site.id}", headers={"Authorization": f"Bearer {tokens.viewer}"}
        )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
