"""The description of the API, completed with what only this package knows."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from collector.roles import OPTION, Access


def describe(app: Litestar) -> dict[str, Any]:
    """Return the description of an app's API (OpenAPI 3.1).

    Litestar takes names and types from the structs; their fields' docstrings, and which routes need
    no token, are added here.
    """
    description: dict[str, Any] = app.openapi_schema.to_schema()
    for name, schema in description["components"]["schemas"].items():
        for struct in _structs():
            if struct.__name__ == name:
                _describe_fields(schema.get("properties", {}), texts=field_texts(struct))
    for path, method in _public(app):
        operation = description["paths"].get(path, {}).get(method)
        if operation is not None:
            operation["security"] = []
    return description


def field_texts(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the docstring below each own field of a struct, by its name in JSON."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(node, ast.ClassDef)  # noqa: S101 - the source of a class
    names = {one.name: one.encode_name for one in msgspec.structs.fields(struct)}
    return {
        names[field.target.id]: inspect.cleandoc(text.value.value)
        for field, text in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _structs() -> Iterator[type[msgspec.Struct]]:
    """Yield our own structs that answers have."""
    return (
        struct
        for struct in msgspec.Struct.__subclasses__()
        if struct.__module__.startswith(("collector.", "shared.model_card"))
    )


def _describe_fields(properties: dict[str, Any], *, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        if name in properties:
            properties[name]["description"] = text


def _public(app: Litestar) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler) and handler.opt.get(OPTION) is Access.PUBLIC:
                for method in handler.http_methods:
                    yield route.path_format, method.lower()
