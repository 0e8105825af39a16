"""Models for gateways, who is offered which, and the key that vouches for them."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Add them; nothing that is there is touched."""
    run("0004/tables.sql")
