"""A process that publishes readings at an even rate, stamped with the moment they are published.

Arguments: port, panels, readings a second, seconds. Prints how many the broker has acknowledged.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

import gmqtt
import uvloop

ACKNOWLEDGEMENT_SECONDS = 30
TICK_SECONDS = 0.002
BODY = (
    '{"panel_id":"%s","timestamp":"%s","temperature_celsius":41.3,'
    '"voltage_volts":%.2f,"current_amperes":7.09,"power_output_watts":%.1f}'
)


async def publish(port: int, *, panels: int, rate: int, seconds: float) -> int:
    """Publish at an even pace and wait for every acknowledgement."""
    client = gmqtt.Client("paced-publisher")
    connected = asyncio.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_message = lambda *_: None
    await client.connect("127.0.0.1", port)
    await connected.wait()
    started, sent = time.monotonic(), 0
    while sent < rate * seconds:
        due = min(int((time.monotonic() - started) * rate), int(rate * seconds))
        for number in range(sent, due):
            panel = f"PANEL-{number % panels:04d}"
            now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            volts = 34 + number % 7 / 100
            body = BODY % (panel, now, volts, volts * 7.09)
            client.publish(f"sensors/{panel}/readings", body, qos=1)
        sent = due
        await asyncio.sleep(TICK_SECONDS)
    async with asyncio.timeout(ACKNOWLEDGEMENT_SECONDS):
        await client._persistent_storage.wait_empty()
    await client.disconnect()
    return sent


if __name__ == "__main__":
    port, panels, rate, seconds = (int(argument) for argument in sys.argv[1:])
    print(uvloop.run(publish(port, panels=panels, rate=rate, seconds=seconds)))
