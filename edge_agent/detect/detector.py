"""The way of one batch of readings to the alert episodes that changed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.detect.episodes import EpisodeLog
from edge_agent.detect.findings import Step
from edge_agent.detect.panels import NEVER, Panels
from edge_agent.detect.persistence import Persistence
from edge_agent.detect.rules import rules_of
from edge_agent.detect.samples import Samples, Track, by_slot
from edge_agent.detect.settings import RuleSettings
from edge_agent.detect.siblings import median_watts
from shared.alerts import Episode, to_micros
from shared.quality import Quality
from shared.readings import Readings, concatenate

_PATIENCE_US: Final = 1_000_000
_MAX_WAITING: Final = 10_000
_NEAR_US: Final = 30_000_000
"""Times this near to our clock may have been taken from it."""
_LEAST_SHARE: Final = 0.08


def _one_group(_panel_id: str) -> str:
    return ""


class Detector:
    """Watches all panels of a site.

    Readings wait up to a second, so that many small batches cost no more than one; the time in the
    readings, not the clock, decides how long something holds. Late and repeated readings are left
    out. Call `look` about once a second even when there are no readings: then the last ones of a
    quiet site do not wait for the next.

    Args:
        rules: When to raise and to clear.
        group_of: Panel id to the name of its group: panels of one group are siblings.
    """

    def __init__(self, rules: RuleSettings, group_of: Callable[[str], str] = _one_group) -> None:
        self._panels = Panels(group_of)
        self._episodes = EpisodeLog(self._panels.ids)
        self._rules = rules_of(rules)
        self._persistence = Persistence(self._rules)
        self._waiting: list[Readings] = []
        self._rows_waiting = 0
        self._newest_us = NEVER
        self._judged_until_us = NEVER
        self._judged_at_us = NEVER
        self._looked_us = NEVER
        self._peak_watts = np.zeros(0)

    def look(self, readings: Readings, *, now: datetime) -> list[Episode]:
        """Take in readings, in any order, and tell which episodes changed.

        Args:
            readings: A validated batch; may be empty.
            now: The gateway's time, UTC.

        Returns:
            Of each episode that was raised, updated or cleared the latest state; of one that was
            raised and cleared both.
        """
        if len(readings):
            self._waiting.append(readings)
            self._rows_waiting += len(readings)
            self._newest_us = max(self._newest_us, int(readings.time_us.max()))
        self._looked_us = now_us = to_micros(now)
        if self._is_due(now_us):
            # Taken first: should judging fail, the same readings must not fail it for ever.
            waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
            self._judged_at_us, self._judged_until_us = now_us, self._newest_us
            self._put_back(now_us)
            self._judge(concatenate(waiting), now_us=now_us)
        return self._episodes.drain()

    def redate(self, shift_us: int, *, near_too: bool) -> list[str]:
        """Move in time what our clock dated, because it was set: nothing ends or begins by that.

        Args:
            shift_us: By how much, in microseconds.
            near_too: Whether stamps near to our clock were taken from it.

        Returns:
            The panels concerned.
        """
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        if waiting:
            self._judge(concatenate(waiting), now_us=self._looked_us)
        self._newest_us = self._judged_until_us = self._judged_at_us = NEVER
        moved = self._panels.move(shift_us, near_too=near_too)
        self._persistence.ensure(self._panels.capacity)
        self._persistence.move(moved, shift_us=shift_us)
        self._episodes.move(set(moved.tolist()), shift_us=shift_us)
        return [self._panels.ids[panel] for panel in moved.tolist()]

    def open_episodes(self) -> list[Episode]:
        """Return the episodes that last, as they are now."""
        return self._episodes.open_episodes()

    def restore(self, episodes: Sequence[Episode]) -> None:
        """Take up the episodes that were open when the agent stopped, before the first `look`.

        One that no rule watches any more is told as cleared by the next `look`.
        """
        for episode in episodes:
            if episode.cleared_at is None and not self._resume(episode):
                self._episodes.end(episode)

    def _is_due(self, now_us: int) -> bool:
        if not self._waiting:
            return False
        return (
            not 0 <= now_us - self._judged_at_us < _PATIENCE_US
            or self._newest_us - self._judged_until_us >= _PATIENCE_US
            or self._rows_waiting >= _MAX_WAITING
        )

    def _judge(self, batch: Readings, *, now_us: int) -> None:
        panel = self._panels.positions(batch.panel_ids)[batch.panel]
        known = panel >= 0
        arrived = (batch.quality & Quality.ARRIVAL_TIME) != 0
        self._panels.arrived[panel[known]] = arrived[known]
        self._panels.near[panel[known]] = np.abs(batch.time_us - now_us)[known] <= _NEAR_US
        track = Track.of(batch, panel=panel, after_us=self._panels.last_us)
        if not len(track):
            return
        self._persistence.ensure(self._panels.capacity)
        for samples in by_slot(track, before=self._panels.values):
            self._step(samples)
        self._panels.remember(track)

    def _step(self, samples: Samples) -> None:
        observed_us = self._panels.note(samples)
        siblings_watts = self._telling(samples)
        judgements = [rule.judge(samples, siblings_watts=siblings_watts) for rule in self._rules]
        changes = self._persistence.step(samples, judgements=judgements, observed_us=observed_us)
        if changes is not None:
            self._episodes.take(Step(self._rules, samples, judgements, changes))

    def _telling(self, samples: Samples) -> NDArray[np.float64]:
        """Return the siblings' median power, NaN in low light: by their own peak, of any scale."""
        watts = median_watts(samples, panels=self._panels)
        missing = self._panels.capacity - len(self._peak_watts)
        self._peak_watts = np.pad(self._peak_watts, (0, missing))
        peak = np.fmax(self._peak_watts[samples.panel], watts)
        self._peak_watts[samples.panel] = peak
        return np.where(watts >= _LEAST_SHARE * peak, watts, np.nan)

    def _put_back(self, now_us: int) -> None:
        ahead = self._panels.set_back(now_us)
        if len(ahead):
            self._persistence.interrupt(ahead)
            self._newest_us = self._judged_until_us = NEVER

    def _resume(self, episode: Episode) -> bool:
        numbers = {rule.alert_type: number for number, rule in enumerate(self._rules)}
        number = numbers.get(episode.alert_type)
        if number is None or episode.panel is None:
            return False
        panel = int(self._panels.positions([episode.panel])[0])
        if panel < 0 or not self._episodes.resume(episode, panel=panel):
            return False
        seen_us = to_micros(episode.last_seen_at)
        self._panels.last_us[panel] = max(int(self._panels.last_us[panel]), seen_us)
        self._persistence.ensure(self._panels.capacity)
        reached = [each.rank <= episode.severity.rank for each in self._rules[number].severities]
        self._persistence.reopen(
            number,
            panel,
            since_us=to_micros(episode.raised_at),
            until_us=seen_us,
            worst=max(sum(reached) - 1, 0),
        )
        return True
