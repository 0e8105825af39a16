"""The way of one window: deviations, horizons, names, persistence, episodes."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.episodes import EpisodeLog
from edge_agent.detect.faults.crowd import crowded
from edge_agent.detect.faults.daily import Daily
from edge_agent.detect.faults.evidence import evidence, level_of
from edge_agent.detect.faults.frozen import Frozen
from edge_agent.detect.faults.kinds import DAILY, KINDS, NOTHING, NUMBER, PASSING, SENSORS, UNNAMED
from edge_agent.detect.faults.learner import Learner, Teach, at_once
from edge_agent.detect.faults.looks import Lingering, Look, Muted, Spans
from edge_agent.detect.faults.naming import Hits, names
from edge_agent.detect.faults.open_kinds import OpenKinds
from edge_agent.detect.faults.opinion import Opinion
from edge_agent.detect.faults.patchy import frozen, wild, with_patches
from edge_agent.detect.faults.told import judgements_of, visible
from edge_agent.detect.findings import Step
from edge_agent.detect.model import Model
from edge_agent.detect.persistence import Persistence
from edge_agent.detect.rules.judgement import UNKNOWN, Judgement
from shared.alerts import Episode, to_micros
from shared.features import Deviations, Observed, deviations, is_dark
from shared.horizons import Horizons, noise_of
from shared.peers import nan_median
from shared.sky import Sky
from shared.vectors import vectors
from shared.windows import Window

Array = NDArray[np.float64]

_RECENT, _QUARTER = 3, 1
_FAR_US: Final = 600_000_000
_SHADE: Final = NUMBER["recurrent_shading"]


class Watch:
    """Watches the windows of a site's panels.

    Args:
        panel_ids: The panels by number; may grow.
        group_of: Panel id to the name of its group: panels of one group are siblings.
        sky: Where the site is.
        teach: Does the learning after each day.
        model: Names what the rules find; None leaves that to them.
    """

    def __init__(
        self,
        panel_ids: Sequence[str],
        *,
        group_of: Callable[[str], str],
        sky: Sky,
        teach: Teach = at_once,
        model: Model | None = None,
    ) -> None:
        self.episodes = EpisodeLog(panel_ids)
        self.use(model)
        self.learner = Learner(sky, teach=teach)
        self.latest: Look | None = None
        self.crowd = np.zeros(0, np.int8)
        """Kinds of faults that most siblings have at once, and that are told of no panel."""
        self._panel_ids = panel_ids
        self._group_of = group_of
        self._sky = sky
        self._groups: dict[str, int] = {}
        self._group = np.zeros(0, np.int32)
        self._persistence = Persistence(KINDS)
        self._horizons: Horizons | None = None
        self._width_us = 0
        self._last: list[Array] = []
        self._frozen = Frozen()
        self._open = OpenKinds()
        self._daily = Daily()
        self._lingering = Lingering()

    def use(self, model: Model | None) -> None:
        """Ask another model from now on."""
        self.opinion = Opinion(model)
        self.episodes.model_version = self.opinion.version

    def step(self, window: Window, *, muted: Muted) -> None:
        """Take in a window.

        Args:
            window: Later than the ones before.
            muted: What instant rules tell already.
        """
        count = window.values.shape[1]
        self._admit(count)
        muted = self._lingering.with_before(muted, width_us=window.width_us)
        baseline = self.learner.usual(self._panel_ids[:count])
        time_us = np.array((window.start_us + window.end_us) // 2)
        observed = Observed.of(window.values, irradiance_w_m2=np.array(window.irradiance_w_m2))
        self.crowd = np.full(count, NOTHING, np.int8)
        sunny = not is_dark(observed, baseline=baseline)
        if sunny:
            found = deviations(observed, time_us=time_us, baseline=baseline, group=self._group)
            sunny = bool(found.sun.any())
            if sunny:
                self._judge(window, found=found, muted=muted)
        days = self.learner.take(
            window,
            sunny=sunny,
            alarmed=self._open.any_but([*PASSING, _SHADE]) | muted.everything | muted.sensors,
            lasting=self._open.any_but([_SHADE]),
            group=self._group,
        )
        for day in days:
            known, busy = self.learner.baseline, self._open.any_but(DAILY)
            for told in self._daily.step(
                day.widened(count), baseline=known, busy=busy, end_us=window.start_us
            ):
                self._take(told.spans, judgements=told.judgements, width_us=0)

    def learn_now(self) -> None:
        """Learn from what there is, rather than after the day; if nothing was learned yet."""
        if not self.learner.baseline.own.any():
            self.learner.end_day(self._group)

    def resume(self, episode: Episode, *, panel: int) -> bool:
        """Take up an episode of an earlier run; False if it is none of ours."""
        number = NUMBER.get(episode.alert_type)
        if number is None or not self.episodes.resume(episode, panel=panel):
            return False
        self._admit(panel + 1)
        self._persistence.reopen(
            number,
            panel,
            since_us=to_micros(episode.raised_at),
            until_us=to_micros(episode.last_seen_at),
            worst=0,
        )
        self._open.begin(number, panel)
        return True

    def remember(self, count: int) -> None:
        """Go on with what the learner has taken up of an earlier run, of so many panels."""
        self._admit(count)
        for day in self.learner.days:
            self._daily.remember(day.widened(count))

    def move(self, panels: NDArray[np.intp], *, shift_us: int) -> None:
        """Move in time what is known of panels: the clock that dated them was set.

        What was gathered of the day is dropped, if its times turn out to be far from right.
        """
        self._persistence.move(panels, shift_us=shift_us)
        self.episodes.move(set(panels.tolist()), shift_us=shift_us)
        self._horizons, self._last = None, []
        if abs(shift_us) > _FAR_US:
            self.learner.forget_today()

    def _admit(self, count: int) -> None:
        fresh = self._panel_ids[len(self._group) : count]
        numbers = [self._groups.setdefault(self._group_of(i), len(self._groups)) for i in fresh]
        self._group = np.append(self._group, np.array(numbers, np.int32))
        self._persistence.ensure(len(self._group))
        self._open.ensure(len(self._group))
        self._daily.ensure(len(self._group))

    def _judge(self, window: Window, *, found: Deviations, muted: Muted) -> None:
        if self._horizons is None or window.width_us != self._width_us:
            self._width_us = window.width_us
            self._horizons = Horizons(window.width_us)
        # What an instant rule told must not linger in the means once it is over.
        self._horizons.forget(muted.everything)
        baseline = self.learner.baseline
        seen = self._seen(window, found=found, muted=muted)
        noise = with_patches(noise_of(seen, group=self._group), window=window, group=self._group)
        judged = self._horizons.step(seen, noise=noise, end_us=window.end_us)
        recent = self._recent(seen)
        hits = Hits.of(judged, recent=recent, sigma=baseline.sigma, tolerance=baseline.tolerance)
        frozen_volts = self._frozen.step(window, sun=found.sun)
        features = vectors(
            found,
            window=window,
            recent=recent,
            quarter=judged.mean[_QUARTER],
            baseline=baseline,
            still_volts_us=self._frozen.still_us,
        )
        scores = self.opinion.score(features)
        self.episodes.model_version = self.opinion.version
        ruled = names(hits, recent=recent, frozen_volts=frozen_volts)
        named = self.opinion.renamed(ruled, features=features, scores=scores)
        named = np.where((named != NOTHING) & frozen(window), UNNAMED, named).astype(np.int8)
        common = crowded(named, group=self._group)
        self.crowd = np.where(common, named, NOTHING).astype(np.int8)
        quiet = muted.everything | (muted.sensors & np.isin(named, SENSORS)) | common
        named, ruled = (np.where(quiet, NOTHING, one).astype(np.int8) for one in (named, ruled))
        z = _farthest(judged.z / baseline.sigma)
        likely = self.opinion.likely(named, scores=scores)
        novel = self.opinion.novel(scores, panels=len(named))
        self.latest = Look(window, found, recent, z, named, ruled, likely, features, scores, novel)
        known = ~np.isnan(recent).all(axis=0) & ~muted.everything
        verdict = self._open.verdicts(
            named, fine=hits.fine & known, width_us=window.width_us, unclear=muted.everything
        )
        self._tell(self.latest, verdict=verdict)

    def _seen(self, window: Window, *, found: Deviations, muted: Muted) -> Array:
        """Return the deviations that may be judged, shape ``(features, panels)``."""
        time_us = np.array((window.start_us + window.end_us) // 2)
        shaded = self.learner.baseline.shaded[self._sky.cells(time_us)]
        seen = visible(found, shaded=shaded)
        seen[:, muted.everything | wild(window, group=self._group)] = np.nan
        return seen

    def _recent(self, seen: Array) -> Array:
        self._last = [part for part in self._last if part.shape == seen.shape][1 - _RECENT :]
        self._last.append(seen)
        middle = nan_median(np.stack(self._last), axis=0)
        return np.where(np.isnan(seen), np.nan, middle)

    def _tell(self, look: Look, *, verdict: NDArray[np.int8]) -> None:
        rows = np.flatnonzero((verdict != UNKNOWN).any(axis=0))
        if not len(rows):
            return
        window = look.window
        told = Spans(
            rows,
            np.full(len(rows), window.start_us, np.int64),
            np.full(len(rows), window.end_us, np.int64),
        )
        measured = evidence(look, watt_hours=self._daily.watt_hours)
        judgements = judgements_of(
            verdict[:, rows],
            level=level_of(look.found, recent=look.recent)[rows],
            measured={name: values[rows] for name, values in measured.items()},
        )
        self._take(told, judgements=judgements, width_us=window.width_us)

    def _take(self, told: Spans, *, judgements: Sequence[Judgement], width_us: int) -> None:
        observed = np.full(len(told), width_us, np.int64)
        changes = self._persistence.step(told, judgements=judgements, observed_us=observed)
        if changes is None:
            return
        self._open.note(changes, panel=told.panel)
        self.episodes.take(Step(KINDS, told, judgements, changes))


def _farthest(z: Array) -> Array:
    """Return of each deviation its score at the horizon where it is largest."""
    place = np.nan_to_num(np.abs(z), nan=-1.0).argmax(axis=0)[np.newaxis]
    return np.asarray(np.take_along_axis(z, place, axis=0)[0])
