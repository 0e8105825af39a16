"""Running a migration's SQL files."""

from collections.abc import Iterator
from importlib import resources

from alembic import context, op

from collector.database.flavour import Flavour


def run(*files: str) -> None:
    """Run SQL files in order; each statement ends with a semicolon at the end of a line.

    Args:
        files: Paths under ``schema``; ``{flavour}`` in them becomes plain or timescale. The body of
            a function stands between ``$$`` and may have semicolons.
    """
    flavour: Flavour = context.config.attributes["flavour"]
    schema = resources.files("collector.database") / "schema"
    for file in files:
        script = schema.joinpath(file.format(flavour=flavour.kind)).read_text(encoding="utf-8")
        for statement in statements(script):
            if any(line and not line.startswith("--") for line in statement.splitlines()):
                op.get_bind().exec_driver_sql(statement)


def statements(script: str) -> Iterator[str]:
    """Yield a script's statements."""
    statement = ""
    for piece in script.split(";\n"):
        statement += piece
        if statement.count("$$") % 2:
            statement += ";\n"
        else:
            yield statement
            statement = ""
