"""What baselines are learned from: sunny minutes of the last days, five at a time."""

from dataclasses import dataclass
from typing import Annotated, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidBaselineError
from shared.numbers import compress, decompress
from shared.readings import MISSING, to_thousandths

BLOCK_US: Final = 300_000_000
"""How much time a row stands for, at least."""

_MOST: Final = 100_000
_MOST_VALUES: Final = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Rows in the order of time."""

    time_us: NDArray[np.int64]
    """The middle of each row, shape ``(n,)``."""
    day: NDArray[np.int32]
    """The solar day of each row, shape ``(n,)``."""
    values: NDArray[np.float32]
    """Medians in the order of `shared.readings.QUANTITIES`: ``(4, n, panels)``."""
    irradiance_w_m2: NDArray[np.float32]
    """Of the site, shape ``(n,)``."""

    @classmethod
    def empty(cls, panels: int = 0) -> Self:
        """Return one without rows."""
        return cls(
            np.empty(0, np.int64),
            np.empty(0, np.int32),
            np.empty((4, 0, panels), np.float32),
            np.empty(0, np.float32),
        )

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Return some rows, by mask."""
        return type(self)(
            self.time_us[rows], self.day[rows], self.values[:, rows], self.irradiance_w_m2[rows]
        )

    def of_panels(self, at: NDArray[np.intp]) -> Self:
        """Return the same for some panels, by number."""
        return type(self)(self.time_us, self.day, self.values[..., at], self.irradiance_w_m2)

    def joined(self, other: Self, *, rows: NDArray[np.bool_] | None = None) -> Self:
        """Return both, one after the other; panels the first did not know are missing there.

        Args:
            other: Of the panels of this one, or more.
            rows: Which of these rows to take, by mask; all without it.
        """
        mine = np.flatnonzero(rows) if rows is not None else np.arange(len(self))
        known = self.values.shape[2]
        # Filled in place: a gateway has no memory for a copy of a copy.
        values = np.full(
            (4, len(mine) + len(other), other.values.shape[2]), np.nan, self.values.dtype
        )
        for number in range(len(values)):
            values[number, : len(mine), :known] = self.values[number, mine]
        values[:, len(mine) :] = other.values
        return type(self)(
            np.concatenate([self.time_us[mine], other.time_us]),
            np.concatenate([self.day[mine], other.day]),
            values,
            np.concatenate([self.irradiance_w_m2[mine], other.irradiance_w_m2]),
        )

    def to_bytes(self) -> bytes:
        """Return it as MessagePack; values as whole thousandths, compressed panel by panel."""
        values = _thousandths(self.values.transpose(0, 2, 1).ravel())
        return msgspec.msgpack.encode(
            _Kept(
                self.values.shape[2],
                len(self),
                compress(self.time_us),
                compress(self.day),
                compress(values),
                compress(_thousandths(self.irradiance_w_m2)),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            InvalidBaselineError: It is damaged.
        """
        try:
            kept = msgspec.msgpack.decode(data, type=_Kept)
            rows, panels = kept.rows, kept.panels
            values = decompress(kept.values, kind="i4", count=4 * panels * rows)
            return cls(
                decompress(kept.time_us, kind="i8", count=rows),
                decompress(kept.day, kind="i4", count=rows),
                np.ascontiguousarray(_public(values).reshape(4, panels, rows).transpose(0, 2, 1)),
                _public(decompress(kept.irradiance, kind="i4", count=rows)),
            )
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvalidBaselineError(f"the history cannot be read: {error}") from error


class _Kept(msgspec.Struct, array_like=True):
    panels: Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
    rows: Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
    time_us: bytes
    day: bytes
    values: bytes
    irradiance: bytes

    def __post_init__(self) -> None:
        if self.panels * self.rows > _MOST_VALUES:
            raise ValueError(f"{self.panels} panels of {self.rows} rows are too many")


def _thousandths(values: NDArray[np.float32]) -> NDArray[np.int32]:
    return to_thousandths(values.astype(np.float64))


def _public(thousandths: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.where(thousandths == MISSING, np.nan, thousandths / 1000.0).astype(np.float32)
