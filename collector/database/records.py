"""Storing what travels beside readings: weather, meter, panel metadata."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

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
             coalesce(new.model, panel.model) AS model,
             coalesce(new.panel_group, panel.panel_group) AS panel_group,
             coalesce(new.rated_watts, panel.rated_watts) AS rated_watts,
             coalesce(new.latitude, panel.latitude) AS latitude,
             coalesce(new.longitude, panel.longitude) AS longitude
      FROM unnest(%s::int4[], %s::text[], %s::text[], %s::float8[], %s::float8[], %s::float8[])
          AS new (panel_key, model, panel_group, rated_watts, latitude, longitude)
      JOIN panel USING (panel_key)) AS told
WHERE panel.panel_key = told.panel_key
  AND (panel.model, panel.panel_group, panel.rated_watts, panel.latitude, panel.longitude)
      IS DISTINCT FROM
      (told.model, told.panel_group, told.rated_watts, told.latitude, told.longitude)
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
        nullable(np.concatenate([np.asarray(rows[name]) for _, rows in parts]))
        for name in parts[0][1]
    ]
    await cursor.execute(_SERIES[table].encode(), [sites, *columns])


async def store_panels(cursor: Cursor, *, panels: Iterable[PanelFacts]) -> None:
    """Store panel metadata; a row is touched only when something changed.

    Args:
        cursor: In a transaction that holds the sites' locks.
        panels: In order; what is said later of the same panel counts.
    """
    latest: dict[int, PanelFacts] = {}
    for facts in panels:
        before = latest.get(facts.panel_key)
        latest[facts.panel_key] = facts if before is None else facts.over(before)
    if latest:
        await cursor.execute(
            _PANELS,
            [
                list(latest),
                [facts.model for facts in latest.values()],
                [facts.panel_group for facts in latest.values()],
                [facts.rated_watts for facts in latest.values()],
                [facts.latitude for facts in latest.values()],
                [facts.longitude for facts in latest.values()],
            ],
        )


def nullable(column: NDArray[Any]) -> list[int | None]:
    """Return a column's numbers; None in the place of the least, which stands for "none"."""
    values: NDArray[np.object_] = column.astype(object)
    values[column == np.iinfo(column.dtype).min] = None
    return values.tolist()  # type: ignore[no-any-return]
