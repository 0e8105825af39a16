import pytest

from edge_agent.outbox import open_outbox
from edge_agent.status import Status
from unit.edge_agent.flushes import RAW

WELL = {
    "version": "1",
    "pid": 1,
    "site": "alpha",
    "gateway_id": "gw-1",
    "started_at": 0.0,
    "written_at": 1000.0,
    "broker": "mqtt://h:1883",
    "broker_connected": True,
    "broker_trouble": None,
    "received_messages": 10,
    "dropped_messages": 0,
    "retained_messages": 0,
    "readings": 10,
    "readings_per_second": 1.0,
    "collector": "https://c.example",
    "collector_there": True,
    "collector_trouble": None,
    "collector_since": 0.0,
    "receipt_at": 999.0,
    "clock_offset_seconds": 0.0,
    "uploaded_rows": 10,
    "uploaded_bytes": 100,
    "outbox": "/o.db",
    "outbox_segments": 0,
    "outbox_rows": 0,
    "outbox_bytes": 0,
    "outbox_oldest_at": None,
    "outbox_full": False,
    "waiting_rows": 0,
    "set_aside": 0,
    "quarantined": 0,
    "quarantine_entries": 0,
    "quarantine_dropped": 0,
    "quarantine_reason": None,
    "detector_trouble": None,
}


@pytest.fixture
def status_of():
    """Make a status in which all is well, but for what is given."""
    return lambda **changes: Status(**(WELL | changes))


@pytest.fixture
def opened(tmp_path):
    """`opened(**options)`: an outbox; opened again it has what it had."""
    return lambda **options: open_outbox(tmp_path / "outbox.db", **(RAW | options))
