"""The detector over readings of the past: what it would have told, and when."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.detect import Look, Model, RuleSettings, SiteDetector
from edge_agent.detect import Scores as ModelScores
from edge_agent.errors import EdgeError
from shared.alerts import Episode, from_micros, to_micros
from shared.readings import Readings
from shared.sky import Sky
from shared.windows import LATENESS_US

Array = NDArray[np.float64]

_SPAN_US: Final = 300_000_000
_DAY_US: Final = 86_400_000_000


class Told(msgspec.Struct, kw_only=True):
    """An episode, and when it was told first."""

    episode: Episode
    """Its last state."""
    told_us: int
    """The readings' time at which it was told, microseconds since 1970."""


@dataclass(slots=True)
class Scores:
    """What was made of each window; one element a window."""

    starts_us: list[int] = field(default_factory=list)
    """When it began."""
    deviations: list[Array] = field(default_factory=list)
    """Of the last minutes, ``(features, panels)``."""
    z: list[Array] = field(default_factory=list)
    """Against what is usual, ``(features, panels)``."""
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    """What a model is given, ``(panels, len(shared.vectors.NAMES))``."""
    named: list[NDArray[np.int8]] = field(default_factory=list)
    """What each panel's deviation was named, as in `edge_agent.detect.faults.kinds`."""
    said: list[ModelScores | None] = field(default_factory=list)
    """What the model said."""

    def note(self, look: Look) -> None:
        """Take in a window."""
        self.starts_us.append(look.window.start_us)
        self.deviations.append(look.recent.astype(np.float32))
        self.z.append(look.z.astype(np.float32))
        self.vectors.append(look.features)
        self.named.append(look.named)
        self.said.append(look.scores)


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What came of it."""

    detector: SiteDetector
    """As it is after the last reading."""
    told: list[Told]
    """All episodes that lasted past the days learned from."""
    scores: Scores
    """What was made of each window."""
    tested_from_us: int
    """Where the days learned from end."""


def backtest(
    batches: Iterator[Readings],
    *,
    irradiance: Callable[[SiteDetector], None],
    train_until_us: int,
    sky: Sky,
    model: Model | None,
    keep_scores: bool,
) -> Backtest:
    """Let the detector see readings as if they came now.

    Args:
        batches: In the order of time.
        irradiance: Gives the detector the site's irradiance.
        train_until_us: Episodes that ended before are left out.
        sky: Where the site is.
        model: Names what deviates; None leaves that to rules.
        keep_scores: Whether to keep what was made of each window; costs memory.
    """
    scores = Scores()
    detector = SiteDetector(
        RuleSettings(),
        sky=sky,
        observe=scores.note if keep_scores else (lambda _: None),
        model=model,
    )
    detector.watch.learner.trusted_until_us = train_until_us
    irradiance(detector)
    told: dict[str, Told] = {}
    learned, newest_us = False, train_until_us
    for batch in batches:
        newest_us = int(batch.time_us.max())
        if not learned and newest_us >= train_until_us:
            detector.watch.learn_now()
            learned = True
        changed = detector.look(batch, now=from_micros(newest_us))
        _note(changed, told=told, now_us=newest_us)
    _note(detector.finish(), told=told, now_us=newest_us)
    _note(detector.open_episodes(), told=told, now_us=newest_us)
    kept = [each for each in told.values() if _end_us(each.episode) >= train_until_us]
    kept.sort(key=lambda each: (each.episode.raised_at, each.episode.panel or ""))
    return Backtest(detector, kept, scores, train_until_us)


def batches_of(
    time_us: NDArray[np.int64], *, readings: Callable[[NDArray[np.intp]], Readings]
) -> Iterator[Readings]:
    """Yield readings in the order of time, five minutes at most at once."""
    order = np.argsort(time_us, kind="stable")
    span = time_us[order] // _SPAN_US
    cuts = np.flatnonzero(np.diff(span)) + 1
    for rows in np.split(order, cuts):
        if len(rows):
            yield readings(rows)


def train_until(time_us: NDArray[np.int64], *, days: float | None) -> int:
    """Return where the days learned from end: so many days from the start, or a third of it.

    Raises:
        EdgeError: There is nothing behind them.
    """
    first, last = int(time_us.min()), int(time_us.max())
    until = first + round((last - first) / 3 if days is None else days * _DAY_US)
    if until > last:
        raise EdgeError(
            f"{days:g} days to learn from leave nothing to test: the readings are of "
            f"{(last - first) / _DAY_US:.1f} days"
        )
    return until


def _note(changed: list[Episode], *, told: dict[str, Told], now_us: int) -> None:
    for episode in changed:
        if episode.episode in told:
            told[episode.episode].episode = episode
        else:
            seen_us = min(to_micros(episode.last_seen_at) + LATENESS_US, now_us)
            told[episode.episode] = Told(episode=episode, told_us=seen_us)


def _end_us(episode: Episode) -> int:
    return to_micros(episode.cleared_at or episode.last_seen_at)
