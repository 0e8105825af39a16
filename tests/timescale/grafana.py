"""Grafana's macros, as its PostgreSQL data source expands them, and what they stand in."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def dashboards():
    """Return the dashboards, by the names of their files."""
    return {
        file.stem: json.loads(file.read_text()) for file in (FOLDER / "dashboards").glob("*.json")
    }


def statements(dashboard):
    """Return every statement of a dashboard, with where it stands."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            if "rawSql" in target:
                yield panel["title"], target["rawSql"]
    for annotation in (dashboard.get("annotations") or {}).get("list", []):
        yield annotation["name"], annotation["target"]["rawSql"]
    for variable in (dashboard.get("templating") or {}).get("list", []):
        yield f"variable {variable['name']}", variable["query"]


def expand(sql, *, start, end, interval="1m", **variables):
    """Return a statement as the data source sends it, with `timescaledb` switched on."""
    for name, value in variables.items():
        quoted = "'" + value.replace("'", "''") + "'"
        sql = sql.replace(f"${{{name}:sqlstring}}", quoted)
    sql = sql.replace("$__interval", interval)

    def replaced(match):
        name, arguments = match[1], [each.strip() for each in match[2].split(",")]
        first, last = (f"'{each:%Y-%m-%dT%H:%M:%SZ}'" for each in (start, end))
        if name == "__timeFilter":
            return f"{arguments[0]} BETWEEN {first} AND {last}"
        if name in {"__timeFrom", "__timeTo"}:
            return first if name == "__timeFrom" else last
        assert name == "__timeGroup", f"Grafana does not know ${name}"
        width = arguments[1].strip("'")
        seconds = timedelta(seconds=int(width[:-1]) * _UNITS[width[-1]]).total_seconds()
        return f"time_bucket('{seconds:.3f}s', {arguments[0]})"

    expanded = _MACRO.sub(replaced, sql)
    assert "$" not in expanded, expanded
    return expanded


def is_time(value):
    """Tell whether a value can be a series' time."""
    return isinstance(value, datetime)
