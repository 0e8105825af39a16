"""What was learned, as pages of bytes by name: of a new day only its own page is written.

``baseline`` is what is usual, with the last days; ``day-NN`` are the days it was learned from, each
in the place of one that is no longer needed; ``today`` is the day so far. A page that cannot be
read is learned anew, without the others being lost.
"""

import logging
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from edge_agent.detect.faults.learner import Learner, Today
from edge_agent.detect.faults.lesson import KEPT_DAYS, MOST_VALUES, Day, Known
from shared.baselines import Baseline
from shared.errors import InvalidBaselineError
from shared.history import History

BASELINE: Final = "baseline"
TODAY: Final = "today"
PAGES: Final = (BASELINE, TODAY, *(f"day-{number:02d}" for number in range(KEPT_DAYS)))
"""The names of all pages."""

_MOST_BYTES: Final = 268_435_456

_log = logging.getLogger(__name__)


class _Day(msgspec.Struct, array_like=True):
    start_us: int
    losses: bytes
    watt_hours: bytes
    shade: bytes = b""

    @classmethod
    def of(cls, day: Day) -> "_Day":
        return cls(
            day.start_us,
            day.losses.astype("<f4").tobytes(),
            day.watt_hours.astype("<f4").tobytes(),
            day.shade.astype("<f4").tobytes(),
        )

    def day(self) -> Day:
        losses = np.frombuffer(self.losses, "<f4").astype(np.float64).reshape(2, -1)
        watt_hours = np.frombuffer(self.watt_hours, "<f4").astype(np.float64)
        shade = np.full((3, len(watt_hours)), np.nan)
        if self.shade:  # days written down before shade was told have none
            shade[:] = np.frombuffer(self.shade, "<f4").reshape(3, -1)
        return Day(self.start_us, losses, watt_hours, shade)


class _Usual(msgspec.Struct, array_like=True):
    baseline: bytes
    days: list[_Day]


class _Today(msgspec.Struct, array_like=True):
    panel_ids: tuple[str, ...]
    blocks: bytes
    alarmed: bytes
    noon: tuple[float, float]


def baseline_page(baseline: Baseline, *, days: Sequence[Day]) -> bytes:
    """Return what is usual as a page."""
    usual = _Usual(baseline.to_bytes(), [_Day.of(day) for day in days])
    return zlib.compress(msgspec.msgpack.encode(usual))


def day_pages(history: History, *, after_day: int | None) -> dict[str, bytes]:
    """Return the pages of the days after one; of all days without one."""
    return {
        f"day-{day % KEPT_DAYS:02d}": history.take(history.day == day).to_bytes()
        for day in np.unique(history.day).tolist()
        if after_day is None or day > after_day
    }


def today_page(today: Today, *, panel_ids: Sequence[str]) -> bytes:
    """Return the day so far as a page."""
    blocks = today.blocks
    ids = tuple(panel_ids[: blocks.values.shape[2]])
    noon = (today.noon.real, today.noon.imag)
    kept = _Today(ids, blocks.to_bytes(), today.alarmed.tobytes(), noon)
    return zlib.compress(msgspec.msgpack.encode(kept))


def read_baseline(page: bytes) -> tuple[Baseline, list[Day]]:
    """Return what `baseline_page` wrote down.

    Raises:
        InvalidBaselineError: It is of another version, or damaged.
    """
    try:
        usual = msgspec.msgpack.decode(_inflated(page), type=_Usual)
        days = [day.day() for day in usual.days]
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidBaselineError(f"what was learned cannot be read: {error}") from error
    return Baseline.from_bytes(usual.baseline), days


def restore(learner: Learner, pages: Mapping[str, bytes]) -> tuple[str, ...]:
    """Have a learner take up what an earlier run knew, and return the panels it knew.

    Raises:
        InvalidBaselineError: Of the baseline, there is none, or it cannot be read; then the rest
            says nothing, and nothing was taken up but perhaps the day so far.
    """
    panel_ids: tuple[str, ...] = ()
    trouble: InvalidBaselineError | None = None
    if BASELINE in pages:
        try:
            baseline, days = read_baseline(pages[BASELINE])
            panel_ids = baseline.panel_ids
            learner.restore(Known(baseline, _history(pages, panels=len(panel_ids))), days=days)
        except InvalidBaselineError as error:
            trouble = error
    today = _today(pages.get(TODAY), known=panel_ids)
    if today is not None:
        found, panel_ids = today
        learner.usual(panel_ids)
        learner.resume(found)
    if trouble is not None:
        raise trouble
    return panel_ids


def _history(pages: Mapping[str, bytes], *, panels: int) -> History:
    """Return the newest days of which there are pages, as many as memory is meant for."""
    parts: list[History] = []
    for name in PAGES[2:]:
        if name not in pages:
            continue
        try:
            part = History.from_bytes(pages[name])
        except InvalidBaselineError as error:
            _log.error("a day that was learned from is lost, %s: %s", name, error)
            continue
        if len(part) and part.values.shape[2] <= panels:
            parts = sorted([*parts, part], key=lambda one: int(one.day[0]))
        while len(parts) > 1 and sum(map(len, parts)) * panels > MOST_VALUES:
            del parts[0]
    whole = History.empty()
    for part in parts:
        if whole.values.shape[2] <= part.values.shape[2]:
            whole = whole.joined(part)
    return whole


def _today(page: bytes | None, *, known: tuple[str, ...]) -> tuple[Today, tuple[str, ...]] | None:
    if page is None:
        return None
    try:
        kept = msgspec.msgpack.decode(_inflated(page), type=_Today)
        blocks = History.from_bytes(kept.blocks)
        alarmed = np.frombuffer(kept.alarmed, np.bool_).copy()
    except (msgspec.MsgspecError, ValueError, InvalidBaselineError) as error:
        _log.error("the day so far is lost: %s", error)
        return None
    ids = kept.panel_ids
    if blocks.values.shape[2] != len(ids) or ids[: len(known)] != known:
        return None  # of another site, or older than the baseline
    return Today(blocks, alarmed, complex(*kept.noon)), ids


def _inflated(page: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(page, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not inflate.eof:
        raise ValueError("it is cut short")
    return data
