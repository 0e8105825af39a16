"""What all commands share: the database they work on, and errors told to people."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeVar

import typer

from collector.database.embedded import set_or_embedded
from collector.database.engine import Database, open_database, without_secrets
from collector.database.revision import current, head
from collector.errors import DatabaseUnsuitableError, SettingsError
from collector.settings import Settings
from shared.errors import HeliographError

T = TypeVar("T")
FAILED: Final = 1
USAGE: Final = 2


@contextmanager
def told_to_people() -> Iterator[None]:
    """Turn our errors into one line and an exit code: 2 for what was asked, 1 for the rest."""
    try:
        yield
    except HeliographError as error:
        typer.echo(f"collector: {error}", err=True)
        raise typer.Exit(USAGE if isinstance(error, SettingsError) else FAILED) from error


def settings_from_environment() -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: A variable is not usable.
    """
    return Settings.from_environment(os.environ)


def chosen_database(settings: Settings) -> AbstractContextManager[str]:
    """Return the database that is set, or else the embedded one, for use.

    Raises:
        EmbeddedDatabaseError: When it is entered; the embedded one does not start.
    """
    return set_or_embedded(settings.database_url, data_dir=settings.data_dir)


def run(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with the database, also beside a collector that uses the same.

    Raises:
        typer.Exit: It failed, and standard error says why.
    """

    async def with_database(url: str) -> T:
        async with open_database(url) as database:
            return await work(database)

    with told_to_people():
        settings = settings_from_environment()
        with chosen_database(settings) as url:
            _check_schema(current(url), settings=settings)
            return asyncio.run(with_database(url))


def _check_schema(revision: str | None, *, settings: Settings) -> None:
    if revision is None:
        place = (
            f"the folder {settings.data_dir}"
            if settings.database_url is None
            else f"the database {without_secrets(settings.database_url)}"
        )
        raise DatabaseUnsuitableError(
            f"nothing is here yet, in {place}: are HELIOGRAPH_DATABASE_URL and "
            "HELIOGRAPH_DATA_DIR set as for `collector serve`? "
            "If so, start that first, or run `collector migrate`"
        )
    if revision != head():
        raise DatabaseUnsuitableError(
            "the database has another schema than this program: run `collector migrate`"
        )
