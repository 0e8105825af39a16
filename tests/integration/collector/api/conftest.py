"""A real collector on a real PostgreSQL: an app, a client, and a site with known answers."""

from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from collector.database.engine import open_database
from collector.roles import Role
from collector.settings import Settings
from collector.tokens import create_token
from integration.collector.api.apps import running


@pytest.fixture
def settings(postgres_url):
    return Settings(database_url=postgres_url)


@pytest.fixture
async def database(postgres_url):
    async with open_database(postgres_url) as database:
        yield database


@pytest.fixture
def rows(postgres_url):
    """Run a statement and return its rows."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:

        def run(statement, *values):
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def sites(rows):
    """Sites alpha (with two panels) and beta; returns their keys."""
    keys = {
        site: rows(
            "INSERT INTO site (site, name, timezone, latitude, longitude) "
            "VALUES (%s, %s, %s, 52.5, 13.4) RETURNING site_key",
            site,
            site.title(),
            zone,
        )[0][0]
        for site, zone in (("alpha", "Europe/Berlin"), ("beta", "UTC"))
    }
    for panel in ("PANEL-001", "PANEL-002"):
        rows(
            "INSERT INTO panel (site_key, panel, rated_watts, panel_group) "
            "VALUES (%s, %s, 400, 'south')",
            keys["alpha"],
            panel,
        )
    return keys


@pytest.fixture
async def client(request, settings):
    async with running(settings, new=_counts(request)) as client:
        yield client


@pytest.fixture
async def open_client(request, settings):
    async with running(replace(settings, console_open=True), new=_counts(request)) as client:
        yield client


def _counts(request):
    return request.node.get_closest_marker("counts") is not None


@pytest.fixture
async def tokens(database, sites):
    """One token of each role, by role; the ingest token is bound to alpha."""
    assert "alpha" in sites
    return {
        role: (
            await create_token(
                database,
                name=f"the {role}",
                role=role,
                site="alpha" if role is Role.INGEST else None,
                expires_at=None,
            )
        )[0]
        for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN, Role.INGEST)
    }


@pytest.fixture
def bearer(tokens):
    """Headers of a role."""
    return lambda role: {"Authorization": f"Bearer {tokens[role]}"}


@pytest.fixture
def get(client, bearer):
    """Ask as a viewer."""

    async def ask(path, **parameters):
        return await client.get(path, params=parameters, headers=bearer(Role.VIEWER))

    return ask


@pytest.fixture
def now():
    return datetime.now(UTC)
