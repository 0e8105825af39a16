"""A real collector on a real PostgreSQL: an app, a client, and a site with known answers."""

import uuid
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from collector.app import create_app
from collector.database.embedded import embedded_postgres
from collector.database.engine import open_database
from collector.database.migrate import upgrade
from collector.roles import Role
from collector.settings import Settings
from collector.tokens import create_token


@pytest.fixture(scope="session")
def server_url(tmp_path_factory):
    """A PostgreSQL server with a migrated database to copy from."""
    with embedded_postgres(tmp_path_factory.mktemp("postgres")) as url:
        upgrade(url)
        yield url


@pytest.fixture
def database_url(server_url):
    """A migrated database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url.replace("/heliograph?", "/postgres?"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE heliograph")
        yield server_url.replace("/heliograph?", f"/{name}?")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(database_url):
    return Settings(database_url=database_url)


@pytest.fixture
async def database(database_url):
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
def rows(database_url):
    """Run a statement and return its rows."""
    with psycopg.connect(database_url, autocommit=True) as connection:

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
            "INSERT INTO panel (site_key, panel, rated_watts, panel_group) VALUES (%s, %s, 400, 's')",
            keys["alpha"],
            panel,
        )
    return keys


@asynccontextmanager
async def running(settings, *, base_url="http://127.0.0.1"):
    """Run the app and give a client without credentials."""
    app = create_app(settings)
    async with app.lifespan():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            client.app = app
            yield client


@pytest.fixture
async def client(settings):
    async with running(settings) as client:
        yield client


@pytest.fixture
async def open_client(settings):
    async with running(replace(settings, console_open=True)) as client:
        yield client


@pytest.fixture
async def tokens(database, sites):
    """One token of each role, by role; the ingest token is bound to alpha."""
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
