"""What detection at the edge made of each window of a panel."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Add it; nothing that is there is touched."""
    run("0003/tables.sql", "0003/{flavour}.sql")
