"""What the simulator says it published is what a real broker holds."""

import json
import shutil
import signal
import subprocess

import pytest

from models.simulator.faults import KINDS


def url(broker, *, user=""):
    return f"mqtt://{user}127.0.0.1:{broker.port}"


def readings_of(messages):
    """Return panel and time of each reading in messages of topic and payload."""
    found = []
    for topic, payload in messages:
        if topic.startswith("sensors/"):
            decoded = json.loads(payload)
            for reading in decoded if isinstance(decoded, list) else [decoded]:
                assert topic == f"sensors/{reading['panel_id']}/readings"
                found.append((reading["panel_id"], reading["timestamp"]))
    return found


def account_of(process, *, seconds=120):
    output, errors = process.communicate(timeout=seconds)
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def test_history_and_live_arrive_as_accounted(broker, simulator):
    broker.keep_for("reader")
    account = account_of(
        simulator(
            "--mqtt-url", url(broker), "--json", "--panels", 7, "--history", "1h",
            "--history-interval", 15, "--duration", "3s", "--interval", 0.5,
        )
    )  # fmt: skip
    expected = 7 * (3600 // 15 + 6)
    assert account["published"] == account["acknowledged"] == account["distinct"] == expected
    assert account["weather"] == account["meter"] >= 240
    messages = broker.kept_for("reader")
    received = readings_of(messages)
    assert len(received) == len(set(received)) == expected
    for panel, tally in account["panels"].items():
        times = sorted(time for id_, time in received if id_ == panel)
        assert len(times) == tally["published"] == tally["acknowledged"]
        assert (times[0][:23], times[-1][:23]) == (tally["first"][:23], tally["last"][:23])
    assert {topic for topic, _ in messages if topic.startswith("site/")} == {
        "site/weather",
        "site/meter",
    }


def test_nothing_is_lost_when_the_broker_restarts_in_between(broker, simulator):
    broker.keep_for("reader")
    process = simulator(
        "--mqtt-url", url(broker), "--json", "--verbose", "--panels", 40, "--duration", "5s",
        "--interval", 0.1,
    )  # fmt: skip
    for _ in range(400):
        assert process.stderr.readline()
    broker.stop()
    for line in process.stderr:
        if "lost the MQTT broker" in line:
            break
    broker.start()
    account = account_of(process)
    assert account["reconnects"] == 1
    assert account["published"] == account["acknowledged"] == account["distinct"] == 40 * 50
    received = readings_of(broker.kept_for("reader"))
    assert len(set(received)) == account["distinct"]
    assert len(received) >= account["published"]


def test_faults_of_delivery_show_in_the_account(broker, simulator):
    broker.keep_for("reader")
    faults = "duplicates:PANEL-001,offline:PANEL-002@1s,stuck_v:PANEL-003@0s+1h"
    account = account_of(
        simulator(
            "--mqtt-url", url(broker), "--json", "--panels", 3, "--start=-1m", "--duration", "30s",
            "--speed", 0, "--batch", 10, "--faults", faults,
        )
    )  # fmt: skip
    assert account["published"] > account["distinct"]
    received = readings_of(broker.kept_for("reader"))
    assert len(received) == account["published"]
    assert len(set(received)) == account["distinct"]
    assert account["panels"]["PANEL-003"]["published"] == 30
    assert account["panels"]["PANEL-002"]["published"] <= 2
    assert [label["name"] for label in account["faults"]] == ["duplicates", "offline", "stuck_v"]
    assert set(KINDS) >= {label["name"] for label in account["faults"]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_with_everything_acknowledged(broker, simulator, number):
    process = simulator("--mqtt-url", url(broker), "--json", "--verbose")
    for _ in range(25):
        assert process.stderr.readline()
    process.send_signal(number)
    account = account_of(process, seconds=90)
    assert account["published"] == account["acknowledged"] >= 25


def test_a_wrong_password_is_told_and_not_tried_again(broker_with, simulator, tmp_path):
    passwords = tmp_path / "passwords"
    program = shutil.which("mosquitto_passwd")
    subprocess.run([program, "-b", "-c", passwords, "roof", "right"], check=True)
    broker = broker_with("allow_anonymous false", f"password_file {passwords}")
    secret = tmp_path / "secret"
    secret.write_text("right\n")
    ask = ("--mqtt-url", url(broker, user="roof@"), "--password-file", secret, "--json")
    assert account_of(simulator(*ask, "--duration", "1s"))["acknowledged"] == 10
    secret.write_text("wrong\n")
    process = simulator(*ask)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "Not authorized" in errors
    assert "wrong" not in errors


def test_a_broker_that_refuses_what_is_published_is_told(broker_with, simulator, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text("topic read sensors/#\n")
    broker = broker_with("allow_anonymous true", f"acl_file {rules}")
    process = simulator("--mqtt-url", url(broker))
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "refuses our messages: reason 0x87" in errors


def test_an_encrypted_broker_needs_its_authority(broker_with, simulator, tmp_path):
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    broker = broker_with("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    address = f"mqtts://127.0.0.1:{broker.port}"
    ask = ("--mqtt-url", address, "--json", "--duration", "1s")
    assert account_of(simulator(*ask, "--ca-file", certificate))["acknowledged"] == 10
    process = simulator(*ask)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "self-signed certificate" in errors or "self signed certificate" in errors
