"""Running a migration's SQL files."""

from importlib import resources

from alembic import context, op

from collector.database.flavour import Flavour


def run(*files: str) -> None:
    """Run SQL files in order; each statement ends with a semicolon at the end of a line.

    Args:
        files: Paths under ``schema``; ``{flavour}`` in them becomes plain or timescale.
    """
    flavour: Flavour = context.config.attributes["flavour"]
    schema = resources.files("collector.database") / "schema"
    for file in files:
        script = schema.joinpath(file.format(flavour=flavour.kind)).read_text(encoding="utf-8")
        for statement in script.split(";\n"):
            if any(line and not line.startswith("--") for line in statement.splitlines()):
                op.get_bind().exec_driver_sql(statement)
