"""Hours of a panel on TimescaleDB without a new plan for each question."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0010"
down_revision: Final = "0009"


def upgrade() -> None:
    """Add the function, and give hours, which are kept for ever, fewer chunks."""
    run("0010/{flavour}.sql")
