"""Settings are what the environment says, or an error that says what is allowed."""

from pathlib import Path

import pytest

from collector.errors import SettingsError
from collector.registry import MAX_PANELS
from collector.settings import Settings


def test_an_empty_environment_gives_the_defaults():
    settings = Settings.from_environment({"HELIOGRAPH_PORT": "", "PATH": "/bin"})
    assert settings == Settings()
    assert settings.max_panels_per_site == MAX_PANELS
    assert (settings.host, settings.port, settings.console_open) == ("127.0.0.1", 8000, False)


def test_every_setting_survives_the_way_through_the_environment(tmp_path):
    settings = Settings(
        database_url="postgresql://someone:secret@db/heliograph",
        data_dir=tmp_path,
        host="::1",
        port=0,
        workers=3,
        log_level="debug",
        max_body_bytes=4096,
        max_panels_per_site=7,
        console_open=True,
    )
    assert Settings.from_environment(settings.as_environment()) == settings


def test_a_password_is_not_in_what_is_printed_of_settings():
    assert "secret" not in repr(Settings(database_url="postgresql://someone:secret@db/x"))


def test_a_data_folder_may_begin_at_home():
    settings = Settings.from_environment({"HELIOGRAPH_DATA_DIR": "~/readings"})
    assert settings.data_dir == Path.home() / "readings"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "eighty", "0 to 65535"),
        ("PORT", "65536", "0 to 65535"),
        ("PORT", "-1", "0 to 65535"),
        ("PORT", "٣", "0 to 65535"),
        ("WORKERS", "0", "1 to 64"),
        ("MAX_BODY_BYTES", "12", "1024 to"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("CONSOLE_OPEN", "perhaps", "true"),
        ("HOST", "127.0.0.1 ", "without a port"),
        ("DATABASE_URL", "mysql://db/x", "postgresql://"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_variable_the_value_and_what_is_allowed(
    name, value, allowed
):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"HELIOGRAPH_{name}": value})
    assert f"HELIOGRAPH_{name}" in str(caught.value)
    assert value.split(":")[0] in str(caught.value)
    assert allowed in str(caught.value)


def test_the_error_about_a_database_url_keeps_its_password():
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"HELIOGRAPH_DATABASE_URL": "mysql://someone:secret@db/x"})
    assert "secret" not in str(caught.value)
