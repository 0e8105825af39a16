"""An independent MQTT client that counts: what it published is what the database must hold."""

import json
import threading
import time
from collections import deque
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho

from programs.waiting import wait_until


class CountingPublisher:
    """Publishes distinct readings at QoS 1 and knows which the broker has acknowledged.

    What was not acknowledged when a connection broke is sent again, as MQTT wants it. What was
    acknowledged by a broker that then lost it is sent again by `distrust`.
    """

    def __init__(self, port: int, *, name: str = "COUNTED", panels: int = 4) -> None:
        """Connect.

        Args:
            port: The broker's.
            name: The client's id, and the beginning of its panels' ids.
            panels: How many panels to publish for.
        """
        self.name = name
        self._panels = [f"{name}-P{number:03d}" for number in range(panels)]
        self._start = datetime.now(UTC) - timedelta(hours=1)
        self._count = 0
        self._awaited: dict[int, int] = {}  # by message id, which comes again after 65,535 others
        self._acknowledgements: deque[tuple[int, float]] = deque()
        self._acknowledged_at: dict[int, float] = {}
        self._doubted: float | None = None
        self._connected_anew = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, clean_session=False)
        self._client.on_publish = self._on_publish
        self._client.on_connect = self._on_connect
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def acknowledged(self) -> int:
        """How many readings the broker has acknowledged, as of the last one published."""
        return len(self._acknowledged_at)

    @property
    def published(self) -> int:
        """How many distinct readings there are."""
        return self._count

    @property
    def readings(self) -> set[tuple[str, str]]:
        """Panel and timestamp of each reading published."""
        return {(panel, timestamp) for panel, timestamp, _ in self.values}

    @property
    def values(self) -> set[tuple[str, str, int]]:
        """Panel, timestamp and power in milliwatts of each reading published."""
        return {self._reading(number) for number in range(self._count)}

    def time_of(self, number: int) -> datetime:
        """Return the time of a reading; later ones have later times."""
        return self._start + timedelta(milliseconds=number)

    def publish(self, count: int) -> None:
        """Publish so many further readings."""
        for _ in range(count):
            self._send(self._count)
            self._count += 1
        self._settle()

    def start(self, *, rate: int = 200) -> None:
        """Publish on and on, so many readings a second."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._go_on, args=(rate,), name="publisher")
        self._thread.start()

    def distrust(self, *, since: float) -> None:
        """Send again, once connected anew, what the broker acknowledged and then may have lost.

        To be called while the broker is down.

        Args:
            since: Epoch seconds; what was acknowledged before is the broker's to keep.
        """
        self._connected_anew.clear()
        self._doubted = since if self._doubted is None else min(self._doubted, since)

    def finish(self, *, timeout: float = 60.0) -> int:
        """Stop publishing, wait until everything is acknowledged, and return how many there are."""
        self.stop()
        wait_until(self.complete, timeout=timeout, what="the broker acknowledges everything")
        return self._count

    def close(self) -> None:
        """Disconnect."""
        self.stop()
        self._client.disconnect()
        self._client.loop_stop()

    def complete(self) -> bool:
        """Tell, after `stop`, whether everything is acknowledged."""
        self._settle()
        return self._doubted is None and len(self._acknowledged_at) == self._count

    def stop(self) -> None:
        """Stop publishing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _reading(self, number: int) -> tuple[str, str, int]:
        time_ = self.time_of(number).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return self._panels[number % len(self._panels)], time_, 405_000 + number % 9_973

    def _send(self, number: int) -> None:
        panel, timestamp, milliwatts = self._reading(number)
        body = reading(panel, timestamp=timestamp) | {"power_output_watts": milliwatts / 1000}
        info = self._client.publish(f"sensors/{panel}/readings", json.dumps(body), qos=1)
        self._awaited[info.mid] = number

    def _settle(self) -> None:
        """Match acknowledgements, in the thread that publishes: each message id is known by now."""
        while self._acknowledgements:
            mid, moment = self._acknowledgements.popleft()
            self._acknowledged_at[self._awaited.pop(mid)] = moment
        if self._doubted is not None and self._connected_anew.is_set():
            doubted, self._doubted = self._doubted, None
            again = [n for n, moment in self._acknowledged_at.items() if moment >= doubted]
            for number in again:
                del self._acknowledged_at[number]
                self._send(number)

    def _go_on(self, rate: int) -> None:
        batch = max(rate // 50, 1)
        while not self._stopping.wait(batch / rate):
            self.publish(batch)

    def _on_publish(self, _client, _userdata, mid, _reason, _properties) -> None:
        self._acknowledgements.append((mid, time.time()))

    def _on_connect(self, _client, _userdata, _flags, _reason, _properties) -> None:
        self._connected_anew.set()


def reading(panel: str | None = "PANEL-001", *, timestamp: str | float | None = None) -> dict:
    """Return one good reading, as a panel publishes it; now, unless a time is given."""
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    return {
        **({"panel_id": panel} if panel else {}),
        "timestamp": timestamp or now.replace("+00:00", "Z"),
        "temperature_celsius": 25.3,
        "voltage_volts": 48.2,
        "current_amperes": 8.5,
        "power_output_watts": 409.7,
    }


def publish(port: int, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """Publish one message at QoS 1 and wait for its acknowledgement."""
    connected = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert connected.wait(30), "the broker does not accept us"
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)
    finally:
        client.disconnect()
        client.loop_stop()
