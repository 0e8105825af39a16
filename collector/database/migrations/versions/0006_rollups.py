"""Aggregates of sites, aggregates in tables where TimescaleDB is absent, and what is late."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    """Add them; what readings there are is aggregated by the running collector."""
    run("0006/tables.sql", "0006/{flavour}.sql", "0006/sites.sql", "0006/dashboards.sql")
