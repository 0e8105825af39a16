"""Sites' minutes without looking for readings that nobody has heard of."""

from typing import Final

from collector.database.migrations.scripts import run

revision: Final = "0008"
down_revision: Final = "0007"


def upgrade() -> None:
    """Replace the function; the index is for the overview."""
    run("0008/sites.sql")
