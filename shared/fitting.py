"""Learning a baseline from fault-free days: what is usual, how much it wanders, where shade is."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.baselines import SKY_CELLS, SLOTS, Baseline
from shared.curve import fit_curve
from shared.features import SUN_SHARE, Deviations, Observed, deviations, lonely, usual_light
from shared.history import History
from shared.horizons import noise_of
from shared.kin import beyond_median, learn_kin
from shared.peers import group_median, nan_median
from shared.sky import Sky, slots
from shared.wandering import daily_wandering, days_known, wandering

Array = NDArray[np.float64]

LEAST_ROWS: Final = 40
"""Sunny rows a panel needs to be learned on its own."""

_SIGMA: Final = 1.4826
_CURRENT_SHARE: Final = 0.08
_VOLTS, _WATTS = 0, 2
_SHADE_SIGMAS: Final = 4.5
_SHADE_LOSS: Final = 0.08
_SHADE_DAYS: Final = (2, 0.2)
_BORROWED: Final = 2.0


def fit_baseline(
    history: History, *, panel_ids: tuple[str, ...], group: NDArray[np.int32], sky: Sky
) -> Baseline:
    """Learn what is usual.

    Args:
        history: Fault-free days; what is not to be learned from is NaN.
        panel_ids: The panels of the history's columns.
        group: Panels of one number are siblings, shape ``(panels,)``.
        sky: Where the site is.

    Returns:
        A baseline of the panels; those with too few rows have what their siblings have.
    """
    observed = Observed.of(
        history.values.astype(np.float64),
        irradiance_w_m2=history.irradiance_w_m2.astype(np.float64),
    )
    level = _levels(observed, panel_ids=panel_ids, group=group)
    level = _ratios(level, observed=observed, time_us=history.time_us, group=group)
    level = replace(level, curve=_curves(level, observed=observed))
    level = _kinship(level, observed=observed, time_us=history.time_us, group=group)
    found = deviations(observed, time_us=history.time_us, baseline=level, group=group)
    cells = sky.cells(history.time_us)
    shaded = sky.widened(_shade(found, cells=cells, day=history.day, group=group))
    clear = found.sun & ~shaded[cells]
    sigma, tolerance = wandering(found, clear=clear, time_us=history.time_us, group=group)
    daily = daily_wandering(found, power=observed.power, clear=clear, day=history.day)
    known = (found.sun & ~np.isnan(observed.power)).sum(axis=0) >= LEAST_ROWS
    level = replace(
        level,
        shaded=shaded,
        sigma=sigma,
        tolerance=tolerance,
        daily_sigma=daily,
        days=days_known(clear & ~np.isnan(observed.power), day=history.day),
    )
    return _borrowed(level, known=known, group=group)


def _levels(
    observed: Observed, *, panel_ids: tuple[str, ...], group: NDArray[np.int32]
) -> Baseline:
    """Return peaks and scales, everything else cold."""
    power, current = observed.power, observed.current
    cold = Baseline.cold(panel_ids)
    peak = _high(power)
    sunny = power >= SUN_SHARE * peak
    volts = nan_median(np.where(sunny, observed.volts, np.nan), axis=0)
    apparent = observed.volts * observed.amperes
    conversion = nan_median(
        np.where(
            sunny & (apparent > 0), observed.watts / np.where(apparent > 0, apparent, 1), np.nan
        ),
        axis=0,
    )
    return replace(
        cold,
        own=np.ones(len(group), np.bool_),
        peak_watts=peak,
        scale=np.stack([_positive(volts), _high(current)]),
        conversion=np.where(np.isnan(conversion), 1.0, conversion),
    )


def _ratios(
    level: Baseline, *, observed: Observed, time_us: NDArray[np.int64], group: NDArray[np.int32]
) -> Baseline:
    """Return the usual ratios to the siblings by the time of day, and the temperature offset."""
    measured = (observed.volts, observed.current, observed.power)
    power = observed.power
    share = group_median(power / level.peak_watts, group=group)
    light = np.broadcast_to(usual_light(observed), power.shape)
    alone = lonely(group)
    share = np.where(alone, light / np.nanmax(light, initial=1.0), share)
    sunny = share >= SUN_SHARE
    before, part = slots(time_us)
    slot = np.where(part < 0.5, before, (before + 1) % SLOTS)  # noqa: PLR2004 - the nearer middle
    ratio = np.ones((3, SLOTS, len(group)))
    for number, values in enumerate(measured):
        peers = group_median(values, group=group)
        if number:
            peers = np.where(alone, light, peers)
        usable = sunny & (peers > 0)
        ratio[number] = _by_slot(
            np.where(usable, values / np.where(usable, peers, 1), np.nan), slot=slot, without=1.0
        )
    apart = observed.celsius - group_median(observed.celsius, group=group)
    offset = _by_slot(np.where(sunny, apart, np.nan), slot=slot, without=0.0)
    # Next to no production at an hour is shade, not a ratio to divide by.
    return replace(level, ratio=np.maximum(ratio, 0.02), offset_celsius=offset)


def _by_slot(values: Array, *, slot: NDArray[np.intp], without: float) -> Array:
    overall = nan_median(values, axis=0)
    overall = np.where(np.isnan(overall), without, overall)
    result = np.repeat(overall[np.newaxis], SLOTS, axis=0)
    for number in np.unique(slot):
        found = nan_median(values[slot == number], axis=0)
        result[number] = np.where(np.isnan(found), overall, found)
    return result


def _curves(level: Baseline, *, observed: Observed) -> Array:
    current = observed.current
    usable = (current >= _CURRENT_SHARE * level.scale[1]) & (
        observed.power >= SUN_SHARE / 2 * level.peak_watts
    )
    return fit_curve(
        np.where(usable, observed.volts, np.nan),
        celsius=observed.celsius,
        amperes=current,
        scale=level.scale,
    )


def _kinship(
    level: Baseline, *, observed: Observed, time_us: NDArray[np.int64], group: NDArray[np.int32]
) -> Baseline:
    """Return with what each panel has beyond its siblings' median whenever its kin have it."""
    found = deviations(observed, time_us=time_us, baseline=level, group=group)
    relative = np.where(found.sun, 1.0 + found.watts, np.nan)
    beyond = beyond_median(relative, light=np.ones_like(relative), group=group)
    kin, weight = learn_kin(beyond, group=group)
    return replace(level, kin=kin, kin_weight=weight)


def _shade(
    found: Deviations,
    *,
    cells: NDArray[np.intp],
    day: NDArray[np.int32],
    group: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Return where a panel was in shade on several days, shape ``(SKY_CELLS, panels)``."""
    stacked = np.where(found.sun, found.stacked(), np.nan)
    noise = noise_of(stacked, group=group)
    sigma = np.maximum(_SIGMA * nan_median(np.abs(stacked) / noise, axis=1)[:, np.newaxis], 1.0)
    z = np.nan_to_num(stacked / (noise * sigma))
    dark = z[_VOLTS] < -_SHADE_SIGMAS
    dark |= (z[_WATTS] < -_SHADE_SIGMAS) & (np.nan_to_num(stacked[_WATTS]) < -_SHADE_LOSS)
    numbers, place = np.unique(day, return_inverse=True)
    seen = np.zeros((SKY_CELLS, dark.shape[1]), np.int32)
    for number in range(len(numbers)):
        of_day = np.zeros(seen.shape, np.bool_)
        rows = np.flatnonzero(place == number)
        np.logical_or.at(of_day, cells[rows], dark[rows])
        seen += of_day
    least, share = _SHADE_DAYS
    return np.asarray(seen >= max(least, share * len(numbers)))


def _borrowed(
    baseline: Baseline, *, known: NDArray[np.bool_], group: NDArray[np.int32]
) -> Baseline:
    """Give panels with too few rows what their siblings have, less sharply."""
    cold = Baseline.cold(baseline.panel_ids)

    def common(values: Array) -> Array:
        return group_median(np.where(known, values, np.nan), group=group, least=1)

    borrowed = replace(
        cold,
        peak_watts=common(baseline.peak_watts),
        curve=common(baseline.curve),
        scale=common(baseline.scale),
        conversion=np.nan_to_num(common(baseline.conversion), nan=1.0),
        sigma=np.fmax(common(baseline.sigma), cold.sigma),
        tolerance=np.fmax(_BORROWED * common(baseline.tolerance), cold.tolerance / 2),
    )
    return borrowed.with_panels_of(baseline, rows=known)


def _high(values: Array) -> Array:
    """Return what is nearly the most, NaN where nothing is positive."""
    ordered = np.sort(np.where(values > 0, values, np.nan), axis=0)
    known = np.count_nonzero(~np.isnan(ordered), axis=0)
    if not len(ordered):
        return np.full(values.shape[1], np.nan)
    at = np.floor(0.98 * np.maximum(known - 1, 0)).astype(np.intp)
    return np.asarray(np.take_along_axis(ordered, at[np.newaxis], axis=0)[0])


def _positive(values: Array) -> Array:
    return np.where(values > 0, values, np.nan)
