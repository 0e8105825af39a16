"""Availability by day, and who may read what holds secrets."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Add them; the running collector finds out the availability of the days to come."""
    run("0007/tables.sql")
