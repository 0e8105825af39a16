"""The demo's two edge agents: their configurations, their enrolment, their programs."""

import json
from typing import Final

from deploy.demo.children import Program
from deploy.demo.notify import NotifySocket
from deploy.demo.plan import MODEL, RATED_WATTS, Plan, Site, write_private
from deploy.demo.programs import program, run_program

_CONFIGURATION: Final = """\
# The demo writes this file at each of its starts.
[site]
id = {id}
name = {name}
latitude = {latitude}
longitude = {longitude}
timezone = {timezone}

[mqtt]
url = {mqtt_url}

[panels]
model = {model}
rated_watts = {rated_watts}
group = "roof"

[buffer]
path = {outbox}

[upload]
collector_url = {collector_url}
profile = "realtime"

[identity]
path = {identity}
"""


def write_config(plan: Plan, site: Site, *, mqtt_url: str) -> None:
    """Write the configuration of a site's agent."""
    folder = plan.agent_folder(site)
    folder.mkdir(mode=0o700, exist_ok=True)
    values = {
        "id": site.id,
        "name": site.name,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "timezone": site.timezone,
        "mqtt_url": mqtt_url,
        "model": MODEL,
        "rated_watts": RATED_WATTS,
        "outbox": str(folder / "outbox.db"),
        "collector_url": plan.url,
        "identity": str(folder / "identity.pem"),
    }
    # A JSON string is a TOML string too.
    text = _CONFIGURATION.format(
        **{name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    )
    write_private(plan.agent_config(site), text)


async def enroll(plan: Plan, site: Site, *, token: str) -> None:
    """Enrol a site's agent, with a new key, by a one-time token.

    Raises:
        DemoError: The agent or the collector refuses.
    """
    for file in plan.agent_folder(site).glob("identity*"):
        file.unlink()
    await run_program(
        "edge-agent",
        "enroll",
        "--config",
        str(plan.agent_config(site)),
        environment={"HELIOGRAPH_ENROLLMENT_TOKEN": token},
    )


def agent_program(plan: Plan, site: Site, notified: NotifySocket) -> Program:
    """Return the program that runs a site's agent and says on a socket when it is ready."""
    config = str(plan.agent_config(site))
    return Program(
        name=f"agent {site.id}",
        command=[program("edge-agent"), "run", "--config", config],
        ready=notified.ready,
        marks=("run", config),
        environment={"NOTIFY_SOCKET": notified.address},
    )
