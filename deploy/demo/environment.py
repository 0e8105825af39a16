"""`.demo/env`: where everything is, as lines a shell can source."""

import shlex
from collections.abc import Mapping

from deploy.demo.accounts import Tokens
from deploy.demo.plan import SITES, Plan, write_private


def write_environment(
    plan: Plan, *, urls: Mapping[str, str], tokens: Tokens, pids: Mapping[str, int]
) -> None:
    """Write the file, readable by its owner only: there are tokens in it.

    Args:
        plan: Where.
        urls: MQTT address of each site's broker, by the site's id.
        tokens: What to look with.
        pids: Process of each program, by its name.
    """
    lines = {"COLLECTOR_URL": plan.url}
    lines |= {f"MQTT_URL_{site.id.upper()}": urls[site.id] for site in SITES}
    lines |= {"ADMIN_TOKEN": tokens.admin, "VIEWER_TOKEN": tokens.viewer}
    lines |= {f"{site.id.upper()}_CONFIG": str(plan.agent_config(site)) for site in SITES}
    lines |= {f"{site.id.upper()}_PID": str(pids[f"agent {site.id}"]) for site in SITES}
    lines |= {"COLLECTOR_PID": str(pids["collector"])}
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in lines.items())
    write_private(plan.folder / "env", text)
