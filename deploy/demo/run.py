"""The demo from start to end, in the order in which its parts need each other."""

import contextlib
import fcntl
from collections.abc import Iterator
from typing import Final

import httpx

from collector.database.embedded import embedded_postgres
from deploy.demo.accounts import prepare
from deploy.demo.agents import agent_program, write_config
from deploy.demo.environment import write_environment
from deploy.demo.errors import DemoError
from deploy.demo.family import Family
from deploy.demo.notify import NotifySocket
from deploy.demo.plan import SITES, Plan
from deploy.demo.ports import free_port, is_free
from deploy.demo.screen import Screen
from deploy.demo.servers import broker_program, collector_program
from deploy.demo.simulators import simulator_program

_SECONDS: Final = 10.0


async def run(plan: Plan, *, screen: Screen) -> None:
    """Start everything, show it, and watch over it until cancelled or the time is over.

    Raises:
        DemoError: It cannot start, or one of its programs ends again and again.
    """
    with _alone(plan), contextlib.ExitStack() as held:
        async with (
            httpx.AsyncClient(base_url=plan.url, timeout=_SECONDS) as client,
            Family(plan.logs, say=screen.say) as family,
        ):
            screen.say("Starting the collector with its database, and a broker for each site …")
            ports = {site.id: free_port() for site in SITES}
            brokers = [broker_program(site, port=ports[site.id]) for site in SITES]
            await family.start(collector_program(plan, client), *brokers)
            # The database then outlives a collector that is started again, and ends after it.
            database_url = held.enter_context(embedded_postgres(plan.data))

            screen.say("Enrolling the edge agents …")
            urls = {site.id: f"mqtt://127.0.0.1:{ports[site.id]}" for site in SITES}
            for site in SITES:
                write_config(plan, site, mqtt_url=urls[site.id])
            tokens = await prepare(plan, client, database_url=database_url)
            sockets = {site.id: held.enter_context(NotifySocket()) for site in SITES}
            await family.start(*(agent_program(plan, site, sockets[site.id]) for site in SITES))

            screen.say("Letting the sun rise …")
            simulators = [
                await simulator_program(plan, site, client, mqtt_url=urls[site.id], tokens=tokens)
                for site in SITES
            ]
            await family.start(*simulators)

            def changed() -> None:
                write_environment(plan, urls=urls, tokens=tokens, pids=family.pids())

            changed()
            screen.show(plan, urls=urls)
            await family.watch(changed, seconds=plan.seconds)


@contextlib.contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """Hold the demo's folder, so that a second demo cannot disturb this one."""
    plan.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (plan.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"another demo runs in {plan.folder}; end that one first") from None
        if not is_free(plan.port):
            raise DemoError(
                f"port {plan.port} of 127.0.0.1 is in use; DEMO_PORT={plan.port + 1} make demo"
            )
        # It is there while everything is up, and never describes what is gone.
        environment = plan.folder / "env"
        environment.unlink(missing_ok=True)
        try:
            yield
        finally:
            environment.unlink(missing_ok=True)
