"""The demo's servers: the collector, and a broker for each site."""

import sys
from http import HTTPStatus

import httpx

from deploy.demo.children import Program
from deploy.demo.plan import Plan, Site
from deploy.demo.ports import is_served
from deploy.demo.programs import program


def collector_program(plan: Plan, client: httpx.AsyncClient) -> Program:
    """Return the collector: on loopback, its console open to whoever is on this machine."""

    async def ready() -> bool:
        try:
            answer = await client.get("/health/ready")
        except httpx.HTTPError:
            return False
        return answer.status_code == HTTPStatus.OK

    place = ("--data-dir", str(plan.data), "--host", "127.0.0.1", "--port", str(plan.port))
    return Program(
        name="collector",
        command=[program("collector"), "serve", *place],
        ready=ready,
        marks=("serve", *place),
        environment={"HELIOGRAPH_CONSOLE_OPEN": "true"},
    )


def broker_program(site: Site, *, port: int) -> Program:
    """Return the broker of a site."""

    async def ready() -> bool:
        return is_served(port)

    return Program(
        name=f"broker {site.id}",
        command=[sys.executable, "-m", "deploy.demo.broker", str(port)],
        ready=ready,
    )
