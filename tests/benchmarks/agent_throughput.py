"""The agent, MQTT QoS 1 to safe in the outbox on one core, beside a bare gmqtt subscriber."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import gmqtt

from figures import Figure, report
from programs.mosquitto import Mosquitto

COUNT = 60_000
PANELS = 1_000
ROUNDS = 7
SUBSCRIBERS = Path(__file__).parent / "support" / "subscribers.py"


def main() -> int:
    """Let both drain the same queue, in turns; each counts by the median of its rounds.

    Not by the best: a virtual machine has moments of half as much speed again, for one of them.
    """
    seconds: dict[str, list[float]] = {"bare": [], "agent": []}
    with tempfile.TemporaryDirectory() as scratch:
        for round_ in range(ROUNDS):
            for kind, each in seconds.items():
                each.append(drained(kind, Path(scratch, f"{kind}-{round_}")))
    report(
        Figure(
            "agent, MQTT QoS 1 to safe, readings/s on one core",
            COUNT / median(seconds["agent"]),
            COUNT / median(seconds["bare"]),
            "bare gmqtt subscriber",
            0.7,
        )
    )
    return 0


def drained(kind: str, folder: Path) -> float:
    """Return the seconds a subscriber takes for a queue that waits at a broker of its own."""
    broker = Mosquitto(folder)
    broker.start()
    try:
        asyncio.run(queue(broker.port, client_id=f"heliograph-{kind}"))
        arguments = [kind, str(broker.port), str(COUNT), str(folder)]
        run = subprocess.run(
            [sys.executable, str(SUBSCRIBERS), *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
        )
        elapsed, busy = map(float, run.stdout.split())
        print(
            f"{kind}: {COUNT / elapsed:,.0f} readings/s, {COUNT / busy:,.0f} a busy second",
            flush=True,
        )
        return elapsed
    finally:
        broker.discard()


async def queue(port: int, *, client_id: str) -> None:
    """Make a session that is subscribed, leave, and publish for it."""
    absent = gmqtt.Client(client_id, clean_session=True, session_expiry_interval=0xFFFFFFFF)
    subscribed = asyncio.Event()
    absent.on_subscribe = lambda *_: subscribed.set()
    await absent.connect("127.0.0.1", port)
    absent.subscribe("sensors/+/readings", qos=1)
    await subscribed.wait()
    await absent.disconnect()
    publisher = gmqtt.Client("publisher")
    await publisher.connect("127.0.0.1", port)
    started = time.time() - COUNT / PANELS
    for number in range(COUNT):
        topic = f"sensors/PANEL-{number % PANELS:04}/readings"
        publisher.publish(topic, payload(number, started=started), qos=1)
        if number % 500 == 0:
            await publisher._persistent_storage.wait_empty()
    await publisher._persistent_storage.wait_empty()
    await publisher.disconnect()


def payload(number: int, *, started: float) -> str:
    """Return what a panel publishes."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started + number // PANELS))
    return json.dumps(
        {
            "panel_id": f"PANEL-{number % PANELS:04}",
            "timestamp": f"{stamp}.{number % 1000:03}Z",
            "temperature_celsius": 25.3 + number % 17 / 10,
            "voltage_volts": 48.2 + number % 13 / 100,
            "current_amperes": 8.5 + number % 11 / 1000,
            "power_output_watts": round((48.2 + number % 13 / 100) * (8.5 + number % 11 / 1000), 1),
        }
    )


if __name__ == "__main__":
    sys.exit(main())
