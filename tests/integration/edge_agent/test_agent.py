"""The whole agent as a process: nothing acknowledged is lost, whatever stops."""

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from itertools import pairwise

REFUSED = (
    400,
    {"Content-Type": "application/problem+json"},
    {"type": "https://heliograph.dev/problems/bad-body", "title": "bad body", "detail": "no"},
)

FAILED = (
    500,
    {"Content-Type": "application/problem+json"},
    {"type": "https://heliograph.dev/problems/internal-error", "title": "internal", "detail": "no"},
)


def reading(number, *, panel="PANEL-001", **changes):
    return json.dumps(
        {
            "panel_id": panel,
            "timestamp": time.time() - 3600 + number / 1000,
            "temperature_celsius": 25.3,
            "voltage_volts": 48.2,
            "current_amperes": 8.5,
            "power_output_watts": 409.7,
        }
        | changes
    )


def send_many(panel, count, *, start=0):
    for number in range(start, start + count):
        panel.send("sensors/PANEL-001/readings", reading(number))


async def test_a_reading_reaches_the_collector_and_the_outbox_stays_empty(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        await until(lambda: any("health" in s.tables for s in collector.segments), what="a report")
        send_many(panel, 500)
        await until(lambda: len(collector.readings) == 500, what="all readings")
    assert await agent.stop() == 0
    with closing(sqlite3.connect(agent.outbox)) as outbox:
        assert outbox.execute("SELECT count(*) FROM segment").fetchone() == (0,)
    assert {table for s in collector.segments for table in s.tables} == {
        "readings",
        "panels",
        "health",
    }


async def test_weather_and_meter_messages_travel_as_their_own_tables(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    async with publisher_of(mosquitto.port) as station:
        station.send("site/weather", '{"irradiance_w_m2": 812.5, "ambient_celsius": 21}')
        station.send("site/meter", '{"load_watts": 812.5, "battery_soc": 0.5}')
        await until(
            lambda: {"weather", "meter"} <= {t for s in collector.segments for t in s.tables}
        )
    [weather] = [s.tables["weather"] for s in collector.segments if "weather" in s.tables]
    assert weather["irradiance_mw_m2"].tolist() == [812_500]


async def test_what_is_no_reading_is_quarantined_and_the_rest_is_stored(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    bad = [
        b"hello",
        reading(0, temperature_celsius="warm").encode(),
        reading(0).replace("48.2", "NaN").encode(),
        b'{"panel_id": "P"}',
        reading(0, timestamp="2400-01-01T00:00:00Z").encode(),
        reading(0, colour="blue").encode(),
        reading(0, power_output_watts=5000).encode(),
        b"x" * 10_000_000,
        b"[" * 100_000,
    ]
    async with publisher_of(mosquitto.port) as panel:
        for number, payload in enumerate(bad):
            panel.send("sensors/PANEL-001/readings", payload)
            panel.send("sensors/PANEL-001/readings", reading(number))
        await until(lambda: len(collector.readings) == len(bad), what="all good ones")
    listed = await agent.run("quarantine", "list", "--json")
    assert len(json.loads(listed.stdout)) == len(bad)
    shown = json.loads((await agent.run("quarantine", "show", "8", "--json")).stdout)
    assert shown["payload_bytes"] == 10_000_000
    assert shown["truncated"] is True
    assert (await agent.run("quarantine", "show", "99")).returncode == 1


async def test_nothing_is_lost_while_the_collector_is_away_or_the_agent_killed(
    agent, collector, mosquitto, publisher_of, until
):
    async with publisher_of(mosquitto.port) as panel:
        await agent.start()
        send_many(panel, 200)
        await until(lambda: len(set(collector.readings)) == 200)
        await collector.stop()
        send_many(panel, 300, start=200)
        await until(lambda: on_disk(agent) >= 300, what="the backlog")
        await agent.kill()
        send_many(panel, 100, start=500)
        await agent.start()
        await until(lambda: on_disk(agent) >= 400, what="what came while it was dead")
        assert await agent.stop() == 0
        await agent.start()
        await collector.start()
        await until(lambda: len(set(collector.readings)) == 600, what="all of them")
        await until(lambda: on_disk(agent) == 0, what="an empty outbox")


async def test_killing_it_in_full_flow_loses_nothing(
    agent, collector, mosquitto, publisher_of, until
):
    async with publisher_of(mosquitto.port) as panel:
        await agent.start()
        for round_ in range(3):
            send_many(panel, 1000, start=1000 * round_)
            await until(lambda r=round_: len(set(collector.readings)) > 1000 * r + 100)
            await agent.kill()
            await agent.start()
        await until(lambda: len(set(collector.readings)) == 3000, what="all of them")


async def test_a_lost_reply_is_answered_as_a_duplicate(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        await until(lambda: collector.segments, what="the first report")
        collector.lose_replies = 2
        send_many(panel, 50)
        await until(lambda: collector.lose_replies == 0 and on_disk(agent) == 0)
        await until(lambda: len(collector.readings) == 50)
    assert len(collector.readings) == len(set(collector.readings)) == 50


async def test_a_wrong_clock_is_corrected_for_signatures_only(
    agent, collector, mosquitto, publisher_of, until
):
    collector.clock_ahead = timedelta(hours=5)
    stamp = round(time.time() - 3600)
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        panel.send("sensors/P/readings", reading(0, panel="P", timestamp=None))
        panel.send("sensors/Q/readings", reading(0, panel="Q", timestamp=stamp))
        await until(lambda: collector.readings)
    assert collector.readings == [("Q", stamp * 1_000_000)], "what our clock dated is held"
    assert "signing with its time" in agent.log.read_text()
    assert await agent.stop() == 0
    with closing(sqlite3.connect(agent.outbox)) as outbox:
        held = "SELECT sum(readings) FROM segment WHERE boot IS NOT NULL"
        assert outbox.execute(held).fetchone() == (1,)


async def test_a_segment_the_collector_refuses_is_set_aside_and_the_others_go_on(
    agent, collector, mosquitto, publisher_of, until
):
    def refuse(body):
        return REFUSED if b"weather" in body else None

    await collector.stop()
    collector.answer = refuse
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        send_many(panel, 10)
        await until(lambda: on_disk(agent) >= 10)
        before = on_disk(agent)
        panel.send("site/weather", '{"wind_m_s": 1}')
        await until(lambda: on_disk(agent) == before + 1)
        send_many(panel, 10, start=10)
        await until(lambda: on_disk(agent) == before + 11)
        await collector.start()
        await until(lambda: len(collector.readings) == 20)
        await until(lambda: on_disk(agent) == 0)
    with closing(sqlite3.connect(agent.outbox)) as outbox:
        [(reason,)] = outbox.execute("SELECT reason FROM set_aside").fetchall()
    assert reason == "HTTP 400: no"
    told = "is set aside: the collector refuses it: HTTP 400: no"
    await until(lambda: told in agent.log.read_text())
    log = agent.log.read_text()
    assert log.count(told) == 1


async def test_a_segment_on_which_the_collector_fails_does_not_hold_up_the_others(
    agent, collector, mosquitto, publisher_of, until
):
    def fail(body):
        return FAILED if b"weather" in body else None

    await collector.stop()
    collector.answer = fail
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        panel.send("site/weather", '{"wind_m_s": 1}')
        await until(lambda: on_disk(agent) >= 1, what="the bad one is kept")
        send_many(panel, 10)
        await until(lambda: on_disk(agent) >= 11, what="others behind it")
        await collector.start()
        number = 10
        while not set_aside(agent):
            send_many(panel, 1, start=number)
            number += 1
            await until(
                lambda n=number: len(set(collector.readings)) >= n - 10,
                what="the line goes on",
            )
        [(reason, merged)] = set_aside(agent)  # what was merged with it shares its fate
        await until(lambda: len(collector.readings) == number - merged, what="all others")
        await until(lambda: on_disk(agent) == 0, what="an empty outbox")
    assert reason == "HTTP 500: no"


async def test_over_the_monthly_budget_live_data_waits_on_disk(
    agent, collector, mosquitto, publisher_of, until
):
    text = agent.config.read_text()
    agent.config.write_text(text.replace("[identity]", "monthly_megabytes = 0.3\n[identity]"))
    await agent.start()
    await until((agent.folder / "status.json").exists)
    async with publisher_of(mosquitto.port) as panel:
        number = 0
        while not status_file(agent)["live_held"]:
            send_many(panel, 1, start=number)
            number += 1
            await until(
                lambda n=number: len(collector.readings) >= n or status_file(agent)["live_held"]
            )
        sent = len(collector.readings)
        send_many(panel, 50, start=1000)
        await until(lambda: on_disk(agent) >= 50, what="a flush that had time")
        assert len(collector.readings) == sent
    status = status_file(agent)
    assert status["collector_there"]
    assert status["month_bytes"] >= status["month_allowed_bytes"]
    shown = json.loads((await agent.run("status", "--json")).stdout)
    assert any("over the monthly budget" in problem for problem in shown["problems"])
    assert await agent.stop() == 0
    with closing(sqlite3.connect(agent.outbox)) as outbox:
        [(spent,)] = outbox.execute("SELECT value FROM state WHERE name = 'monthly_budget'")
    [month] = json.loads(spent).values()
    assert month["all_bytes"] == status_file(agent)["month_bytes"]


async def test_what_a_proxy_refuses_is_kept_and_sent_again(
    agent, collector, mosquitto, publisher_of, until
):
    answers = []

    def proxy(_body):
        answers.append(1)
        return 413, {"Content-Type": "text/html"}, "<h1>too large</h1>"

    collector.answer = proxy
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        send_many(panel, 10)
        await until(lambda: len(answers) >= 2, what="a second try")
        failed = json.loads((await agent.run("check", "--json")).stdout)
        assert [one["check"] for one in failed if not one["ok"]] == ["identity"]
        collector.answer = None
        await until(lambda: len(collector.readings) == 10)
    assert "HTTP 413, not from a collector" in agent.log.read_text()


async def test_a_revoked_gateway_is_told_to_enrol_again_and_keeps_its_data(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    await until(lambda: collector.segments)
    collector.keys.clear()
    async with publisher_of(mosquitto.port) as panel:
        send_many(panel, 10)
        await until(lambda: "edge-agent enroll --new-key" in agent.log.read_text())
        old = (agent.folder / "identity.pem").read_bytes()
        refused = await agent.run("enroll", "--new-key", "--token", "bad")
        assert refused.returncode == 1
        assert (agent.folder / "identity.pem").read_bytes() == old
        renewed = await agent.run("enroll", "--new-key", "--token", "good")
        assert renewed.returncode == 0, renewed.stderr
        assert (agent.folder / "identity.pem").read_bytes() != old
        await until(lambda: len(collector.readings) == 10)


async def test_a_busy_collector_is_given_the_time_it_asks_for(
    agent, collector, mosquitto, publisher_of, until
):
    moments = []

    def busy(_body):
        moments.append(time.monotonic())
        return (503, {"Retry-After": "1"}, {"title": "database away"}) if len(moments) < 3 else None

    collector.answer = busy
    await agent.start()
    async with publisher_of(mosquitto.port) as panel:
        send_many(panel, 10)
        await until(lambda: len(collector.readings) == 10)
    assert min(b - a for a, b in pairwise(moments[:3])) >= 1


async def test_status_and_check_say_what_is_wrong(agent, collector, mosquitto, until):
    assert (await agent.run("status")).returncode == 1
    await agent.start()
    await until(lambda: collector.segments)
    checked = await agent.run("check", "--json")
    assert checked.returncode == 0, checked.stdout
    await until((agent.folder / "status.json").exists)
    mosquitto.stop()
    checked = json.loads((await agent.run("check", "--json")).stdout)
    assert [one["check"] for one in checked if not one["ok"]] == ["broker"]
    assert await agent.stop() == 0
    status = await agent.run("status", "--json")
    assert status.returncode == 1
    assert "was stopped" in json.loads(status.stdout)["problems"][0]


async def test_the_status_follows_what_happens_without_waiting_for_its_turn(
    agent, collector, mosquitto, publisher_of, until
):
    await agent.start()
    await until(lambda: collector.segments)
    await until(lambda: status_file(agent)["collector_there"], seconds=2)
    assert status_file(agent)["broker_connected"]
    async with publisher_of(mosquitto.port) as panel:
        for _ in range(5):
            panel.send("sensors/P/readings", reading(0, timestamp=time.time() + 86_400))
        await until(lambda: status_file(agent)["recent_quarantined"] == 5)
    shown = json.loads((await agent.run("status", "--json")).stdout)
    assert "in the future; is the clock" in shown["problems"][0]


async def test_a_second_agent_on_the_same_outbox_is_refused(agent):
    await agent.start()
    second = await asyncio.to_thread(agent.beside)
    assert second.returncode == 1
    assert "another agent" in second.stderr
    assert "Traceback" not in second.stderr


async def test_a_wrong_token_is_refused_and_the_right_one_may_be_repeated(agent, collector):
    refused = await agent.run("enroll", "--token", "bad")
    assert refused.returncode == 1
    assert "refuses this token" in refused.stderr
    before = collector.keys["gw-1"].public_bytes_raw()
    nothing = await agent.run("enroll")
    assert nothing.returncode == 1
    assert "already enrolled as gateway gw-1 " in nothing.stderr
    piped = await agent.run("enroll", given="good\n")
    assert piped.returncode == 0
    again = await agent.run("enroll", HELIOGRAPH_ENROLLMENT_TOKEN="good")
    assert again.returncode == 0
    assert collector.keys["gw-1"].public_bytes_raw() == before
    assert (agent.folder / "identity.pem").stat().st_mode & 0o077 == 0


def status_file(agent):
    return json.loads((agent.folder / "status.json").read_text())


def on_disk(agent):
    with closing(sqlite3.connect(f"file:{agent.outbox}?mode=ro", uri=True)) as outbox:
        try:
            return outbox.execute("SELECT coalesce(sum(rows), 0) FROM segment").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def set_aside(agent):
    with closing(sqlite3.connect(f"file:{agent.outbox}?mode=ro", uri=True)) as outbox:
        return outbox.execute("SELECT reason, readings FROM set_aside").fetchall()
