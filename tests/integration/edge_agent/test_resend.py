"""The collector asks for a time range again: what is held goes first, and the report answers."""

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

REFUSED = (
    400,
    {"Content-Type": "application/problem+json"},
    {"type": "https://heliograph.dev/problems/bad-body", "title": "bad body", "detail": "no"},
)


def reports(collector):
    """The health reports the collector has, in their order."""
    texts = [
        s.tables["health"]["report"].tolist() for s in collector.segments if "health" in s.tables
    ]
    return [json.loads(text) for some in texts for text in some]


def set_aside(agent):
    with closing(sqlite3.connect(f"file:{agent.outbox}?mode=ro", uri=True)) as outbox:
        return outbox.execute("SELECT count(*), sum(rows) FROM set_aside").fetchone()


def request(number, *, start, minutes):
    return {
        "request": number,
        "from": start.isoformat(),
        "to": (start + timedelta(minutes=minutes)).isoformat(),
    }


async def test_what_was_set_aside_is_sent_again_and_the_report_answers(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    await until(lambda: reports(collector), what="the first report")
    collector.answer = lambda body: REFUSED if b"weather" in body else None
    async with publisher_of(mosquitto.port) as station:
        for number in range(3):
            station.send("site/weather", json.dumps({"wind_m_s": number}))
        await until(lambda: (set_aside(agent)[1] or 0) >= 3, what="all are set aside")
    segments, rows = set_aside(agent)
    collector.answer = None
    now = datetime.now(UTC)
    collector.resend = [
        request(7, start=now - timedelta(minutes=1), minutes=2),
        request(8, start=now - timedelta(days=9), minutes=5),
    ]
    async with publisher_of(mosquitto.port) as station:
        station.send("site/weather", json.dumps({"wind_m_s": 3}))
        await until(lambda: winds(collector) == 4, what="all of it")
    assert set_aside(agent)[0] == 0
    await until(lambda: reports(collector)[-1]["resends"], what="the answers")
    assert reports(collector)[-1]["resends"] == [
        {"request": 7, "segments": segments, "rows": rows},
        {"request": 8, "segments": 0, "rows": 0},
    ]
    log = agent.log.read_text()
    assert log.count("asks for") == 2


async def test_the_report_tells_the_stream_and_how_far_it_is(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    await until(lambda: reports(collector), what="the first report")
    collector.resend = [request(1, start=datetime.now(UTC), minutes=1)]
    async with publisher_of(mosquitto.port) as station:
        station.send("site/weather", json.dumps({"timestamp": time.time(), "wind_m_s": 1}))
        await until(lambda: len(reports(collector)) > 1, what="a second report")
    last = max(s.last_seq for s in collector.segments)
    first, second = reports(collector)[:2]
    assert first["stream"] == second["stream"] == str(collector.segments[0].stream)
    assert first["next_seq"] == 0
    assert 0 < second["next_seq"] <= last


def winds(collector):
    return sum(s.rows("weather") for s in collector.segments)
