"""From a panel's message to the open page: real broker, agent, collector, and Chromium.

The page itself notes when its event stream told of new readings and when it showed them; browser
and publisher read the same clock.
"""

import asyncio
import os
import sys
import time
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime

import gmqtt
import numpy as np
from playwright.async_api import Page, async_playwright

from figures import Figure, report
from programs.browser import ARGUMENTS, chromium
from support.live import SITE, Live, live

PANELS = 100
RATE = 100
SECONDS = int(os.environ.get("BENCHMARK_LIVE_SECONDS", "60"))
FIRST_SECONDS = 5
"""All panels are new to the collector, and the page is opened."""
PROMISE_SECONDS = 1.0
WATCHED = "PANEL-0000"
BODY = (
    '{"panel_id":"PANEL-%04d","timestamp":"%s","temperature_celsius":41.3,'
    '"voltage_volts":34.0,"current_amperes":%.3f,"power_output_watts":%d}'
)
WATCH = """() => {
  window.told = [];
  window.shown = [];
  new EventSource('/api/live').addEventListener('readings', (event) =>
    told.push([Date.parse(JSON.parse(event.data).newest_at), Date.now()]));
  const value = document.querySelector('#totals .value');
  new MutationObserver(() => shown.push([Number(value.textContent), Date.now()]))
    .observe(value, { childList: true, characterData: true, subtree: true });
}"""


async def publish(port: int, *, seconds: float) -> list[list[float]]:
    """Publish panel after panel at an even pace; each panel gives 1 W more each time.

    Returns:
        What the watched panel gave, in watts, and when, in milliseconds since 1970; after it when
        the others were published.
    """
    client = gmqtt.Client("live-publisher")
    connected = asyncio.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_message = lambda *_: None
    await client.connect("127.0.0.1", port)
    await connected.wait()
    started, watts, watched, all_at = time.monotonic(), 99, [], []
    for number in range(int(RATE * seconds)):
        await asyncio.sleep(max(0.0, started + number / RATE - time.monotonic()))
        panel, now = number % PANELS, datetime.now(UTC)
        if panel == 0:
            watts += 1
            watched.append([watts, now.timestamp() * 1e3])
        all_at.append(now.timestamp() * 1e3)
        stamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        body = BODY % (panel, stamp, watts / 34, watts)
        client.publish(f"sensors/PANEL-{panel:04d}/readings", body, qos=1)
    await client.disconnect()
    return [*watched, all_at]


async def open_page(system: Live, page: Page) -> None:
    """Sign in and look at the watched panel."""
    await page.goto(f"{system.collector.url}/sign-in?next_page=/sites/{SITE}/panels/{WATCHED}")
    await page.fill("#token", system.collector.token())
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("#live[data-state=live]", timeout=20_000)
    await page.wait_for_selector("#totals .value", timeout=20_000)
    await page.evaluate(WATCH)


def delays(published: Sequence[Sequence[float]], seen: Sequence[Sequence[float]]) -> np.ndarray:
    """Return how long each value took until it, or a later one, was seen, in seconds.

    Args:
        published: Values that grow, and when each was published, ms.
        seen: Values that grow, and when each was seen, ms.
    """
    values = [value for value, _ in seen]
    found = [(bisect_left(values, value), at) for value, at in published]
    return np.array([seen[i][1] - at for i, at in found if i < len(seen)]) / 1e3


async def measure(system: Live) -> tuple[np.ndarray, np.ndarray]:
    """Return the delays of events and of figures on the page, in seconds."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = await browser.new_page()
        await publish(system.broker.port, seconds=FIRST_SECONDS)
        await open_page(system, page)
        *watched, all_at = await publish(system.broker.port, seconds=SECONDS)
        await page.wait_for_timeout(3_000)
        told, shown = await page.evaluate("() => [told, shown]")
        await browser.close()
    since = all_at[0]
    told = [each for each in told if each[0] >= since]
    shown = [each for each in shown if each[1] >= since]
    # A browser's stamps are whole milliseconds.
    return delays([(int(at), at) for at in all_at], told), delays(watched, shown)


def main() -> int:
    """Measure and report; fail where what was published was never seen."""
    with live(profile="realtime") as system:
        told, shown = asyncio.run(measure(system))
    for name, found in (("event", told), ("figure on the page", shown)):
        p50, p95 = np.quantile(found, (0.5, 0.95))
        report(
            Figure(
                f"publish to {name}, p95, s", p95, PROMISE_SECONDS, "promise", 1.0, at_most=True
            ),
            Figure(f"publish to {name}, p50, s", p50, PROMISE_SECONDS, "promise"),
        )
    seen = len(told) / (RATE * SECONDS)
    report(Figure("readings of which the page was told, share", seen, 1.0, "published", 0.999))
    return 0


if __name__ == "__main__":
    sys.exit(main())
