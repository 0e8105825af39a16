"""Columns of numbers as bytes: compressed by pcodec, lossless, made for numeric columns."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pcodec import ChunkConfig, standalone

_CONFIG: Final = ChunkConfig(compression_level=8)


def compress(numbers: NDArray[Any]) -> bytes:
    """Compress an array of one dimension."""
    return bytes(standalone.simple_compress(np.ascontiguousarray(numbers), _CONFIG))


def decompress(data: bytes, *, kind: str, count: int) -> NDArray[Any]:
    """Return as many numbers of a numpy type as `compress` was given.

    Raises:
        ValueError: They are damaged, of another type, or not as many.
    """
    numbers = np.empty(count, np.dtype(kind))
    try:
        progress = standalone.simple_decompress_into(data, numbers)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"is damaged: {error}") from error
    if progress.n_processed != count or not progress.finished:
        raise ValueError(f"does not have the {count} rows it announces")
    return numbers
