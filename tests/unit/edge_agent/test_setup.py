"""`edge-agent init` and `enroll`, where nobody is there to be asked."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge_agent.cli.commands import app
from edge_agent.configfile import load_config
from edge_agent.errors import EnrollmentError
from edge_agent.identity import Card, write_card, write_key

ADDRESS = "https://c.example"


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ((), "--site and --collector-url"),
        (("--site", "alpha"), "give --collector-url"),
        (("--collector-url", ADDRESS), "give --site"),
    ],
)
def test_init_without_a_terminal_names_the_options_it_needs(tmp_path, given, asked):
    done = run("init", "--config", tmp_path / "edge.toml", *given)
    assert done.exit_code == 2
    assert asked in " ".join(done.output.replace("│", " ").split())
    assert not (tmp_path / "edge.toml").exists()


def test_init_writes_what_it_is_given(tmp_path):
    path = tmp_path / "edge.toml"
    assert run("init", "-c", path, "--site", "alpha", "--collector-url", ADDRESS).exit_code == 0
    assert load_config(path).upload.collector_url == ADDRESS


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.delenv("HELIOGRAPH_ENROLLMENT_TOKEN", raising=False)
    path = tmp_path / "edge.toml"
    run("init", "-c", path, "--site", "a", "--collector-url", ADDRESS, "--state", tmp_path)
    return path


def test_enroll_without_a_token_says_where_one_may_be(config):
    with pytest.raises(EnrollmentError, match="the token is empty; --token-file"):
        raise run("enroll", "--config", config).exception


def test_enroll_without_a_token_says_of_an_enrolled_gateway_that_it_is(config):
    write_key(config.with_name("identity.pem"), Ed25519PrivateKey.generate())
    write_card(config.with_name("identity.pem"), Card("gw-7", "a", ADDRESS))
    with pytest.raises(EnrollmentError, match=r"already enrolled as gateway gw-7 .* --new-key"):
        raise run("enroll", "--config", config).exception
