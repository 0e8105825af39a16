"""Storing what travels beside readings: weather, meter, panel metadata, health."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from collector.batch import PanelFacts
from shared.tables import Table

Cursor = psycopg.AsyncCursor[Any]

_SERIES: Final = {
    "weather": """
INSERT INTO weather (site_key, time, irradiance_mw_m2, ambient_mc, wind_mm_s)
SELECT site_key, to_timestamp(0) + time_us * INTERVAL '1 microsecond', irradiance, ambient, wind
FROM unnest(%s::int4[], %s::int8[], %s::int4[], %s::int4[], %s::int4[])
    AS new (site_key, time_us, irradiance, ambient, wind)
ORDER BY site_key, time_us
ON CONFLICT DO NOTHING
""",
    "meter": """
INSERT INTO meter
    (site_key, time, load_mw, grid_mw, battery_mw, battery_soc_thousandths)
SELECT site_key, to_timestamp(0) + time_us * INTERVAL '1 microsecond', load, grid, battery, charge
FROM unnest(%s::int4[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int4[])
    AS new (site_key, time_us, load, grid, battery, charge)
ORDER BY site_key, time_us
ON CONFLICT DO NOTHING
""",
}
_PANELS: Final = """
UPDATE panel
SET (model, panel_group, rated_watts, latitude, longitude) =
    (told.model, told.panel_group, told.rated_watts, told.latitude, told.longitude)
FROM (SELECT panel_key,
             coalesce(%(model)s, model) AS model,
             coalesce(%(panel_group)s, panel_group) AS panel_group,
             coalesce(%(rated_watts)s::float8, rated_watts) AS rated_watts,
             coalesce(%(latitude)s::float8, latitude) AS latitude,
             coalesce(%(longitude)s::float8, longitude) AS longitude
      FROM panel WHERE panel_key = %(panel_key)s) AS told
WHERE panel.panel_key = told.panel_key
  AND (panel.model, panel.panel_group, panel.rated_watts, panel.latitude, panel.longitude)
      IS DISTINCT FROM
      (told.model, told.panel_group, told.rated_watts, told.latitude, told.longitude)
"""
_HEALTH: Final = """
UPDATE gateway SET health = %s::jsonb, health_at = %s
WHERE gateway_key = %s AND (health_at IS NULL OR health_at < %s)
"""


async def store_series(cursor: Cursor, *, table: str, parts: Sequence[tuple[int, Table]]) -> None:
    """Store weather or meter rows; those the database has already stay as they are.

    Args:
        cursor: In a transaction.
        table: ``weather`` or ``meter``.
        parts: Site keys and their rows, as `shared.segments.SCHEMA` says.
    """
    sites = [site for site, rows in parts for _ in range(len(rows["time_us"]))]
    columns = [
        _nullable(np.concatenate([np.asarray(rows[name]) for _, rows in parts]))
        for name in parts[0][1]
    ]
    await cursor.execute(_SERIES[table].encode(), [sites, *columns])


async def store_panels(cursor: Cursor, *, panels: Sequence[PanelFacts]) -> None:
    """Store panel metadata; a row is touched only when something changed."""
    rows = [{name: getattr(facts, name) for name in facts.__slots__} for facts in panels]
    await cursor.executemany(_PANELS, rows)


async def store_health(
    cursor: Cursor, *, gateway_key: int, at: datetime, report: dict[str, Any]
) -> None:
    """Store a gateway's health report unless a newer one is there."""
    body = msgspec.json.encode(report).decode()
    await cursor.execute(_HEALTH, [body, at, gateway_key, at])


def _nullable(column: NDArray[Any]) -> list[int | None]:
    values: NDArray[np.object_] = column.astype(object)
    values[column == np.iinfo(column.dtype).min] = None
    return values.tolist()  # type: ignore[no-any-return]
