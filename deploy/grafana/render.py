"""Dashboards as the files that Grafana loads."""

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.operation import alerts, collector, gateways
from deploy.grafana.sites import fleet, panel, site

FOLDER: Final = Path(__file__).parent / "dashboards"
_ALL: Final = (fleet, site, panel, alerts, gateways, collector)


def rendered() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        f"{make.__name__}.json": json.dumps(
            make().build(), cls=JSONEncoder, indent=2, sort_keys=True
        )
        + "\n"
        for make in _ALL
    }
