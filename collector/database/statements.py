"""Statements: each in an SQL file of its own, each with the type of its rows."""

from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Generic, Self, TypeVar

import msgspec
from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from collector.database.engine import Connection, Database

Row = TypeVar("Row", bound=msgspec.Struct)

_DIALECT: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def read(name: str, **parts: str) -> str:
    """Return ``collector/queries/<name>.sql``.

    Args:
        name: The file's name without ``.sql``.
        parts: What replaces ``{part}`` in the file: names of tables and columns, never values.
    """
    script = resources.files("collector.queries") / f"{name}.sql"
    return script.read_text(encoding="utf-8").format(**parts)


def with_parameters(sql: str) -> bytes:
    """Return a statement whose parameters are written ``:name`` as psycopg wants it."""
    return str(text(sql).compile(dialect=_DIALECT)).encode()


@dataclass(frozen=True, slots=True)
class Statement(Generic[Row]):
    """A statement, and the struct that each row of its result becomes, column by column."""

    sql: bytes
    """What the database runs, its parameters as psycopg writes them."""
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
        return cls(with_parameters(read(name, **parts)), row)

    async def all(self, database: Database | Connection, **values: Any) -> list[Row]:  # noqa: ANN401 - any SQL value
        """Run it and return all rows.

        Args:
            database: A database, which commits afterwards, or a connection, which does not.
            values: The parameters.

        Raises:
            DatabaseError: The database is away or refuses.
        """
        if isinstance(database, Database):
            async with database.at_once() as connection:
                return await self._rows(connection, values)
        return await self._rows(database, values)

    async def first(self, database: Database | Connection, **values: Any) -> Row | None:  # noqa: ANN401 - any SQL value
        """Run it and return the first row, if there is any; see `all`."""
        rows = await self.all(database, **values)
        return rows[0] if rows else None

    async def _rows(self, connection: Connection, values: dict[str, Any]) -> list[Row]:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(self.sql, values)
        return msgspec.convert(await cursor.fetchall(), list[self.row])  # type: ignore[name-defined]
