"""An operator's questions at a year's scale, over HTTP, quiet and while 20,000 readings/s come.

`HELIOGRAPH_BENCH_ROWS` raw readings of a site of 1,000 panels at 1 Hz (86.4 million, a day of them,
when it is not set), their aggregates made by the collector's own job, hours of a year before that,
and 999 sites more. With `HELIOGRAPH_TEST_DATABASE_URL` on that server, else on the embedded one.
"""

import itertools
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from figures import Figure, report
from programs.collector import CollectorServer
from programs.postgres import postgres
from programs.waiting import wait_until
from support import bare_route
from support.asking import asking
from support.year import PANELS, ROWS, SITES, fill

REPEATS = 1_500
UNCOUNTED = 50
LOAD_SECONDS = 225
REACHED = "SELECT minutes_until > now() - INTERVAL '2 minutes' FROM rollup.progress"


def main() -> int:
    """Fill a database, ask each question again and again, then again under load."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        url = stack.enter_context(server.database())
        with psycopg.connect(url, autocommit=True) as connection:
            flavour, newest = fill(connection, url=url)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = CollectorServer(folder, database_url=url)
        stack.callback(collector.discard)
        collector.start()
        quiet = _ask(collector, newest=newest)
        route_url = stack.enter_context(bare_route.served(url))
        hours, bare, route = _ask_bare(url, collector, route_url, newest=newest)
        script = Path(__file__).parent / "support" / "written.py"
        load = subprocess.Popen(
            [sys.executable, str(script), url, collector.url, str(LOAD_SECONDS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert load.stdout is not None
        load.stdout.readline()
        # The first readings after minutes without any are looked for panel by panel until then.
        wait_until(lambda: _is_true(url, REACHED), what="the job's turn", timeout=120, every=1)
        busy = _ask(collector, newest=newest)
        written = float(load.communicate(timeout=LOAD_SECONDS + 120)[0])
    name = f"{flavour}, {ROWS / 1e6:.0f} M rows"
    reach = {"hours": 0.015, "site": 0.05, "fleet": 0.05, "raw": 0.03}
    for question, seconds in quiet.items():
        label = f"{LABELS[question]}, {name}"
        quiet_p99, busy_p99 = np.quantile(seconds, 0.99), np.quantile(busy[question], 0.99)
        report(
            Figure(f"{label}: p99, s", quiet_p99, reach[question], "reach", 1.0, at_most=True),
            Figure(
                f"{label}, {written:,.0f} readings/s written: p99, s",
                busy_p99,
                quiet_p99,
                "quiet",
                2.0,
                at_most=True,
            ),
        )
    label = f"{LABELS['hours']}, {name}: p50, s"
    report(
        Figure(label, hours, bare, "bare SQL", 2.0, at_most=True),
        Figure(label, hours, route, "bare SQLAlchemy and Litestar"),
    )
    return 0


LABELS = {
    "hours": "hourly buckets of a panel, 7 days",
    "site": "hourly power of 1,000 panels, 30 days",
    "fleet": "fleet of 1,000 sites",
    "raw": "last hour raw of a panel",
}


def _is_true(url: str, question: str) -> bool:
    with psycopg.connect(url) as connection:
        ((answer,),) = connection.execute(question).fetchall()
    return bool(answer)


def _ask_bare(
    url: str, collector: CollectorServer, route: str, *, newest: datetime
) -> tuple[float, float, float]:
    """Return the median times of the collector's answer, of its SQL alone, and of a bare route."""
    end = newest.replace(minute=0, second=0)
    start = end - timedelta(days=7)
    sql = bare_route.SQL.format(key="%s", start="%s", end="%s")
    durations: list[tuple[float, float, float]] = []
    with (
        psycopg.connect(url, autocommit=True, options="-c jit=off") as connection,
        asking(collector.url, token=collector.token()) as client,
        asking(route) as routed,
    ):
        found = connection.execute("SELECT panel_key FROM panel WHERE panel LIKE 'PANEL-____'")
        keys = [key for (key,) in found.fetchall()]
        for number in range(REPEATS):
            key = keys[number * 7 % PANELS]
            path, parameters, _ = _question("hours", number=number, newest=newest)
            moments = [time.perf_counter()]
            client.get(path, **parameters)
            moments.append(time.perf_counter())
            rows = connection.execute(sql, (key, start, end)).fetchall()
            moments.append(time.perf_counter())
            values = {"key": str(key), "start": start.isoformat(), "end": end.isoformat()}
            routed.get(bare_route.PATH, **values)
            moments.append(time.perf_counter())
            assert len(rows) == 7 * 24
            durations.append(tuple(np.diff(moments)))
    hours, bare, least = np.median(durations, axis=0)
    return float(hours), float(bare), float(least)


def _ask(collector: CollectorServer, *, newest: datetime) -> dict[str, list[float]]:
    """Ask the questions in turn, of other panels each time; the first times do not count."""
    durations: dict[str, list[float]] = {}
    with asking(collector.url, token=collector.token()) as client:
        for number, question in itertools.product(range(-UNCOUNTED, REPEATS), LABELS):
            path, parameters, expected = _question(question, number=number, newest=newest)
            began = time.perf_counter()
            answer = client.get(path, **parameters)
            if number >= 0:
                durations.setdefault(question, []).append(time.perf_counter() - began)
            assert len(answer) > expected, (path, len(answer))
    for question, seconds in durations.items():
        print(f"  {question}: {np.quantile(seconds, [0.5, 0.99]) * 1000} ms", flush=True)
    return durations


def _question(question: str, *, number: int, newest: datetime) -> tuple[str, dict[str, str], int]:
    now = datetime.now(UTC)
    panel = f"/api/panels/PANEL-{number * 7 % PANELS + 1:04}/readings"
    times = {"start_time": (now - timedelta(days=7)).isoformat(), "end_time": now.isoformat()}
    if question == "hours":
        return panel, times | {"interval": "1h"}, 7 * 24 * 100
    if question == "raw":
        times = {"start_time": (newest - timedelta(hours=1)).isoformat()}
        times["end_time"] = newest.isoformat()
        return panel, times | {"interval": "raw", "limit": "3600"}, 3_600 * 100
    if question == "fleet":
        return "/api/fleet", {}, SITES * 100
    times["start_time"] = (now - timedelta(days=30)).isoformat()
    return "/api/sites/site-0001/series", times | {"interval": "1h"}, 30 * 24 * 10


if __name__ == "__main__":
    sys.exit(main())
