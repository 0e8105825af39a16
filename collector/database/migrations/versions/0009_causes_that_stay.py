"""Each entry of an alert's history with the cause that was given."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    """Add the column; the newest end of each alert gets what is known."""
    run("0009/tables.sql")
