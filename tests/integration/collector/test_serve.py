"""The collector as a process: ready in one line, ended in good order whoever is connected."""

import socket
import time

import httpx
import pytest

from programs.collector import COLLECTOR
from programs.processes import Process


@pytest.fixture
def serve(tmp_path, postgres_url, wait_until):
    """Start `collector serve` on any free port; gives the process and its address."""
    started = []

    def start(*options, **environment):
        log = tmp_path / f"collector-{len(started)}.log"
        process = Process(
            [COLLECTOR, "serve", "--port", "0", *options],
            log=log,
            environment={"HELIOGRAPH_DATABASE_URL": postgres_url} | environment,
        )
        started.append(process)
        process.start(ready=lambda: "is ready: http" in log.read_text())
        lines = log.read_text().splitlines()
        return process, lines[-1].rpartition(" ")[2], log

    yield start
    for process in started:
        process.discard()


def test_it_says_in_one_line_where_it_is_and_logs_no_request(serve):
    process, address, log = serve()
    assert httpx.get(f"{address}/health/ready").status_code == 200
    assert httpx.get(f"{address}/api/sites").status_code == 401
    assert process.end() == 0
    assert log.read_text().splitlines() == [f"Heliograph collector is ready: {address}"]


def test_a_monitor_may_ask_by_head_and_goes_on_using_the_connection(serve):
    process, address, log = serve()
    with httpx.Client(base_url=address) as monitor:
        for path in ("/health/live", "/", "/health/ready"):
            assert monitor.head(path).status_code == 200
            assert monitor.head(path).headers["content-length"] == str(
                len(monitor.get(path).content)
            )
    assert process.end() == 0
    assert log.read_text().splitlines() == [f"Heliograph collector is ready: {address}"]


def test_it_ends_within_3_seconds_though_connections_are_open(serve):
    process, address, _ = serve()
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port)) as idle, httpx.Client() as kept:
        idle.sendall(b"POST /api/enroll HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert kept.get(f"{address}/health/live").status_code == 200
        begun = time.monotonic()
        assert process.end() == 0
    assert time.monotonic() - begun < 10  # 3, and what a busy machine takes to end a process


def test_several_workers_serve_one_address_and_one_set_of_figures(serve):
    process, address, _ = serve("--workers", "2")
    for _ in range(20):
        assert httpx.get(f"{address}/health/ready").status_code == 200
    figures = httpx.get(f"{address}/metrics").text
    assert 'method="GET",route="/health/ready",status="200"} 20.0' in figures
    assert process.end() == 0


def test_a_port_that_is_taken_is_told(serve, tmp_path, postgres_url):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = Process(
            [COLLECTOR, "serve", "--port", port],
            log=tmp_path / "taken.log",
            environment={"HELIOGRAPH_DATABASE_URL": postgres_url},
        )
        with pytest.raises(Exception, match=port):
            process.start(ready=lambda: False)
    assert serve


def test_a_console_that_is_open_is_set_by_an_option_too(serve):
    _, address, _ = serve("--console-open", "true")
    with httpx.Client(base_url=address) as browser:
        assert browser.get("/").status_code == 200
        assert browser.get("/api/sites").json() == []
