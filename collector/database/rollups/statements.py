"""What the job runs, put together from the SQL files of this folder."""

from functools import cache
from importlib import resources
from typing import Any, Final

from collector.database.engine import Connection

PANEL_COLUMNS: Final = (
    *("panel_key", "bucket", "samples", "power_samples", "power_sum_mw", "power_min_mw"),
    *("power_max_mw", "temperature_samples", "temperature_sum_mc", "temperature_min_mc"),
    *("temperature_max_mc", "voltage_samples", "voltage_sum_mv", "current_samples"),
    *("current_sum_ma", "quality", "energy_wh", "covered_seconds"),
)
"""The columns of `reading_1m`, `reading_1h` and `reading_1d`."""
SITE_COLUMNS: Final = (
    *("site_key", "bucket", "minutes", "power_sum_mw", "power_min_mw", "power_max_mw"),
    *("temperature_samples", "temperature_sum_mc", "samples", "energy_wh", "covered_seconds"),
)
"""The columns of the aggregates of sites."""


def load(name: str, **parts: str) -> str:
    """Return a statement.

    Args:
        name: The file's name without ``.sql``.
        parts: What replaces ``{part}`` in it: names of tables and columns, never values.
    """
    script = _read(name)
    return script.format(**parts) if parts else script


@cache
def _read(name: str) -> str:
    file = resources.files("collector.database.rollups") / f"{name}.sql"
    lines = file.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def upsert(table: str, *, columns: tuple[str, ...], select: str) -> str:
    """Return what puts steps into a table, but never in the place of what has more readings."""
    key, *others = columns
    set_ = ", ".join(f"{name} = excluded.{name}" for name in others if name != "bucket")
    return (
        f"INSERT INTO {table} AS kept ({', '.join(columns)})\n{select}\n"
        f"ON CONFLICT ({key}, bucket) DO UPDATE SET {set_}\n"
        "WHERE excluded.samples >= kept.samples"
    )


def with_spans(statement: str) -> str:
    """Return a statement that finds its parameters as rows of ``span``."""
    return f"WITH {load('spans')} {statement}"


async def run(connection: Connection, statement: str, **values: object) -> list[tuple[Any, ...]]:
    """Run a statement, planned for these very values, and return its rows, if it has any."""
    cursor = await connection.execute(statement.encode(), values, prepare=False)
    return await cursor.fetchall() if cursor.description else []
