"""Batches of rows as a Parquet file, piece by piece; needs pyarrow, which is an extra."""

import io
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from collector.errors import ProblemError

_TEXTS: Final = ("site", "panel_id")
_WHOLE: Final = ("quality", "samples", "covered_seconds")


def check_parquet() -> None:
    """Make sure that Parquet can be written.

    Raises:
        ProblemError: It cannot.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - an extra, asked for when it is needed
    except ImportError as error:
        raise ProblemError(
            "format is 'parquet', which this collector cannot write: "
            "install heliograph[parquet], or ask for csv",
            status=501,
            title="no parquet",
        ) from error


async def parquet(
    batches: AsyncGenerator[tuple[list[str], list[tuple[Any, ...]]], None],
) -> AsyncGenerator[bytes, None]:
    """Yield a Parquet file, each batch as a row group of its own.

    Args:
        batches: The names of the columns and rows; at least one, which may be empty. They are
            closed with it.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, asked for when it is needed
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = io.BytesIO()
    writer = None
    async with aclosing(batches):
        async for names, rows in batches:
            schema = pa.schema([(name, _type(pa, name)) for name in names])
            if writer is None:
                writer = pq.ParquetWriter(_Unseekable(sink), schema, compression="zstd")
            columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
            arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield _taken(sink)
    if writer is not None:
        writer.close()
    yield _taken(sink)


class _Unseekable(io.RawIOBase):
    """A file that is only written to, whose contents may be taken away meanwhile."""

    def __init__(self, sink: io.BytesIO) -> None:
        super().__init__()
        self._sink = sink
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        self._written += (count := self._sink.write(data))
        return count


def _taken(sink: io.BytesIO) -> bytes:
    taken = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return taken


def _type(pa: Any, name: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    if name in _TEXTS:
        return pa.string()
    if name == "timestamp":
        return pa.timestamp("us", "UTC")
    return pa.int64() if name in _WHOLE else pa.float64()
