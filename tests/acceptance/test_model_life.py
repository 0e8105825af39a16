"""A new model, with the real programs: added, offered, fetched over a link that breaks, tried."""

import json
import random
from importlib import resources

import psycopg
import pytest

from programs.onnx_files import with_metadata
from programs.proxy import Proxy, Trouble

SHIPPED = (resources.files("models") / "artifacts" / "faults.onnx").read_bytes()
OFTEN = {"check_hours": 0.0003, "shadow_hours": 24.0}  # asks each second


@pytest.fixture
def proxy(collector_server):
    proxy = Proxy(collector_server.port)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def added(collector_server, tmp_path):
    """`added(version)`: adds a model that is as the shipped one but for its name and its size."""
    padding = random.Random(7).randbytes(350_000).hex()

    def add(version):
        file = tmp_path / f"{version}.onnx"
        file.write_bytes(with_metadata(SHIPPED, version=version, padding=padding))
        collector_server.command("model", "add", str(file))
        return file.read_bytes()

    return add


@pytest.fixture
def agent(edge_agent_process, iotcore_broker, proxy):
    settings = {
        "upload": {"collector_url": proxy.url, "max_kbit_per_second": 2_000},
        "detect.model": OFTEN,
    }
    return edge_agent_process("alpha", f"mqtt://127.0.0.1:{iotcore_broker}", settings)


def model_of(agent):
    status = agent.config.with_name("status.json")
    return json.loads(status.read_bytes())["model"]


def test_a_signed_model_is_fetched_with_resume_tried_used_and_rolled_back_and_no_other_is_believed(
    agent, proxy, added, collector_server, wait_until, postgres_url
):
    shipped = wait_until(lambda: model_of(agent)["in_use"], what="the model that came along")
    data = added("2099.1")
    collector_server.command("model", "offer", "2099.1")
    folder = agent.config.with_name("models")

    def fetched():
        return max([part.stat().st_size for part in folder.glob("*.part")], default=0)

    wait_until(lambda: fetched() > 100_000, timeout=60, what="a part of the model")
    proxy.be(Trouble.UNREACHABLE)
    agent.kill()
    assert 0 < fetched() < len(data)
    there, passed = fetched(), proxy.passed_bytes
    proxy.be(None)
    agent.start()
    wait_until(lambda: model_of(agent).get("candidate") == "2099.1", timeout=60, what="the trial")
    assert proxy.passed_bytes - passed < len(data) - there + 150_000  # the rest, not all of it
    obeys_by_hand(agent, wait_until, shipped)
    believes_no_other(agent, added, collector_server, wait_until, postgres_url)


def obeys_by_hand(agent, wait_until, shipped):
    """A model is used, and given up, by commands beside the running agent."""
    lines = {line["name"]: line for line in agent.command("model", "list")}
    assert (lines["2099.1"]["state"], lines["2099.1"]["signature"]) == ("candidate", "valid")
    assert (lines["shipped"]["state"], lines["shipped"]["version"]) == ("in use", shipped)

    assert agent.command("model", "use", "2099.1")["in_use"] == "2099.1"
    wait_until(lambda: model_of(agent)["in_use"] == "2099.1", what="the model in use")
    assert agent.command("model", "rollback") == {"in_use": "shipped", "previous": None}
    wait_until(lambda: model_of(agent)["in_use"] == shipped, what="the model that came along")
    lines = {line["name"]: line for line in agent.command("model", "list")}
    assert lines["2099.1"]["state"] == "refused"
    assert lines["2099.1"]["reason"] == "rolled back by hand"


def believes_no_other(agent, added, collector_server, wait_until, postgres_url):
    """What the pinned key does not vouch for is named, and never used."""

    def trouble():
        return str(model_of(agent).get("trouble"))

    added("2099.2")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE model SET data = set_byte(data, 70000, 0)")
    collector_server.command("model", "offer", "2099.2")
    wait_until(lambda: "was changed: its SHA-256 is" in trouble(), timeout=60)
    assert "2099.2" in trouble()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE model SET signature = repeat('A', 86) || '=='")
    wait_until(lambda: "2099.2 is not by the collector's key" in trouble(), timeout=60)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE model_signer SET private_key = sha256('another')")
    wait_until(lambda: "enrol again (edge-agent enroll)" in trouble(), timeout=60)
    assert trouble() in agent.report("status")["problems"]
    assert model_of(agent).get("candidate") is None
    assert model_of(agent)["source"] == "shipped"
