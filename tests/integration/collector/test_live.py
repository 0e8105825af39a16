"""The stream of what happens: two workers of a real collector, any of which serves any client."""

import json
import queue
import socket
import statistics
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from programs.collector import CollectorServer
from programs.waiting import wait_until

LATENCY_SECONDS = 1.0
RAISE = (
    "WITH made AS (INSERT INTO alert (site_key, alert_type, severity, episode, raised_at, "
    "last_seen_at, title, recommendation) SELECT site_key, %s, 'high', %s, now(), now(), 'T', 'R' "
    "FROM site WHERE site = %s RETURNING alert_key) INSERT INTO alert_history (alert_key, at, "
    "action, severity) SELECT alert_key, now(), 'raised', 'high' FROM made RETURNING alert_key"
)


class Stream:
    """One who looks on, in a thread of its own."""

    def __init__(self, server, *, last=None, **parameters):
        headers = {"Authorization": f"Bearer {server.token()}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self._client = httpx.Client(timeout=30)
        request = self._client.build_request(
            "GET", f"{server.url}/api/live", params=parameters, headers=headers
        )
        self.answer = self._client.send(request, stream=True)
        self.events, self.last = queue.Queue(), None
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        event = {}
        try:
            for line in self.answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                    continue
                if "event" in event:
                    self.last = event.get("id", self.last)
                    body = json.loads(event["data"])
                    self.events.put((event["event"], body, datetime.now(UTC)))
                event = {}
        except httpx.HTTPError:
            pass
        self.ended.set()

    def next(self, kind, timeout=10):
        """Return the next event of a kind, passing over the others."""
        deadline = time.monotonic() + timeout
        while True:
            found, body, at = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if found == kind:
                return body, at

    def close(self):
        self.answer.close()
        self._client.close()


@pytest.fixture(scope="module")
def url(postgres_server):
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="module")
def server(tmp_path_factory, url):
    server = CollectorServer(tmp_path_factory.mktemp("live"), database_url=url)
    server.process.environment["HELIOGRAPH_WORKERS"] = "2"
    server.start()
    for site in ("alpha", "beta"):
        server.command("site", "add", site)
        server.token("ingest", site=site)
    yield server
    server.discard()


@pytest.fixture
def watch(server):
    """`watch(last=None, site=...)`: looks on; ready when it returns."""
    with ExitStack() as stack:

        def watch(**options):
            stream = Stream(server, **options)
            stack.callback(stream.close)
            if "last" not in options:
                stream.next("ready")
            return stream

        yield watch


@pytest.fixture
def post(server):
    """`post(site)`: one reading of now."""
    with httpx.Client(base_url=server.url, timeout=30) as client:

        def post(site):
            reading = {
                "panel_id": "PANEL-001",
                "timestamp": datetime.now(UTC).isoformat(),
                "temperature_celsius": 25.0,
                "voltage_volts": 40.0,
                "current_amperes": 5.0,
                "power_output_watts": 200.0,
            }
            answer = client.post(
                "/api/ingest",
                json={"readings": [reading]},
                headers={"Authorization": f"Bearer {server.token('ingest', site=site)}"},
            )
            assert answer.json()["accepted"] == 1, answer.text

        yield post


@pytest.fixture
def raise_alert(url):
    """`raise_alert(site)`: an alert of a type of its own; returns its number."""
    numbers = iter(range(10**6))

    def raise_alert(site="alpha"):
        with psycopg.connect(url) as connection:
            name = f"{site}-{next(numbers)}-{time.monotonic_ns()}"
            return connection.execute(RAISE, [name, name, site]).fetchone()[0]

    return raise_alert


def test_readings_are_told_to_clients_of_all_workers_within_a_second(watch, post, record_property):
    streams = [watch() for _ in range(6)]
    delays = []
    for _ in range(8):
        begun = datetime.now(UTC)
        post("alpha")
        for stream in streams:
            body, at = stream.next("readings")
            while datetime.fromisoformat(body["newest_at"]) < begun:
                body, at = stream.next("readings")
            delays.append((at - begun).total_seconds())
        assert body["site"] == "alpha"
        assert body["mean_panel_power_watts"] == 200.0
        # The next comes after the pace of a site, as that of panels at 1 Hz.
        wait_until(lambda: (datetime.now(UTC) - begun).total_seconds() > 1.05)  # noqa: B023
    p95 = statistics.quantiles(delays, n=20)[-1]
    record_property("ingest to event p95, s", p95)
    assert p95 <= LATENCY_SECONDS


def test_a_site_is_told_of_at_most_twice_a_second(watch, post):
    stream = watch(site="beta")
    begun, told, readings = time.monotonic(), [], 0
    while time.monotonic() - begun < 2.5:
        post("beta")
        readings += 1
    heard = 0
    while heard < readings:
        body, at = stream.next("readings")
        told.append(at)
        heard += body["readings"]
    assert heard == readings
    # In all: on its way to us, one may be held up and come soon before the next.
    assert (told[-1] - told[0]).total_seconds() > 0.45 * (len(told) - 1)


def test_one_looks_at_the_sites_one_asked_for(watch, raise_alert):
    stream = watch(site="beta")
    raise_alert("alpha")
    wanted = raise_alert("beta")
    assert stream.next("alert")[0]["id"] == wanted


def test_what_an_operator_does_is_told(server, watch, raise_alert):
    stream, number = watch(), raise_alert()
    assert stream.next("alert")[0]["action"] == "raised"
    headers = {"Authorization": f"Bearer {server.token('operator')}"}
    httpx.post(f"{server.url}/api/alerts/{number}/acknowledge", headers=headers)
    body, _ = stream.next("alert")
    assert (body["action"], body["by"], body["id"]) == ("acknowledged", "test-operator", number)


def test_who_comes_back_is_told_what_was_missed_in_order_and_nothing_twice(watch, raise_alert):
    stream = watch()
    raise_alert()
    stream.next("alert")
    stream.close()
    missed = [raise_alert() for _ in range(3)]
    again = watch(last=stream.last)
    later = raise_alert()
    assert [again.next("alert")[0]["id"] for _ in range(4)] == [*missed, later]


@pytest.mark.parametrize("last", ["999999", "nonsense", "9" * 5000])
def test_who_was_away_too_long_is_told_to_begin_anew(watch, raise_alert, last):
    stream = watch(last=last)
    stream.next("reset")
    number = raise_alert()
    assert stream.next("alert")[0]["id"] == number


def test_an_alert_and_its_event_are_committed_together(url, watch, raise_alert):
    stream = watch()
    with psycopg.connect(url) as connection:
        connection.execute(RAISE, ["undone", "undone", "alpha"])
        connection.rollback()
    number = raise_alert()
    assert stream.next("alert")[0]["id"] == number


def test_a_gateway_that_is_heard_again_is_told_of(url, watch):
    stream = watch()
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO gateway (gateway, site_key, public_key, last_seen_at, silent_since) "
            "SELECT 'gw-1', site_key, sha256('x'), now() - INTERVAL '1 h', now() FROM site "
            "WHERE site = 'alpha'"
        )
        connection.commit()
        connection.execute("UPDATE gateway SET last_seen_at = now(), silent_since = NULL")
    body, _ = stream.next("gateway")
    assert (body["gateway_id"], body["action"]) == ("gw-1", "seen")


def test_the_database_may_go_away_for_a_moment(url, watch, raise_alert):
    stream = watch()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'heliograph-live' AND datname = current_database()"
        )
    number = raise_alert()
    assert stream.next("alert")[0]["id"] == number


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"site": "alfa"}, 404), ({"site": ",".join(map(str, range(101)))}, 400)],
)
def test_a_bad_filter_is_told_so(server, parameters, status):
    server.get("/api/live", expect={status}, **parameters)


def test_streams_end_when_the_collector_does_and_who_reads_nothing_holds_nobody_up(server, watch):
    with socket.create_connection(("127.0.0.1", server.port)) as frozen:
        headers = f"Host: x\r\nAuthorization: Bearer {server.token()}"
        frozen.sendall(f"GET /api/live HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        streams = [watch() for _ in range(4)]
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 10
        wait_until(lambda: all(one.ended.is_set() for one in streams), what="all streams end")
    server.start()
