import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from edge_agent.health import Health
from edge_agent.receipts import ResendRequest
from edge_agent.resends import Resends

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def progress():
    async def put_first(_from_us, _to_us):
        return 1, 10

    outbox = SimpleNamespace(runs=SimpleNamespace(told=None))
    return SimpleNamespace(
        stream=UUID(int=1), next_seq=5, resends=Resends(put_first), outbox=outbox
    )


def test_a_clock_that_jumps_does_not_change_when_a_report_is_due(status_of, progress):
    health = Health(status_of, stages=progress)
    assert health(NOW) is not None
    assert health(NOW + timedelta(days=365)) is None


async def test_an_answer_to_the_collector_is_reported_before_a_report_is_due(status_of, progress):
    health = Health(status_of, stages=progress)
    health(NOW)
    await progress.resends.heed([ResendRequest(3, NOW - timedelta(hours=1), NOW)])
    report = json.loads(health(NOW)["report"].values[0])
    assert report["resends"] == [{"request": 3, "segments": 1, "rows": 10}]
    assert (report["stream"], report["next_seq"]) == (str(UUID(int=1)), 5)
    assert health(NOW) is None
