"""Statements: each in an SQL file of its own, each with the type of its rows."""

from dataclasses import dataclass
from importlib import resources
from typing import Any, Generic, Self, TypeVar

import msgspec
from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from collector.database.engine import Database

Row = TypeVar("Row", bound=msgspec.Struct)


def read(name: str, **parts: str) -> str:
    """Return ``collector/queries/<name>.sql``.

    Args:
        name: The file's name without ``.sql``.
        parts: What replaces ``{part}`` in the file: names of tables and columns, never values.
    """
    script = resources.files("collector.queries") / f"{name}.sql"
    return script.read_text(encoding="utf-8").format(**parts)


@dataclass(frozen=True, slots=True)
class Statement(Generic[Row]):
    """A statement, and the struct that each row of its result becomes, column by column."""

    sql: TextClause
    """What the database runs; parameters are written ``:name``."""
    row: type[Row]
    """Its fields are named as the columns."""

    @classmethod
    def load(cls, name: str, *, row: type[Row], **parts: str) -> Self:
        """Make one of a file; see `read`.

        Args:
            name: The file's name without ``.sql``.
            row: The type of the rows.
            parts: What replaces ``{part}`` in the file.
        """
        return cls(text(read(name, **parts)), row)

    async def all(self, database: Database | AsyncConnection, **values: Any) -> list[Row]:  # noqa: ANN401 - any SQL value
        """Run it and return all rows.

        Args:
            database: A database, which commits afterwards, or a connection, which does not.
            values: The parameters.

        Raises:
            DatabaseError: The database is away or refuses.
        """
        if isinstance(database, Database):
            async with database.at_once() as connection:
                return self._rows(await connection.execute(self.sql, values))
        return self._rows(await database.execute(self.sql, values))

    async def first(self, database: Database | AsyncConnection, **values: Any) -> Row | None:  # noqa: ANN401 - any SQL value
        """Run it and return the first row, if there is any; see `all`."""
        rows = await self.all(database, **values)
        return rows[0] if rows else None

    def _rows(self, result: CursorResult[Any]) -> list[Row]:
        names = tuple(result.keys())
        rows = [dict(zip(names, record, strict=True)) for record in result.all()]
        return msgspec.convert(rows, list[self.row])  # type: ignore[name-defined]
