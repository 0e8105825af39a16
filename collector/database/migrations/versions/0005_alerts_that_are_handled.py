"""History of alerts, maintenance windows, live events, notification routes, and jobs."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    """Add them; alerts that are there get the history that can be told of them."""
    run("0005/tables.sql", "0005/events.sql")
