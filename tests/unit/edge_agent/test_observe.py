from datetime import UTC, datetime, timedelta

from edge_agent.observe import Health

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_a_clock_that_jumps_does_not_change_when_a_report_is_due(status_of):
    health = Health(status_of)
    assert health(NOW) is not None
    assert health(NOW + timedelta(days=365)) is None
