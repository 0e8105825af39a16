"""The demo's panels: a simulator for each site, with a past and with faults."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from deploy.demo.accounts import Tokens
from deploy.demo.children import Program
from deploy.demo.plan import HISTORY_INTERVAL_SECONDS, PANELS, Plan, Site
from deploy.demo.programs import program

_SHORTEST_HISTORY: Final = timedelta(minutes=2)


async def simulator_program(
    plan: Plan, site: Site, client: httpx.AsyncClient, *, mqtt_url: str, tokens: Tokens
) -> Program:
    """Return the simulator of a site; it is ready when the collector hears all of its panels.

    Args:
        plan: How far back its past reaches, unless an earlier run's readings are newer.
        site: The site.
        client: Asks the collector.
        mqtt_url: Its broker.
        tokens: What to ask the collector with.
    """
    command = [program("panel-simulator"), "--panels", str(PANELS), "--interval", "1"]
    command += ["--mqtt-url", mqtt_url, "--site", site.id, "--sun-now"]
    command += ["--faults", ",".join(site.faults)]
    last = (await _ask(client, site, tokens=tokens))["last_reading_at"]
    now = datetime.now(UTC)
    history = plan.history
    if last is not None:
        history = min(history, now - datetime.fromisoformat(last))
    past = ["--history", f"{history.total_seconds():.0f}s"]
    past += ["--history-interval", str(HISTORY_INTERVAL_SECONDS)]

    async def ready() -> bool:
        found = await _ask(client, site, tokens=tokens)
        heard = found["last_reading_at"]
        all_report: bool = found["panels_reporting"] >= PANELS
        return all_report and heard is not None and datetime.fromisoformat(heard) > now

    return Program(
        name=f"simulator {site.id}",
        command=command + (past if history >= _SHORTEST_HISTORY else []),
        again=command,
        ready=ready,
    )


async def _ask(client: httpx.AsyncClient, site: Site, *, tokens: Tokens) -> dict[str, Any]:
    signed_in = {"Authorization": f"Bearer {tokens.viewer}"}
    answer = await client.get(f"/api/sites/{site.id}", headers=signed_in)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
