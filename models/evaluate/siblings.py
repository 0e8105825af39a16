"""How early losses of real inverters are found, and how often there is a false alarm.

The first fifteen days are learned from, the other nineteen judged. Each inverter gets one loss at a
random sunny moment of its own; those of two hours seldom overlap, those of days are put into few
inverters at once, so that siblings stay comparable.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.detection import Alert, detected
from models.evaluate.plant import INVERTERS, STEP_S, Plant

Array = NDArray[np.float64]

TRAIN_DAYS: Final = 15
LOSSES: Final = (0.10, 0.20, 0.33, 1.00)
SLOW_LOSS: Final = 0.05
SLOW_DAYS: Final = 5

_DAY_S: Final = 86_400
_WITHIN_S: Final = 7_200
_SUN: Final = 300.0
_AT_ONCE: Final = 4
"""Slow losses in one run: their days overlap, and most siblings have to be healthy."""

_SEED: Final = 20_200_530


@dataclass(frozen=True, slots=True)
class Injected:
    """A loss that was put in."""

    inverter: int
    """Which one."""
    begin: int
    """Its first row."""
    rows: int
    """How many rows it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of it."""

    loss: float
    """Share of the power taken."""
    injected: int
    """How many losses."""
    found: float
    """Share of them found in time."""
    median_delay_minutes: float
    """Of those found; NaN without any."""


def false_alarms(plant: Plant) -> tuple[list[Alert], list[Alert], int]:
    """Return false alarms, alarms of real outages, and how many real outage-days were not found.

    An inverter whose output is zero in full sun (over 300 W/m2) has an outage that day; nothing
    else is known about this plant, so every other alarm counts as false.
    """
    alerts = detected(_lines(plant, watts=plant.watts), train_days=TRAIN_DAYS, place=None)
    out = (plant.watts == 0) & (plant.irradiance_w_m2 > _SUN)[:, np.newaxis]
    day = _days(plant)
    rows, inverters = np.nonzero(out & (day >= TRAIN_DAYS)[:, np.newaxis])
    outages = {
        (int(inverter), int(day[row])) for row, inverter in zip(rows, inverters, strict=True)
    }
    first = int(plant.time_s[0])
    real: list[Alert] = []
    false: list[Alert] = []
    found: set[tuple[int, int]] = set()
    for alert in alerts:
        if alert.panel is None:
            false.append(alert)  # the plant never stopped as a whole
            continue
        inverter = int(alert.panel.removeprefix("INV-"))
        days = range(
            int(alert.raised_s - first) // _DAY_S, int(alert.ended_s - first) // _DAY_S + 1
        )
        hit = {(inverter, number) for number in days} & outages
        (real if hit else false).append(alert)
        found |= hit
    return false, real, len(outages - found)


def inverter_days(plant: Plant) -> int:
    """Return how many inverter-days are judged."""
    return INVERTERS * len(set(_days(plant)[_days(plant) >= TRAIN_DAYS].tolist()))


def losses_found(plant: Plant, *, loss: float, rounds: int) -> Figures:
    """Return how many sudden losses are found within two hours.

    Args:
        plant: The plant.
        loss: Share of the power taken for two hours.
        rounds: How many times each inverter gets one.
    """
    length = _WITHIN_S // STEP_S
    return _figures(plant, loss=loss, rounds=rounds, length=length, slow=False)


def slow_losses_found(plant: Plant, *, rounds: int) -> Figures:
    """Return how many losses of a twentieth over five days are found by the end of them."""
    length = SLOW_DAYS * _DAY_S // STEP_S
    return _figures(plant, loss=SLOW_LOSS, rounds=rounds, length=length, slow=True)


def _figures(plant: Plant, *, loss: float, rounds: int, length: int, slow: bool) -> Figures:
    random = np.random.default_rng([_SEED, round(loss * 1000), slow])
    delays: list[float] = []
    for _ in range(rounds):
        order = random.permutation(INVERTERS)
        together = _AT_ONCE if slow else INVERTERS
        for chosen in np.array_split(order, -(-INVERTERS // together)):
            put = [_somewhere(plant, inverter=int(i), length=length, random=random) for i in chosen]
            watts = plant.watts.copy()
            for each in put:
                watts[each.begin : each.begin + each.rows, each.inverter] *= 1.0 - loss
            alerts = detected(_lines(plant, watts=watts), train_days=TRAIN_DAYS, place=None)
            delays += [_delay_s(each, alerts=alerts, plant=plant, slow=slow) for each in put]
    within = np.array(delays)
    found = np.isfinite(within)
    return Figures(
        loss=loss,
        injected=len(within),
        found=float(found.mean()),
        median_delay_minutes=float(np.median(within[found]) / 60) if found.any() else float("nan"),
    )


def _somewhere(
    plant: Plant, *, inverter: int, length: int, random: np.random.Generator
) -> Injected:
    day = _days(plant)
    if length * STEP_S >= _DAY_S:
        last = int(day[-1]) - length * STEP_S // _DAY_S - 1
        begin = int(np.searchsorted(day, random.integers(TRAIN_DAYS + 1, last + 1)))
        return Injected(inverter, begin, length)
    sunny = plant.irradiance_w_m2 > _SUN
    stays = np.convolve(sunny, np.ones(length), "valid") == length
    healthy = np.convolve(plant.watts[:, inverter] > 0, np.ones(length), "valid") == length
    possible = np.flatnonzero(stays & healthy & (day[: len(stays)] >= TRAIN_DAYS))
    return Injected(inverter, int(random.choice(possible)), length)


def _delay_s(each: Injected, *, alerts: list[Alert], plant: Plant, slow: bool) -> float:
    begin = float(plant.time_s[each.begin])
    end = begin + each.rows * STEP_S + (_DAY_S if slow else 0)
    delays = [
        alert.told_s - begin
        for alert in alerts
        if alert.panel == f"INV-{each.inverter:02d}"
        and begin < alert.told_s <= end
        and alert.raised_s >= begin - STEP_S * (1 if not slow else _DAY_S // STEP_S)
    ]
    return min(delays, default=float("inf"))


def _days(plant: Plant) -> NDArray[np.int64]:
    return np.asarray((plant.time_s - plant.time_s[0]) // _DAY_S)


def _lines(plant: Plant, *, watts: Array) -> list[str]:
    lines = []
    columns = (plant.time_s.tolist(), watts.tolist(), plant.celsius.tolist())
    for time_s, row, celsius in zip(*columns, strict=True):
        stamp = datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines += [
            f"{stamp},INV-{number:02d},{celsius:.2f},,,{value:.1f},"
            for number, value in enumerate(row)
            if value == value  # noqa: PLR0124 - NaN is a row that is missing
        ]
    return lines
