"""A site's panels are learned, one of them loses a third of its voltage, the agent is killed.

The days are told with times of the past, so that they pass in seconds.
"""

import json
import threading
from datetime import UTC, datetime, timedelta

import msgspec
import paho.mqtt.client as paho
import pytest

from models.simulator.faults import Fault
from models.simulator.messages import encode
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.quality import WindowQuality

FIRST = datetime(2026, 5, 10, tzinfo=UTC)
LEARNED_DAYS = 2
PANELS = 8
BEGIN = FIRST + timedelta(days=LEARNED_DAYS, hours=9)
END = BEGIN + timedelta(hours=3)
FAULTY = "PANEL-001"
PATIENCE = 90.0


class Past:
    """Publishes the site's past, each five minutes of all panels as one message."""

    def __init__(self, port):
        fault = Fault("bypass_short", FAULTY, BEGIN, END)
        self._simulation = Simulation(Site(panels=PANELS, name="unit"), faults=[fault])
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "past", clean_session=False)
        self._client.max_inflight_messages_set(200)
        self._client.max_queued_messages_set(0)
        connected = threading.Event()
        self._client.on_connect = lambda *_: connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert connected.wait(30), "the broker does not accept us"
        self._at = FIRST

    def until(self, end):
        seconds = (end - self._at).total_seconds()
        readings = self._simulation.panels(self._at, seconds=seconds, interval=300.0)
        by_time = {}  # the nights are left out: there is nothing to be learned from them
        for row, at in zip(encode(readings), readings.time_us // 300_000_000, strict=True):
            if 4 * 12 <= at % 288 < 20 * 12:
                by_time.setdefault(int(at), []).append(row)
        sent = [
            self._client.publish(f"sensors/{FAULTY}/readings", f"[{','.join(by_time[at])}]", qos=1)
            for at in sorted(by_time)
        ]
        for one in sent:
            one.wait_for_publish(60)
        self._at = end

    def go_on(self, end):
        """Publish five minutes: what was learned is taken in with the next window."""
        if self._at < end:
            self.until(min(self._at + timedelta(minutes=5), end))

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def past(mosquitto):
    broker = mosquitto()
    past = Past(broker.port)
    past.broker = broker
    yield past
    past.close()


def three_windows(collector_server, panel):
    span = {"start_time": BEGIN.isoformat(), "end_time": (BEGIN + timedelta(hours=2)).isoformat()}
    found = collector_server.get(f"/api/panels/{panel}/windows", limit=3, **span)
    return found if len(found) == 3 else None


def test_a_fault_is_told_with_its_evidence_and_a_killed_agent_knows_what_it_learned(
    past, collector_server, edge_agent_process, wait_until
):
    place = {"id": "alpha", "latitude": 47.4, "longitude": 8.5}
    agent = edge_agent_process("alpha", past.broker.url, {"site": place})

    def status():
        return json.loads(agent.config.with_name("status.json").read_text())

    def learned():
        past.go_on(BEGIN)
        now = status()
        until = (now["detector_learned_at"] or 0.0) > (BEGIN - timedelta(days=1)).timestamp()
        return until and now["detector_learned_panels"] == PANELS and now

    def alerts():
        return [
            alert
            for alert in collector_server.get("/api/alerts/recent", limit=100)
            if alert["panel_id"] == FAULTY and alert["alert_type"] == "bypass_diode"
        ]

    past.until(FIRST + timedelta(days=LEARNED_DAYS, hours=4))
    before = wait_until(learned, timeout=PATIENCE, what="the days are learned from", every=0.5)
    past.until(BEGIN)
    assert alerts() == []

    past.until(BEGIN + timedelta(hours=2))
    (alert,) = wait_until(alerts, timeout=PATIENCE, what="the fault is told")
    assert (alert["state"], "bypass diode" in alert["recommendation"]) == ("open", True)
    assert abs(msgspec.convert(alert["raised_at"], datetime) - BEGIN) < timedelta(minutes=20)
    assert alert["details"]["voltage_residual_share"] == pytest.approx(-1 / 3, abs=0.03)

    def windows(panel=FAULTY):
        return three_windows(collector_server, panel)

    for window in wait_until(windows, timeout=PATIENCE, what="its windows are stored"):
        # Novel is what one in a thousand windows of healthy panels is, and many of faulty ones.
        doubtful = window["quality"] & ~WindowQuality.NOVEL
        assert (window["fault"], doubtful) == ("bypass_diode", 0)
        assert window["voltage_residual_share"] == pytest.approx(-1 / 3, abs=0.03)
    assert {window["fault"] for window in windows("PANEL-002")} == {None}

    wait_until(
        lambda: agent.command("detect", "--explain", FAULTY)["days"] == LEARNED_DAYS,
        timeout=PATIENCE,
        what="what was learned is kept",
    )

    agent.kill()
    agent.start()
    assert wait_until(learned, timeout=PATIENCE, what="it knows")["pid"] != before["pid"]
    past.until(END + timedelta(hours=2))
    wait_until(lambda: [one["state"] for one in alerts()] == ["resolved"], timeout=PATIENCE,
               what="the same alert ends")  # fmt: skip
    (alert,) = alerts()
    assert abs(msgspec.convert(alert["cleared_at"], datetime) - END) < timedelta(minutes=25)
