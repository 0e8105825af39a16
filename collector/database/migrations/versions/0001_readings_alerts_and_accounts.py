"""Readings and their aggregates, alerts, sites, gateways, tokens."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Create everything."""
    run("0001/tables.sql", "0001/{flavour}.sql", "0001/ranges_{flavour}.sql")
