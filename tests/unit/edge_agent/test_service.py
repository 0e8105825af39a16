import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.addresses import broker_of
from edge_agent.cli.commands import app
from edge_agent.configfile import load_config
from edge_agent.errors import EdgeError


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "edge.toml"
    path.write_text(
        '[site]\nid = "alpha"\n[upload]\ncollector_url = "https://c.example"\n'
        f'[mqtt]\nusername = "u"\npassword_file = "{tmp_path}/password"\n'
    )
    return path


def test_the_unit_hands_secret_files_to_the_service(config, tmp_path):
    shown = CliRunner().invoke(app, ["install-service", "--print", "--config", str(config)])
    assert f"\nLoadCredential=mqtt.password_file:{tmp_path}/password\n" in shown.stdout
    assert "client_key_file" not in shown.stdout


def test_folders_that_a_user_made_by_systemd_cannot_have_ask_for_a_user(config, tmp_path):
    config.write_text(f'{config.read_text()}[buffer]\npath = "{tmp_path}/outbox.db"\n')
    words = ["install-service", "--print", "--config", str(config)]
    with pytest.raises(EdgeError, match=rf"cannot have {tmp_path}, .* owner with --user"):
        raise CliRunner().invoke(app, words).exception
    shown = CliRunner().invoke(app, [*words, "--user", "solar"])
    assert f"\nReadWritePaths={tmp_path}\n" in shown.stdout
    assert "\nUser=solar\n" in shown.stdout


def test_what_a_path_has_beside_letters_stays_one_word_of_the_unit(config, tmp_path):
    folder = tmp_path / "my conf"
    folder.mkdir()
    moved = folder / "50%$x.toml"
    state = '[buffer]\npath = "/srv/my data/outbox.db"\n'
    moved.write_text(config.read_text().replace(f"{tmp_path}/pass", f"{tmp_path}/5% pass") + state)
    words = ["install-service", "--print", "--user", "solar", "--config", str(moved)]
    shown = CliRunner().invoke(app, words).stdout
    assert f' run --config "{folder}/50%%$$x.toml"\n' in shown
    assert f"\nLoadCredential=mqtt.password_file:{tmp_path}/5%% password\n" in shown
    assert '\nReadWritePaths="/srv/my data"\n' in shown


def test_a_file_that_a_user_made_by_systemd_cannot_read_is_named():
    with tempfile.TemporaryDirectory() as made:
        folder, path = Path(made), Path(made) / "edge.toml"
        folder.chmod(0o755)
        (folder / "ca.pem").touch(0o600)
        path.write_text(
            '[site]\nid = "alpha"\n[upload]\ncollector_url = "https://c.example"\n'
            f'[mqtt]\nurl = "mqtts://b"\nca_file = "{made}/ca.pem"\n'
        )
        path.chmod(0o644)
        words = ["install-service", "--print", "--config", str(path)]
        shown = CliRunner().invoke(app, words)
        assert f"systemd makes cannot read {made}/ca.pem: let all read it" in shown.stderr
        assert CliRunner().invoke(app, [*words, "--user", "solar"]).stderr == ""
        (folder / "ca.pem").chmod(0o644)
        assert CliRunner().invoke(app, words).stderr == ""


def test_the_copy_systemd_made_goes_before_the_file_itself(config, tmp_path, monkeypatch):
    (tmp_path / "password").write_text("of the file\n")
    assert broker_of(load_config(config)).password == "of the file"
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "mqtt.password_file").write_text("of the copy\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert broker_of(load_config(config)).password == "of the copy"
