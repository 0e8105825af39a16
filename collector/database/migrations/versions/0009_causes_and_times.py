"""Causes in an alert's history; readings of a time found without reading all."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    """Add the column, where the newest end of each alert gets what is known, and the index."""
    run("0009/tables.sql", "0009/{flavour}.sql")
