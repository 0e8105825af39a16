"""ONNX files, as far as their metadata goes: made from nothing, or of another file."""

GRAPH = 7
METADATA = 14


def onnx_file(version="2026.11.1", *, size=2_000, **metadata):
    """A file with a graph that computes nothing, of about so many bytes."""
    graph = _bytes(2, b"nothing") + _bytes(10, bytes(range(256)) * (size // 256))
    return _number(1, 8) + _bytes(GRAPH, graph) + _metadata({"version": version} | metadata)


def with_metadata(data, **metadata):
    """The same model, with some of its `heliograph.` properties replaced."""
    kept = b""
    for number, start, end, value in _fields(data):
        if number == METADATA:
            name = {n: v for n, _, _, v in _fields(value)}[1].decode()
            if name.removeprefix("heliograph.") in metadata:
                continue
        kept += data[start:end]
    return kept + _metadata(metadata)


def _metadata(properties):
    return b"".join(
        _bytes(METADATA, _bytes(1, f"heliograph.{name}".encode()) + _bytes(2, value.encode()))
        for name, value in properties.items()
    )


def _fields(data):
    """Number, begin, end and value of each field; numbers have no value."""
    at = 0
    while at < len(data):
        start = at
        tag, at = _read(data, at)
        value = None
        match tag & 7:
            case 0:
                _, at = _read(data, at)
            case 2:
                size, at = _read(data, at)
                value, at = data[at : at + size], at + size
            case kind:
                at += {1: 8, 5: 4}[kind]
        yield tag >> 3, start, at, value


def _read(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def _bytes(number, value):
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _number(number, value):
    return _varint(number << 3) + _varint(value)


def _varint(value):
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
