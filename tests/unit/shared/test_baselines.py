from dataclasses import fields

import numpy as np
import pytest

from shared.baselines import Baseline
from shared.curve import expected_volts
from shared.errors import InvalidBaselineError
from shared.features import Observed, deviations
from shared.fitting import fit_baseline
from shared.history import History
from shared.sky import Sky

BLOCK_US = 300_000_000
DAY_US = 86_400_000_000
IDS = ("A", "B", "C", "D", "E")
GROUP = np.zeros(5, np.int32)


def healthy(days=4, *, seed=1):
    """Days of five siblings that differ, 8:00 to 16:00."""
    random = np.random.default_rng(seed)
    hours = np.arange(8 * 12, 16 * 12) * BLOCK_US
    time_us = np.concatenate([day * DAY_US + hours for day in range(days)])
    light = np.sin((time_us % DAY_US / DAY_US - 0.25) * 2 * np.pi)[:, np.newaxis]
    gain = np.array([1.0, 0.9, 1.1, 1.0, 0.95])
    amperes = 8 * light * gain * (1 + 0.003 * random.standard_normal((len(time_us), 5)))
    celsius = 15 + 30 * light + 0.2 * random.standard_normal((len(time_us), 5))
    volts = 36 * (1 - 0.004 * (celsius - 25)) + 1.5 * np.log(amperes / 8) - 0.2 * amperes
    values = np.stack([celsius, volts, amperes, volts * amperes]).astype(np.float32)
    day = (time_us // DAY_US).astype(np.int32)
    return History(time_us, day, values, np.full(len(time_us), np.nan, np.float32))


def fitted(history=None, *, sky=None):
    return fit_baseline(history or healthy(), panel_ids=IDS, group=GROUP, sky=sky or Sky())


def found_in(history, baseline):
    observed = Observed.of(
        history.values.astype(np.float64), irradiance_w_m2=history.irradiance_w_m2.astype(float)
    )
    return deviations(observed, time_us=history.time_us, baseline=baseline, group=GROUP)


def test_the_voltage_of_an_unseen_day_is_expected_to_within_a_few_thousandths():
    baseline, other = fitted(), healthy(1, seed=2)
    volts = expected_volts(
        baseline.curve,
        celsius=other.values[0].astype(float),
        amperes=other.values[2].astype(float),
        scale=baseline.scale,
    )
    assert np.nanmax(np.abs(volts / other.values[1] - 1)) < 0.005


def test_siblings_that_always_produce_less_do_not_deviate():
    found = found_in(healthy(1, seed=3), fitted())
    assert np.nanmax(np.abs(found.watts[found.sun])) < 0.03


def test_a_bypassed_third_shows_in_the_voltage_of_that_panel_alone():
    history = healthy(1, seed=4)
    history.values[[1, 3], :, 2] *= 2 / 3
    found = found_in(history, fitted())
    assert np.nanmedian(found.volts[:, 2]) == pytest.approx(-1 / 3, abs=0.01)
    assert np.nanmedian(np.abs(found.volts[:, [0, 1, 3, 4]])) < 0.005
    assert np.nanmedian(np.abs(found.amperes[:, 2])) < 0.01


def test_what_all_siblings_share_is_no_deviation_of_the_voltage():
    history = healthy(1, seed=5)
    history.values[1] *= 1.08
    assert np.nanmax(np.abs(found_in(history, fitted()).volts)) < 0.02


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_any_column_may_be_missing(missing):
    history, test = healthy(), healthy(1, seed=6)
    for part in (history, test):
        part.values[missing] = np.nan
    if missing != 3:
        test.values[3, :, 1] *= 0.8
    else:
        test.values[2, :, 1] *= 0.8
    found = found_in(test, fitted(history))
    deviates = found.watts if missing in (0, 1, 2) else found.amperes
    assert np.nanmedian(deviates[:, 1]) == pytest.approx(-0.2, abs=0.02)


@pytest.mark.parametrize("sky", [Sky(), Sky(47.0, 0.0)])
def test_shade_that_comes_back_each_day_is_learned(sky):
    history = healthy(5)
    shaded = (history.time_us % DAY_US) // BLOCK_US < 9 * 12
    history.values[1:4:2, shaded, 3] *= 0.7
    history.values[1:4:2, shaded & (history.day < 1), 3] /= 0.7
    baseline = fitted(history, sky=sky)
    cells = sky.cells(history.time_us)
    assert baseline.shaded[cells[shaded], 3].all()
    assert not baseline.shaded[:, 0].any()


def test_a_panel_with_too_few_rows_has_what_its_siblings_have():
    history = healthy()
    history.values[:, 20:, 4] = np.nan
    baseline = fitted(history)
    assert baseline.own.tolist() == [True, True, True, True, False]
    assert not np.isnan(baseline.curve).any()


def test_a_baseline_survives_as_bytes():
    baseline = fitted()
    back = Baseline.from_bytes(baseline.to_bytes())
    for field in fields(Baseline):
        if field.name in ("panel_ids", "fitted_us"):
            assert getattr(back, field.name) == getattr(baseline, field.name)
        else:
            np.testing.assert_allclose(
                getattr(back, field.name), getattr(baseline, field.name), rtol=1e-5
            )


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x81\xa1v\x01"])
def test_damaged_bytes_are_refused(damage):
    with pytest.raises(InvalidBaselineError):
        Baseline.from_bytes(damage)
    with pytest.raises(InvalidBaselineError):
        Baseline.from_bytes(fitted().to_bytes()[:-5] + damage)


def test_panels_that_come_later_start_cold_and_leave_the_others_as_they_are():
    baseline = fitted().arranged((*IDS, "F"))
    assert baseline.own.tolist() == [True] * 5 + [False]
    np.testing.assert_array_equal(baseline.curve[:, :5], fitted().curve)


def test_the_history_survives_as_bytes():
    history = healthy(1)
    back = History.from_bytes(history.to_bytes())
    np.testing.assert_allclose(back.values, history.values, atol=0.00051, rtol=1e-6)
    assert back.day.tolist() == history.day.tolist()
    with pytest.raises(InvalidBaselineError):
        History.from_bytes(history.to_bytes()[:-3])
