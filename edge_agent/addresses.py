"""From the configuration to where and who: the broker, its encryption, its topics."""

import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edge_agent.config import Config, MqttSettings, pace_of
from edge_agent.errors import ConfigError
from edge_agent.mqtt import Broker
from edge_agent.validate import Topics

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


def broker_of(config: Config) -> Broker:
    """Return where the broker is and who we are there, reading the secret files.

    Raises:
        ConfigError: The address is wrong, or a file cannot be read.
    """
    mqtt = config.mqtt
    try:
        url = urlsplit(mqtt.url)
        host, port = url.hostname, url.port or _PORTS[url.scheme]
    except ValueError as error:
        raise ConfigError(f"mqtt.url is {mqtt.url!r}: {error}") from error
    if not host or url.username or url.password:
        raise ConfigError(
            f"mqtt.url has to be mqtt://host:port or mqtts://host:port; for {host or 'it'} the "
            "user goes to mqtt.username, the password to mqtt.password_file"
        )
    return Broker(
        host=host,
        port=port,
        client_id=mqtt.client_id or f"heliograph-{config.site.id}",
        username=mqtt.username,
        password=_secret(mqtt.password_file) if mqtt.password_file else None,
        tls=_tls(mqtt) if url.scheme == "mqtts" else None,
        receive_maximum=pace_of(config.upload).receive_maximum,
    )


def topics_of(mqtt: MqttSettings) -> Topics:
    """Return what the topics of the configuration mean.

    Raises:
        ConfigError: One has a wildcard where none is allowed.
    """
    return Topics(readings=mqtt.readings_topic, weather=mqtt.weather_topic, meter=mqtt.meter_topic)


def _secret(path: Path) -> str:
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"mqtt.password_file: cannot read {path}: {error}") from error


def _tls(mqtt: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file)
    except OSError as error:
        raise ConfigError(f"mqtt.ca_file: cannot use {mqtt.ca_file}: {error}") from error
    if mqtt.client_certificate_file and mqtt.client_key_file:
        try:
            context.load_cert_chain(mqtt.client_certificate_file, mqtt.client_key_file)
        except OSError as error:
            raise ConfigError(
                f"mqtt.client_certificate_file and client_key_file: cannot use "
                f"{mqtt.client_certificate_file} and {mqtt.client_key_file}: {error}"
            ) from error
    return context
