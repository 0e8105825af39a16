import pytest

from edge_agent.outbox import open_outbox
from unit.edge_agent.flushes import RAW


@pytest.fixture
def opened(tmp_path):
    """`opened(**options)`: an outbox; opened again it has what it had."""
    return lambda **options: open_outbox(tmp_path / "outbox.db", **(RAW | options))
