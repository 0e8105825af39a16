import os
import socket

import pytest

from edge_agent.notify import Systemd


@pytest.mark.parametrize("abstract", [False, True])
def test_states_arrive_at_the_socket_systemd_names(tmp_path, abstract):
    name = f"@heliograph-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0", 1) if abstract else name)
        Systemd.of({"NOTIFY_SOCKET": name}).tell(READY="1", STATUS="running")
        assert systemd.recv(100) == b"READY=1\nSTATUS=running"


def test_without_systemd_nothing_happens():
    Systemd.of({}).tell(READY="1")


def test_the_watchdog_is_ours_only_if_it_names_us():
    assert Systemd.of({"WATCHDOG_USEC": "3000000"}).watchdog_seconds == 3
    other = {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}
    assert Systemd.of(other).watchdog_seconds is None


def test_a_socket_that_is_gone_is_no_reason_to_fail(tmp_path, caplog):
    Systemd.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(READY="1")
    assert "cannot tell systemd" in caplog.text
