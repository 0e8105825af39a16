"""A panel of which readings are missing while clouds pass."""

import numpy as np

from edge_agent.detect.faults.patchy import frozen, wild, with_patches
from shared.baselines import FEATURES
from shared.windows import Window

PANELS = 6
GROUP = np.zeros(PANELS, np.int32)
WATTS, VOLTS = FEATURES.index("watts"), FEATURES.index("volts")


def noise(*, count, swing):
    window = Window(
        0,
        60_000_000,
        np.ones((4, PANELS)),
        np.array(count),
        np.zeros((4, PANELS), np.bool_),
        np.full(PANELS, swing),
    )
    least = np.full((len(FEATURES), PANELS), 0.01)
    return with_patches(least, window=window, group=GROUP)


def test_half_a_window_under_moving_clouds_says_little_of_production():
    found = noise(count=[30, 60, 60, 60, 60, 60], swing=0.4)
    assert found[WATTS, 0] > 0.2
    assert (found[WATTS, 1:] == 0.01).all()
    assert (found[VOLTS] == 0.01).all()


def test_under_a_steady_sky_half_a_window_says_as_much_as_a_whole_one():
    assert (noise(count=[30, 60, 60, 60, 60, 60], swing=0.0) == 0.01).all()


def test_a_panel_that_is_not_heard_of_or_unlike_all_others_changes_nothing_for_its_siblings():
    found = noise(count=[0, 600, 60, 60, 60, 60], swing=np.nan)
    assert (found[:, 1:] == 0.01).all()


def window(*, count, swing=0.0, still=False, values=1.0):
    return Window(
        0,
        60_000_000,
        np.full((4, PANELS), values),
        np.full(PANELS, count),
        np.full((4, PANELS), still),
        np.broadcast_to(np.array(swing, np.float64), PANELS).copy(),
    )


def test_of_two_readings_a_wild_one_makes_the_window_worthless_and_of_sixty_it_does_not():
    alone = [2.0, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert wild(window(count=2, swing=alone), group=GROUP).tolist() == [True] + [False] * 5
    assert not wild(window(count=60, swing=alone), group=GROUP).any()


def test_what_all_siblings_do_is_a_cloud_and_not_wild():
    assert not wild(window(count=2, swing=0.9), group=GROUP).any()


def test_a_panel_stands_still_only_if_three_of_its_values_are_known_to():
    assert frozen(window(count=2, still=True)).all()
    assert not frozen(window(count=2, still=True, values=np.nan)).any()
    assert not frozen(window(count=2)).any()
