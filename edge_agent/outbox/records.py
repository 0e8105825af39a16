"""Rows as SQLite lays them out in a page, read without SQLite.

The format is documented at https://www.sqlite.org/fileformat2.html#record_format.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from edge_agent.outbox.upgrade import schema

Value = int | float | bytes | str | None

MAX_PAYLOAD: Final = 268_435_456
"""No row is that large; bounds what a damaged length can ask for."""

_SALVAGED: Final = ("segment", "set_aside", "quarantine", "replay")
_INTEGER_BYTES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FIXED_BYTES: Final = {0: 0, **_INTEGER_BYTES, 7: 8, 8: 0, 9: 0}
_FIRST_OF_LENGTH: Final = 12
_LONGEST_VARINT: Final = 9


class Shape(NamedTuple):
    """A row's header: what is where in its payload."""

    table: str
    """Which table it is of."""
    types: tuple[int, ...]
    """The serial type of each column."""
    header_bytes: int
    """Where its values begin."""
    payload_bytes: int
    """Of header and values."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it.

    Raises:
        IndexError: The data ends before it does.
    """
    value = 0
    for end in range(at, at + _LONGEST_VARINT - 1):
        byte = data[end]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follow
            return value, end + 1
    value = value << 8 | data[at + _LONGEST_VARINT - 1]
    return value, at + _LONGEST_VARINT


def varint_before(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that ends before a place, and where it begins.

    Raises:
        IndexError: The data begins after it does.
    """
    begin = at - 1
    while begin > at - _LONGEST_VARINT + 1 and begin > 0 and data[begin - 1] >= 0x80:  # noqa: PLR2004 - as above
        begin -= 1
    if begin < 0:
        raise IndexError("no number before the data")
    return varint(data, begin)[0], begin


def shape_at(data: bytes, at: int) -> Shape | None:
    """Return the shape of the row whose payload begins at a place; None if it is none of ours.

    Args:
        data: A page; the row's header must be in it, its values need not.
        at: Where the payload begins.
    """
    try:
        header_bytes, place = varint(data, at)
        end = at + header_bytes
        types = []
        while place < end:
            serial, place = varint(data, place)
            types.append(serial)
    except IndexError:
        return None
    payload_bytes = header_bytes + sum(map(_bytes_of, types))
    if place != end or payload_bytes > MAX_PAYLOAD:
        return None
    table = next((name for name, kinds in layouts().items() if _fits(types, kinds)), None)
    return None if table is None else Shape(table, tuple(types), header_bytes, payload_bytes)


def values_of(shape: Shape, payload: bytes) -> dict[str, Value]:
    """Return a row's values by column; those that are cut off are missing.

    Args:
        shape: Its header.
        payload: Header and values, or the beginning of them.

    Raises:
        ValueError: A text is not one.
    """
    found: dict[str, Value] = {}
    at = shape.header_bytes
    for name, serial in zip(layouts()[shape.table], shape.types, strict=True):
        end = at + _bytes_of(serial)
        if end > len(payload):
            break
        found[name] = _value(serial, payload[at:end])
        at = end
    return found


@cache
def layouts() -> Mapping[str, Mapping[str, str]]:
    """Return the columns, and their kinds, of the tables whose rows are salvaged."""
    tables = {}
    for statement in schema():
        words = statement.split(None, 3)
        if words[:2] == ["CREATE", "TABLE"] and words[2] in _SALVAGED:
            inside = statement[statement.index("(") + 1 : statement.rindex(")")]
            lines = [line.split() for line in inside.splitlines() if line.strip()]
            tables[words[2]] = {one[0]: one[1].strip(",") for one in lines if one[0] != "UNIQUE"}
    return tables


def _fits(types: list[int], kinds: Mapping[str, str]) -> bool:
    # The first column is the row's number, which is not in the record.
    return (
        len(types) == len(kinds)
        and types[0] == 0
        and all(
            serial == 0 or _kind(serial) == kind
            for serial, kind in zip(types, kinds.values(), strict=True)
        )
    )


def _kind(serial: int) -> str:
    if serial >= _FIRST_OF_LENGTH:
        return "TEXT" if serial % 2 else "BLOB"
    return "INTEGER" if serial in {*_INTEGER_BYTES, 8, 9} else ""


def _bytes_of(serial: int) -> int:
    if serial >= _FIRST_OF_LENGTH:
        return (serial - _FIRST_OF_LENGTH) // 2
    return _FIXED_BYTES.get(serial, MAX_PAYLOAD + 1)


def _value(serial: int, data: bytes) -> Value:
    if serial >= _FIRST_OF_LENGTH:
        return data.decode("utf-8") if serial % 2 else data
    if serial in _INTEGER_BYTES:
        return int.from_bytes(data, "big", signed=True)
    return {8: 0, 9: 1}.get(serial)
