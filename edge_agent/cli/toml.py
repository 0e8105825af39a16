"""Writing TOML, as far as a configuration needs it."""

import json
import re
from collections.abc import Mapping
from typing import Any


def as_toml(tables: Mapping[str, Any], *, at: str = "") -> str:
    """Return nested tables of text, numbers, booleans and lists as TOML."""
    plain = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    nested = {key: value for key, value in tables.items() if isinstance(value, dict)}
    lines = [f"{_key(key)} = {_value(value)}\n" for key, value in plain.items()]
    for key, table in nested.items():
        path = f"{at}.{_key(key)}" if at else _key(key)
        lines.append(f"\n[{path}]\n{as_toml(table, at=path)}")
    return "".join(lines)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value)  # text, numbers and booleans are written as in JSON
