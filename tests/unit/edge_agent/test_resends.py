from datetime import UTC, datetime, timedelta

from edge_agent.receipts import ResendRequest
from edge_agent.resends import Resends

START = datetime(2026, 6, 1, tzinfo=UTC)


class Line:
    """Notes what is put first, and holds what it is told to."""

    def __init__(self, held=(2, 20)):
        self.held = held
        self.spans = []

    async def put_first(self, from_us, to_us):
        self.spans.append((from_us, to_us))
        return self.held


def request(number):
    return ResendRequest(number, START, START + timedelta(hours=1))


async def test_a_request_is_done_once_however_often_it_is_repeated():
    line = Line()
    resends = Resends(line.put_first)
    for _ in range(3):
        await resends.heed([request(1)])
    start_us = round(START.timestamp() * 1e6)
    assert line.spans == [(start_us, start_us + 3_600_000_000)]
    assert resends.report() == [{"request": 1, "segments": 2, "rows": 20}]
    assert not resends.unreported


async def test_an_answer_is_reported_until_it_is_no_longer_asked_for():
    resends = Resends(Line().put_first)
    await resends.heed([request(1), request(2)])
    resends.report()
    await resends.heed([request(2)])
    assert [one["request"] for one in resends.report()] == [2]
    await resends.heed([])
    assert resends.report() == []


async def test_an_answer_waits_for_a_report_though_a_receipt_in_between_asks_for_nothing():
    resends = Resends(Line(held=(0, 0)).put_first)
    await resends.heed([request(1)])
    await resends.heed([])
    assert resends.unreported
    assert resends.report() == [{"request": 1, "segments": 0, "rows": 0}]
