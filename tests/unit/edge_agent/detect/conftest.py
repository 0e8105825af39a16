"""A site whose panels do as told, watched by a detector."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge_agent.detect import Detector, RuleSettings
from shared.alerts import Episode
from shared.readings import Readings, to_thousandths

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

Values = tuple[float, float, float, float]  # celsius, volts, amperes, watts; NaN is missing
Behaviour = Callable[[float], Values | None]  # seconds since noon to values; None is silence


def producing(second: float, *, celsius: float = 45.0, share: float = 1.0) -> Values:
    """A healthy panel: everything moves a little all the time."""
    volts = 34.0 + 0.2 * math.sin(second * 0.9)
    amperes = share * (7.0 + 0.3 * math.sin(second * 0.37 + 1))
    return celsius + 0.3 * math.sin(second * 0.11), volts, amperes, volts * amperes


def sleeping(_second: float) -> Values:
    """Any panel at night."""
    return 11.0, 0.0, 0.0, 0.0


class Site:
    """Plays behaviours to a detector, one reading per panel and interval."""

    producing = staticmethod(producing)
    sleeping = staticmethod(sleeping)

    def __init__(
        self, rules: RuleSettings | None = None, group_of: Callable[[str], str] = lambda _: "roof"
    ) -> None:
        self.detector = Detector(rules or RuleSettings(), group_of)
        self.second = 0.0
        self.told: list[Episode] = []

    @staticmethod
    def readings(rows: list[tuple[str, float, Values]]) -> Readings:
        """Rows of panel, seconds since noon, values."""
        ids = sorted({panel for panel, _, _ in rows})
        values = np.array([row[2] for row in rows], np.float64).reshape(-1, 4)
        return Readings(
            tuple(ids),
            np.array([ids.index(panel) for panel, _, _ in rows], np.int32),
            np.array(
                [(NOON.timestamp() + second) * 1e6 for _, second, _ in rows], np.float64
            ).astype(np.int64),
            *(to_thousandths(column) for column in values.T),
            quality=np.zeros(len(rows), np.int16),
        )

    @staticmethod
    def moment(second: float) -> datetime:
        return NOON + timedelta(seconds=second)

    def look(self, rows: list[tuple[str, float, Values]], *, now: float) -> list[Episode]:
        told = self.detector.look(self.readings(rows), now=self.moment(now))
        self.told += told
        return told

    def play(
        self,
        behaviours: Mapping[str, Behaviour],
        *,
        seconds: float,
        every: float = 1.0,
        batch: float = 10.0,
    ) -> list[Episode]:
        """Go on for some seconds, and return what was told."""
        told: list[Episode] = []
        end, rows, due = self.second + seconds, [], self.second + batch
        while self.second < end:
            for panel, behaviour in behaviours.items():
                if (values := behaviour(self.second)) is not None:
                    rows.append((panel, self.second, values))
            self.second += every
            if self.second >= due or self.second >= end:
                told += self.look(rows, now=self.second)
                rows, due = [], self.second + batch
        return told

    def siblings(self, count: int = 3) -> dict[str, Behaviour]:
        """Healthy panels beside the one that is watched."""
        return {
            f"SIB-{number}": lambda second, shift=number * 5.3: producing(second + shift)
            for number in range(count)
        }


@pytest.fixture(scope="session")
def site_class() -> type[Site]:
    return Site


@pytest.fixture
def site() -> Site:
    return Site()


def summary(episode: Episode) -> tuple[str | None, str, bool]:
    return episode.panel, episode.alert_type, episode.cleared_at is not None
