"""What a value may be, in words for whoever asks from another language."""

from typing import Any, Final

import msgspec
from msgspec import inspect

_PLAIN: Final[dict[type[inspect.Type], str]] = {
    inspect.BoolType: "true or false",
    inspect.NoneType: "null",
}


def fields_in_words(*kinds: type[msgspec.Struct]) -> str:
    """Return what an object with the fields of all these may have, field by field."""
    infos = [inspect.type_info(kind) for kind in kinds]
    fields = [
        f"{field.encode_name} ({_words(field.type)})"
        for info in infos
        if isinstance(info, inspect.StructType)
        for field in info.fields
    ]
    return f"an object of {', '.join(fields)}" if fields else "an object without fields"


def in_words(kind: Any) -> str:  # noqa: ANN401 - types and their annotations
    """Return what a value of a type, without null, may be."""
    info = inspect.type_info(kind)
    if isinstance(info, inspect.UnionType):
        return " or ".join(_words(one) for one in info.types if not _is_null(one))
    return _words(info)


def _words(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata():
            words = _words(info.type)
        case inspect.UnionType():
            words = " or ".join(map(_words, sorted(info.types, key=_is_null)))
        case inspect.EnumType():
            words = ", ".join(member.value for member in info.cls)
        case inspect.IntType():
            words = "a whole number" + _bounds(info.ge, info.le)
        case inspect.StrType():
            words = "a text" + _length(info.min_length, info.max_length, of="characters")
        case inspect.ListType():
            bounds = _length(info.min_length, info.max_length, of="")
            words = f"a list{bounds}, each {_words(info.item_type)}"
        case _:
            words = _PLAIN.get(type(info), "what /docs says of it")
    return words


def _is_null(info: inspect.Type) -> bool:
    return isinstance(info, inspect.NoneType)


def _bounds(least: int | None, most: int | None) -> str:
    if least is None or most is None:
        return ""
    return f" from {least} to {most}"


def _length(least: int | None, most: int | None, *, of: str) -> str:
    if least is None or most is None:
        return ""
    return f" of {least} to {most} {of}".rstrip()
