"""Declared losses, how far each stream counted, requests to send again, and the accounts of it."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Add them; nothing that is there is touched."""
    run("0002/tables.sql")
