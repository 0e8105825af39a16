"""Declared losses: what a gateway gave up on purpose or lost to damage, told to the collector."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidSegmentError
from shared.segments import Segment
from shared.tables import MISSING_I8, Table, Text


class LossReason(StrEnum):
    """Why rows are lost; only `THINNED` leaves something of the range to come."""

    THINNED = "thinned"
    """The outbox was full: readings became one-minute means; ``rows`` is the difference."""
    OVER_SIZE = "over_size"
    """The outbox was full and all of it thinned: the oldest went."""
    OVER_AGE = "over_age"
    """Older than the outbox keeps data."""
    DISK_FULL = "disk_full"
    """The disk had less free room than it has to keep."""
    DAMAGED = "damaged"
    """The outbox file was damaged there."""
    DISCARDED = "discarded"
    """A person discarded a segment the collector had refused."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a range of flushes that will never arrive."""

    stream: UUID
    """The stream they are of,"""
    first_seq: int
    """from which flush,"""
    last_seq: int
    """to which, inclusive."""
    rows: int | None
    """How many rows of all tables; None if damage left no way to tell."""
    from_us: int
    """The earliest time of a row, microseconds since 1970-01-01 UTC."""
    to_us: int
    """The latest."""
    reason: LossReason
    """Why."""
    declared_us: int
    """When that was, by the gateway's clock, microseconds since 1970-01-01 UTC."""


def losses_table(losses: Sequence[Loss]) -> Table:
    """Return declared losses, at least one, as a segment's table."""
    numbers = ("first_seq", "last_seq", "from_us", "to_us", "declared_us")
    rows = [MISSING_I8 if loss.rows is None else loss.rows for loss in losses]
    table: dict[str, NDArray[Any] | Text] = {
        "stream": Text.of(str(loss.stream) for loss in losses),
        "rows": np.array(rows, np.int64),
        "reason": Text.of(loss.reason.value for loss in losses),
    }
    for name in numbers:
        table[name] = np.array([getattr(loss, name) for loss in losses], np.int64)
    return table


def losses_of(segment: Segment) -> list[Loss]:
    """Return the declared losses a segment carries.

    Raises:
        InvalidSegmentError: A stream, a range, a reason or a number of rows is not valid.
    """
    table = segment.tables.get("losses")
    if table is None:
        return []
    columns = {name: column.tolist() for name, column in table.items()}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    try:
        return [_loss(row) for row in rows]
    except msgspec.ValidationError as error:
        raise InvalidSegmentError(f"a declared loss is not valid: {error}") from error


def _loss(row: dict[str, object]) -> Loss:
    if row["rows"] == MISSING_I8:
        row = row | {"rows": None}
    loss = msgspec.convert(row, Loss)
    if not 0 <= loss.first_seq <= loss.last_seq < np.iinfo(np.int64).max or (loss.rows or 0) < 0:
        raise InvalidSegmentError(
            f"a declared loss is of flushes {loss.first_seq} to {loss.last_seq} and "
            f"{loss.rows} rows, allowed are ranges from 0 on and no negative rows"
        )
    return loss
