"""An independent MQTT client that counts: what it published is what the database must hold."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho

from programs.waiting import wait_until


class CountingPublisher:
    """Publishes distinct readings at QoS 1 and knows which the broker has acknowledged.

    What was not acknowledged when a connection broke is sent again, as MQTT wants it.
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
        self._acknowledged: set[int] = set()
        self._sent: dict[int, tuple[str, str]] = {}
        self._next = datetime.now(UTC) - timedelta(hours=1)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, clean_session=False)
        self._client.on_publish = self._on_publish
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def acknowledged(self) -> int:
        """How many readings the broker has acknowledged."""
        return len(self._acknowledged)

    @property
    def readings(self) -> set[tuple[str, str]]:
        """Panel and timestamp of each reading published."""
        return set(self._sent.values())

    def publish(self, count: int) -> None:
        """Publish so many distinct readings."""
        for _ in range(count):
            self._next += timedelta(milliseconds=1)
            panel = self._panels[len(self._sent) % len(self._panels)]
            timestamp = self._next.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            body = reading(panel, timestamp=timestamp)
            info = self._client.publish(f"sensors/{panel}/readings", json.dumps(body), qos=1)
            self._sent[info.mid] = (panel, timestamp)

    def start(self, *, rate: int = 200) -> None:
        """Publish on and on, so many readings a second."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._go_on, args=(rate,), name="publisher")
        self._thread.start()

    def finish(self, *, timeout: float = 60.0) -> int:
        """Stop publishing, wait until everything is acknowledged, and return how many there are."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None
        wait_until(
            lambda: self._acknowledged >= self._sent.keys(),
            timeout=timeout,
            what="the broker acknowledges everything",
        )
        return len(self._sent)

    def close(self) -> None:
        """Disconnect."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _go_on(self, rate: int) -> None:
        batch = max(rate // 50, 1)
        while not self._stopping.wait(batch / rate):
            self.publish(batch)

    def _on_publish(self, _client, _userdata, mid, _reason, _properties) -> None:
        self._acknowledged.add(mid)


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
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)
    finally:
        client.disconnect()
        client.loop_stop()
