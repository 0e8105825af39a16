"""Reading the configuration from TOML; every complaint names key, value and what is allowed."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge_agent.config import Config
from edge_agent.errors import ConfigError
from edge_agent.panels import PanelEntry, PanelSettings, check_ranges
from edge_agent.textfile import ENCODING, tables_of, unread
from edge_agent.urls import BROKER_SIGN_IN, COLLECTOR_SIGN_IN, check_url
from edge_agent.validate import Topics
from shared.complaints import expected, located, missing_field, unknown_field
from shared.messages import PANEL_ID

DEFAULT_PATH: Final = Path("/etc/heliograph/edge-agent.toml")
ENVIRONMENT: Final = "HELIOGRAPH_EDGE_CONFIG"


def config_path(option: Path | None) -> Path:
    """Return ``--config``, else what the environment names, else the usual place."""
    return option or Path(os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load_config(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: There is none, it is not TOML, or something in it is not allowed.
    """
    try:
        text = path.read_text(ENCODING)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the configuration {path} ({unread(error)}); "
            "`edge-agent init` writes one, --config names another"
        ) from error
    try:
        return parse_config(text)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_config(text: str) -> Config:
    """Decode and check a configuration.

    Raises:
        ConfigError: It is not TOML, or something in it is not allowed.
    """
    raw = tables_of(text)
    panels = raw.pop("panels", {})
    config: Config = _convert({**raw}, Config, at="")
    config = msgspec.structs.replace(config, panels=_panels(panels))
    _check_rest(config)
    return config


def as_tables(config: Config) -> dict[str, Any]:
    """Return a configuration as the tables of a file; what is not set is left out."""
    tables: dict[str, Any] = _given(msgspec.to_builtins(config, enc_hook=str))
    panels = tables["panels"]
    tables["panels"] = {
        **panels["defaults"],
        **({"models": panels["models"]} if panels["models"] else {}),
        **panels["panels"],
    }
    return tables


def _given(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    if not isinstance(value, dict):
        return value
    return {key: _given(one) for key, one in value.items() if one is not None}


def _panels(raw: object) -> PanelSettings:
    """Sort `[panels]` into defaults, models and single panels."""
    if not isinstance(raw, dict):
        raise ConfigError(f"panels is {raw!r}, allowed is a table")
    models = raw.get("models", {})
    if not isinstance(models, dict):
        raise ConfigError(f"panels.models is {models!r}, allowed is a table of models")
    known = {*PanelEntry.__struct_fields__, "models"}
    single = {k: v for k, v in raw.items() if k not in known and isinstance(v, dict)}
    defaults = {k: v for k, v in raw.items() if k != "models" and k not in single}
    for panel_id in single:
        if not PANEL_ID.fullmatch(panel_id):
            raise ConfigError(
                f"panels.{panel_id!r} is no panel id, allowed are 1 to 64 letters, digits "
                "and . _ : - beginning with a letter or digit"
            )
    return PanelSettings(
        defaults=_convert(defaults, PanelEntry, at="panels"),
        models={k: _convert(v, PanelEntry, at=f"panels.models.{k}") for k, v in models.items()},
        panels={k: _convert(v, PanelEntry, at=f"panels.{k}") for k, v in single.items()},
    )


def _check_rest(config: Config) -> None:
    """Check what the keys' types cannot: addresses, topics, and what several keys say together.

    Raises:
        ConfigError: One of them needs another, or an address or a name cannot be used.
    """
    mqtt = config.mqtt
    check_url(mqtt.url, key="mqtt.url", instead=BROKER_SIGN_IN)
    check_url(config.upload.collector_url, key="upload.collector_url", instead=COLLECTOR_SIGN_IN)
    Topics(readings=mqtt.readings_topic, weather=mqtt.weather_topic, meter=mqtt.meter_topic)
    check_ranges(config.panels)
    if mqtt.password_file and not mqtt.username:
        raise ConfigError("mqtt.password_file is set without mqtt.username; set both or none")
    if bool(mqtt.client_certificate_file) != bool(mqtt.client_key_file):
        raise ConfigError(
            "mqtt.client_certificate_file and mqtt.client_key_file belong together; set both"
        )
    try:
        ZoneInfo(config.site.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"site.timezone is {config.site.timezone!r}, allowed are IANA names, "
            "as in Europe/Berlin"
        ) from error


def _convert(raw: object, kind: Any, *, at: str) -> Any:  # noqa: ANN401 - as msgspec.convert
    try:
        return msgspec.convert(raw, kind, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigError(_complaint(str(error), raw, kind, at=at)) from error


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    raise ValueError(f"Expected a file's path, got {value!r}")


def _complaint(message: str, raw: object, kind: Any, *, at: str) -> str:  # noqa: ANN401 - a type
    """Put msgspec's complaint into key, value and what is allowed."""
    keys, text = located(message)
    name = ".".join([key for key in (at, *keys) if key])
    if unknown := unknown_field(text):
        fields = list(getattr(_type_at(kind, keys), "__struct_fields__", ()))
        near = _known_instead(unknown, fields=fields)
        return f"{_join(name, unknown)} is not a known key; {near}"
    if missing := missing_field(text):
        return f"{_join(name, missing)} is missing; it has no default"
    value = _value_at(raw, keys)
    return f"{name} is {_shown(value)}; {_allowed(text, _type_at(kind, keys))}"


def _known_instead(name: str, *, fields: list[str]) -> str:
    near = difflib.get_close_matches(name, fields, n=1)
    allowed = f"are {', '.join(fields)}"
    return f"did you mean {near[0]}? Allowed {allowed}" if near else f"allowed {allowed}"


def _allowed(text: str, kind: Any) -> str:  # noqa: ANN401 - a type
    choices = [a for part in (kind, *get_args(kind)) if get_origin(part) is Literal for a in
               get_args(part)]  # fmt: skip
    if choices:
        return f"allowed are {', '.join(map(str, choices))}"
    if "regex" in text:
        [words] = [part.description for part in get_args(kind) if isinstance(part, msgspec.Meta)]
        return f"allowed is {words}"
    return expected(text).replace("an object", "a table")


def _type_at(kind: Any, keys: list[str]) -> Any:  # noqa: ANN401 - types in, type out
    """Return the declared type at a path, as far as it leads through structs and tables."""
    for key in keys:
        if key == "[...]":
            continue
        fields = getattr(kind, "__struct_fields__", ())
        kind = _hints(kind).get(key.split("[")[0]) if fields else None
    return kind


def _hints(kind: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a type
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _shown(value: object) -> str:
    """Return a value without what stands before an @: an address may have a password there."""
    before, at, behind = repr(value).rpartition("@")
    return f"{before[:1]}…@{behind}" if at else behind


def _value_at(raw: object, keys: list[str]) -> object:
    for key in keys:
        name = key.split("[")[0]
        if not isinstance(raw, Mapping) or name not in raw:
            return raw
        raw = raw[name]
    return raw


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key
