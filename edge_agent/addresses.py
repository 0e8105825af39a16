"""From the configuration to where and who: the broker, its encryption, its topics."""

import os
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edge_agent.broker import Broker
from edge_agent.config import Config, MqttSettings, pace_of
from edge_agent.errors import ConfigError
from edge_agent.textfile import ENCODING, unread
from edge_agent.validate import Topics

PASSWORD: Final = "mqtt.password_file"  # noqa: S105 - the name of a key
CLIENT_KEY: Final = "mqtt.client_key_file"

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


def broker_of(config: Config) -> Broker:
    """Return where the broker is and who we are there, reading the secret files.

    Raises:
        ConfigError: A file cannot be read.
    """
    mqtt = config.mqtt
    url = urlsplit(mqtt.url)
    return Broker(
        host=url.hostname or "",
        port=url.port or _PORTS[url.scheme],
        client_id=mqtt.client_id or f"heliograph-{config.site.id}",
        username=mqtt.username,
        password=_secret(_readable(mqtt, key=PASSWORD)) if mqtt.password_file else None,
        tls=_tls(mqtt) if url.scheme == "mqtts" else None,
        receive_maximum=pace_of(config.upload).receive_maximum,
    )


def secret_files(mqtt: MqttSettings) -> dict[str, Path]:
    """Return the files only their owner should be able to read, by the keys that name them."""
    files = {PASSWORD: mqtt.password_file, CLIENT_KEY: mqtt.client_key_file}
    return {key: path for key, path in files.items() if path is not None}


def topics_of(mqtt: MqttSettings) -> Topics:
    """Return what the topics of the configuration mean.

    Raises:
        ConfigError: One has a wildcard where none is allowed.
    """
    return Topics(readings=mqtt.readings_topic, weather=mqtt.weather_topic, meter=mqtt.meter_topic)


def _readable(mqtt: MqttSettings, *, key: str) -> Path:
    """Return systemd's copy of a secret file, made for our user, where there is one."""
    copy = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / key
    return copy if copy.is_file() else secret_files(mqtt)[key]


def _secret(path: Path) -> str:
    try:
        return path.read_text(ENCODING).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"mqtt.password_file: cannot read {path}: {unread(error)}") from error


def _tls(mqtt: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file)
    except OSError as error:
        raise ConfigError(f"mqtt.ca_file: cannot use {mqtt.ca_file}: {unread(error)}") from error
    if mqtt.client_certificate_file and mqtt.client_key_file:
        try:
            key_file = _readable(mqtt, key=CLIENT_KEY)
            context.load_cert_chain(mqtt.client_certificate_file, key_file)
        except OSError as error:
            raise ConfigError(
                f"mqtt.client_certificate_file and client_key_file: cannot use "
                f"{mqtt.client_certificate_file} and {mqtt.client_key_file}: {unread(error)}"
            ) from error
    return context
