"""What to tell: one episode per panel and alert type, raised, now and then updated, cleared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace

from edge_agent.detect.findings import Finding, Step
from edge_agent.detect.texts import recommendation_of, title_of
from shared.alerts import Episode, from_micros, since, to_micros

_SOONEST_UPDATE_US: Final = 60_000_000
_LATEST_UPDATE_US: Final = 3_600_000_000
_UPDATE_SHARE: Final = 10


@dataclass(slots=True)
class _Open:
    """An episode that lasts; between two updates ``last_seen_us`` runs ahead of it."""

    episode: Episode
    raised_us: int
    told_us: int
    last_seen_us: int

    @classmethod
    def of(cls, episode: Episode) -> "_Open":
        seen_us = to_micros(episode.last_seen_at)
        return cls(episode, to_micros(episode.raised_at), seen_us, seen_us)

    def move(self, shift_us: int) -> None:
        self.episode = _moved(self.episode, shift_us=shift_us)
        self.raised_us += shift_us
        self.told_us += shift_us
        self.last_seen_us += shift_us

    def present(self) -> Episode:
        return replace(self.episode, last_seen_at=from_micros(self.last_seen_us))

    def is_due(self, *, worse: bool) -> bool:
        tenth_us = (self.told_us - self.raised_us) // _UPDATE_SHARE
        wait_us = min(max(tenth_us, _SOONEST_UPDATE_US), _LATEST_UPDATE_US)
        return self.last_seen_us - self.told_us >= (_SOONEST_UPDATE_US if worse else wait_us)


class EpisodeLog:
    """The open episodes, and what has not been told yet.

    An episode is told when raised, when cleared, and in between when its severity rises (at most
    once a minute) or a tenth of its age has passed (at most once a minute, at least once an hour):
    one that lasts a week costs some 200 messages, not 10,000.

    Args:
        panel_ids: The panels by number; may grow. None is the site itself.
    """

    def __init__(self, panel_ids: Sequence[str | None]) -> None:
        self._panel_ids = panel_ids
        self._open: dict[tuple[str, int], _Open] = {}
        self._untold: dict[tuple[str, bool], Episode] = {}
        self.model_version: str | None = None
        """Which model takes part in naming what begins now; None for rules alone."""

    def open_episodes(self) -> list[Episode]:
        """Return what lasts, as it is now."""
        return [entry.present() for entry in self._open.values()]

    def drain(self) -> list[Episode]:
        """Return what has changed since the last call: of each episode its latest state.

        One that was raised and cleared in between comes twice, in this order.
        """
        untold, self._untold = list(self._untold.values()), {}
        return untold

    def resume(self, episode: Episode, *, panel: int) -> bool:
        """Take up an episode of an earlier run; False if there is one of its kind already."""
        if (episode.alert_type, panel) in self._open:
            return False
        self._open[episode.alert_type, panel] = _Open.of(episode)
        return True

    def move(self, panels: Collection[int], *, shift_us: int) -> None:
        """Move the episodes of these panels in time: the clock that dated them was set."""
        for (_, panel), entry in self._open.items():
            if panel in panels:
                entry.move(shift_us)
        ids = {self._panel_ids[panel] for panel in panels}
        for key, episode in self._untold.items():
            if episode.panel in ids:
                self._untold[key] = _moved(episode, shift_us=shift_us)

    def end(self, episode: Episode) -> None:
        """Tell that an episode nobody watches any more ended when it was last seen."""
        self._tell(replace(episode, cleared_at=episode.last_seen_at))

    def take(self, step: Step) -> None:
        """Take in what changed in a step."""
        for finding in step.findings(step.changes.raised):
            self._begin(finding)
        for finding in step.findings(step.changes.holding):
            self._confirm(finding)
        for finding in step.findings(step.changes.cleared):
            self._clear(finding)

    def _tell(self, episode: Episode) -> None:
        self._untold[episode.episode, episode.cleared_at is not None] = episode

    def _begin(self, finding: Finding) -> None:
        details = _details(finding, since_us=finding.since_us)
        severity = finding.severity
        episode = Episode(
            episode=uuid4().hex,
            panel=self._panel_ids[finding.panel],
            alert_type=finding.alert_type,
            severity=severity,
            title=title_of(finding.alert_type),
            recommendation=recommendation_of(
                finding.alert_type, severity=severity, details=details
            ),
            details=details,
            model_version=self.model_version,
            raised_at=from_micros(finding.since_us),
            last_seen_at=from_micros(finding.time_us),
        )
        self._open[finding.alert_type, finding.panel] = _Open.of(episode)
        self._tell(episode)

    def _confirm(self, finding: Finding) -> None:
        entry = self._open[finding.alert_type, finding.panel]
        entry.last_seen_us = max(entry.last_seen_us, finding.time_us)
        before = entry.episode.severity
        severity = max(finding.severity, before, key=lambda each: each.rank)
        if not entry.is_due(worse=severity is not before):
            return
        details = _details(finding, since_us=entry.raised_us)
        entry.episode = replace(
            entry.present(),
            severity=severity,
            details=details,
            recommendation=recommendation_of(
                finding.alert_type, severity=severity, details=details
            ),
        )
        entry.told_us = entry.last_seen_us
        self._tell(entry.episode)

    def _clear(self, finding: Finding) -> None:
        entry = self._open.pop((finding.alert_type, finding.panel))
        severity = max(finding.severity, entry.episode.severity, key=lambda each: each.rank)
        fine_us = max(finding.since_us, entry.last_seen_us)
        self._tell(replace(entry.present(), severity=severity, cleared_at=from_micros(fine_us)))


def _moved(episode: Episode, *, shift_us: int) -> Episode:
    shift = timedelta(microseconds=shift_us)
    raised_at, cleared_at = episode.raised_at + shift, episode.cleared_at
    return replace(
        episode,
        raised_at=raised_at,
        last_seen_at=episode.last_seen_at + shift,
        cleared_at=None if cleared_at is None else cleared_at + shift,
        details=since(episode.details, raised_at=raised_at),
    )


def _details(finding: Finding, *, since_us: int) -> dict[str, Any]:
    return since({**finding.evidence(), "since": ""}, raised_at=from_micros(since_us))
