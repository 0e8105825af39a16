"""Having Alembic run the migrations."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from collector.database.flavour import Flavour


def run_to(revision: str, *, connection: Connection, flavour: Flavour) -> None:
    """Run the migrations that a database lacks, up to a revision; the caller commits.

    Args:
        revision: The last one, or ``head`` for all.
        connection: In a transaction.
        flavour: What the database can do.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["flavour"] = flavour
    command.upgrade(config, revision)
