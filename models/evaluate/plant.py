"""Twenty-two real sibling inverters (Kaggle, "Solar Power Generation Data", plant 1, 2020).

The copy lacks inverter ids. Each inverter's lifetime yield never falls, so from one quarter of an
hour to the next rows are matched to inverters by the least total rise.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Array = NDArray[np.float64]

GENERATION: Final = "Plant_1_Generation_Data.csv"
WEATHER: Final = "Plant_1_Weather_Sensor_Data_iso.csv"
INVERTERS: Final = 22
STEP_S: Final = 900

_FALL: Final = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """The plant's quarters of an hour; times are local, taken as UTC."""

    time_s: NDArray[np.int64]
    """Seconds since 1970, shape ``(n,)``."""
    watts: Array
    """DC power of each inverter, ``(n, INVERTERS)``; NaN when missing."""
    celsius: Array
    """Module temperature, shape ``(n,)``."""
    irradiance_w_m2: Array
    """Shape ``(n,)``."""


def read_plant(folder: Path) -> Plant:
    """Read the two files of the plant.

    Raises:
        OSError: A file cannot be read.
        KeyError: A column is missing.
    """
    rows: dict[int, list[tuple[float, float]]] = {}
    with (folder / GENERATION).open(newline="") as file:
        for row in csv.DictReader(file):
            moment = datetime.strptime(row["DATE_TIME"], "%d-%m-%Y %H:%M").replace(tzinfo=UTC)
            pair = (float(row["TOTAL_YIELD"]), float(row["DC_POWER"]))
            rows.setdefault(int(moment.timestamp()), []).append(pair)
    weather: dict[int, tuple[float, float]] = {}
    with (folder / WEATHER).open(newline="") as file:
        for row in csv.DictReader(file):
            moment = datetime.fromisoformat(row["DATE_TIME"]).replace(tzinfo=UTC)
            light = 1000.0 * float(row["IRRADIATION"])
            weather[int(moment.timestamp())] = (float(row["MODULE_TEMPERATURE"]), light)
    times = sorted(rows)
    watts = _matched([rows[time] for time in times])
    air = np.array([weather.get(time, (np.nan, np.nan)) for time in times])
    return Plant(np.array(times), watts, air[:, 0], air[:, 1])


def _matched(steps: list[list[tuple[float, float]]]) -> Array:
    """Return the power of each inverter, shape ``(steps, INVERTERS)``."""
    first = next(step for step in steps if len(step) == INVERTERS)
    last = np.array(sorted(total for total, _ in first))
    watts = np.full((len(steps), INVERTERS), np.nan)
    for number, step in enumerate(steps):
        totals = np.array([total for total, _ in step])
        rise = totals[:, np.newaxis] - last
        taken, inverter = linear_sum_assignment(np.where(rise >= 0, rise, _FALL - rise))
        last[inverter] = np.maximum(last[inverter], totals[taken])
        watts[number, inverter] = [step[at][1] for at in taken]
    return watts
