"""What is kept of two hours says the same as all of it would."""

import numpy as np
import pytest

from shared.baselines import FEATURES
from shared.horizons import Horizons, judged, noise_of, parts

MINUTE_US = 60_000_000
PANELS = 12
GROUP = np.repeat(np.arange(2, dtype=np.int32), PANELS // 2)


def minutes(count, *, panels=PANELS, seed=1):
    """Deviations with gaps, wild values, and one panel that lies low."""
    random = np.random.default_rng(seed)
    found = 0.02 * random.standard_normal((count, len(FEATURES), panels))
    found[random.random(found.shape) < 0.1] = np.nan
    found[random.random(found.shape) < 0.01] = 5.0
    found[:, :, 0] -= 0.3
    return found


def stepped(horizons, found, *, at=0):
    """The last thing that is judged of some minutes, one after the other."""
    for number, deviation in enumerate(found, at + 1):
        group = GROUP[: deviation.shape[1]]
        noise = noise_of(deviation, group=group)
        last = horizons.step(deviation, noise=noise, end_us=number * MINUTE_US)
    return last


@pytest.mark.parametrize("count", [1, 3, 14, 119, 150])
def test_each_horizon_is_judged_by_the_sums_of_its_minutes(count):
    found = minutes(count)
    horizons = Horizons(MINUTE_US)
    last = stepped(horizons, found)
    pieces = np.stack([parts(one, noise=noise_of(one, group=GROUP)) for one in found])
    for number, length in enumerate(horizons.lengths):
        mean, z, agreed = judged(
            pieces[-length:].sum(axis=0), length=length, now=~np.isnan(found[-1]), share=0.2
        )
        np.testing.assert_allclose(last.mean[number], mean, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(last.z[number], z, rtol=2e-3, atol=5e-3)
        assert (last.agreed[number] == agreed).all()


def test_minutes_without_a_window_count_as_nothing_known():
    found = minutes(30)
    gone, silent = Horizons(MINUTE_US), Horizons(MINUTE_US)
    stepped(gone, found[:15])
    stepped(silent, found[:15])
    stepped(silent, np.full((5, *found.shape[1:]), np.nan), at=15)
    one, other = (stepped(each, found[20:], at=20) for each in (gone, silent))
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.z, other.z)


def test_what_is_to_be_forgotten_of_a_panel_is_as_if_it_had_come_just_now():
    found = minutes(20)
    forgetful = Horizons(MINUTE_US)
    stepped(forgetful, found[:15])
    forgetful.forget(np.arange(PANELS) == 0)
    found[:15, :, 0] = np.nan
    last, fresh = stepped(forgetful, found[15:], at=15), stepped(Horizons(MINUTE_US), found)
    np.testing.assert_allclose(last.mean[..., 0], fresh.mean[..., 0])
    np.testing.assert_array_equal(last.agreed[..., 0], fresh.agreed[..., 0])


def test_panels_that_come_later_have_no_past():
    found = minutes(20)
    horizons = Horizons(MINUTE_US)
    stepped(horizons, found[:10, :, :4])
    last = stepped(horizons, found[10:], at=10)
    absent = found.copy()
    absent[:10, :, 4:] = np.nan
    np.testing.assert_allclose(
        last.mean[..., 4:], stepped(Horizons(MINUTE_US), absent).mean[..., 4:], rtol=1e-6
    )


def test_two_hours_of_a_thousand_panels_take_less_than_five_megabytes():
    horizons = Horizons(MINUTE_US)
    deviation = np.zeros((len(FEATURES), 1_000))
    horizons.step(deviation, noise=deviation + 0.01, end_us=0)
    assert horizons._tame.nbytes + horizons._noise.nbytes < 5e6
