"""What baselines are learned from: sunny minutes of the last days, five at a time."""

from dataclasses import dataclass
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidBaselineError

BLOCK_US: Final = 300_000_000
"""How much time a row stands for, at least."""


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

    def joined(self, other: Self) -> Self:
        """Return both, one after the other; panels the first did not know are missing there."""
        more = other.values.shape[2] - self.values.shape[2]
        mine = np.pad(self.values, ((0, 0), (0, 0), (0, more)), constant_values=np.nan)
        return type(self)(
            np.concatenate([self.time_us, other.time_us]),
            np.concatenate([self.day, other.day]),
            np.concatenate([mine, other.values], axis=1),
            np.concatenate([self.irradiance_w_m2, other.irradiance_w_m2]),
        )

    def to_bytes(self) -> bytes:
        """Return it as MessagePack."""
        return msgspec.msgpack.encode(
            _Kept(
                self.values.shape[2],
                self.time_us.astype("<i8").tobytes(),
                self.day.astype("<i4").tobytes(),
                self.values.astype("<f4").tobytes(),
                self.irradiance_w_m2.astype("<f4").tobytes(),
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
            time_us = np.frombuffer(kept.time_us, "<i8").astype(np.int64)
            return cls(
                time_us,
                np.frombuffer(kept.day, "<i4").astype(np.int32),
                np.frombuffer(kept.values, "<f4").reshape(4, len(time_us), kept.panels),
                np.frombuffer(kept.irradiance, "<f4").astype(np.float32),
            )
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvalidBaselineError(f"the history cannot be read: {error}") from error


class _Kept(msgspec.Struct, array_like=True):
    panels: int
    time_us: bytes
    day: bytes
    values: bytes
    irradiance: bytes
