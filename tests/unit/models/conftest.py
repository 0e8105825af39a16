from datetime import UTC, datetime

import pytest

from models.simulator.module import Module

NOON = datetime(2026, 6, 15, 11, 30, tzinfo=UTC)
"""About solar noon at the default site."""


@pytest.fixture(scope="session")
def module():
    return Module()


@pytest.fixture(scope="session")
def noon():
    return NOON
