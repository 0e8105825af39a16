"""What a database can do: plain PostgreSQL, or TimescaleDB and which."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from collector.errors import DatabaseUnsuitableError

MINIMUM_TIMESCALE: Final = (2, 18)
"""The first with columnstore policies under their present names; 2.17 loses rows on conflicts."""
MINIMUM_POSTGRES: Final = 15

QUERY: Final = """
SELECT current_setting('server_version_num')::int / 10000 AS postgres,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale,
       current_setting('timescaledb.license', true) AS license
"""
"""One row, which `Flavour.of` understands."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a database can do."""

    kind: Literal["plain", "timescale"]
    """Whether TimescaleDB is installed in the database."""
    postgres: int
    """PostgreSQL's major version."""
    timescale: str | None
    """TimescaleDB's version; None when it is not installed."""

    @classmethod
    def of(cls, row: Any) -> "Flavour":  # noqa: ANN401 - a row of either driver
        """Judge the one row of `QUERY`.

        Raises:
            DatabaseUnsuitableError: The versions or the licence are not enough.
        """
        postgres, timescale, license_ = row
        if postgres < MINIMUM_POSTGRES:
            raise DatabaseUnsuitableError(
                f"PostgreSQL is {postgres}, needed is {MINIMUM_POSTGRES} or newer"
            )
        if timescale is None:
            return cls("plain", postgres, None)
        needed = ".".join(map(str, MINIMUM_TIMESCALE))
        if tuple(int(part) for part in timescale.split(".")[:2]) < MINIMUM_TIMESCALE:
            raise DatabaseUnsuitableError(
                f"TimescaleDB is {timescale}, needed is {needed} or newer: "
                "install it and run ALTER EXTENSION timescaledb UPDATE"
            )
        if license_ == "apache":
            raise DatabaseUnsuitableError(
                "TimescaleDB runs with timescaledb.license = apache, which has no continuous "
                "aggregates: set it to 'timescale', or install the community edition"
            )
        return cls("timescale", postgres, timescale)
