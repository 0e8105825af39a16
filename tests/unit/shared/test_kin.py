"""What a panel should produce by the siblings it goes along with."""

from dataclasses import replace

import numpy as np

from shared.baselines import Baseline
from shared.kin import beyond_median, expected_beyond, learn_kin

GROUP = np.zeros(10, np.int32)
IDS = tuple("ABCDEFGHIJ")


def weather(rows=400, *, seed=1):
    """Two rows of five panels; a shadow crosses the one and the other at different times."""
    random = np.random.default_rng(seed)
    shadow = 0.05 * random.standard_normal((rows, 2))
    return 1.0 + np.repeat(shadow, 5, axis=1) + 0.004 * random.standard_normal((rows, 10))


def beyond(relative):
    light = np.repeat(np.median(relative, axis=1)[:, np.newaxis], 10, axis=1)
    return beyond_median(relative, light=light, group=GROUP)


def learned():
    kin, weight = learn_kin(beyond(weather()), group=GROUP)
    return replace(Baseline.cold(IDS), kin=kin, kin_weight=weight)


def test_kin_say_more_than_the_median_of_all():
    seen = beyond(weather(seed=2))
    rest = seen - expected_beyond(seen, baseline=learned())
    assert rest.std() < 0.35 * seen.std()


def test_nothing_learned_is_the_median():
    seen = beyond(weather(seed=2))
    assert not expected_beyond(seen, baseline=Baseline.cold(IDS)).any()


def test_a_sibling_that_fails_takes_no_other_with_it():
    relative = 1.0 + 0.004 * np.random.default_rng(3).standard_normal((1, 10))
    healthy = expected_beyond(beyond(relative), baseline=learned())
    relative[0, 0] *= 0.2
    changed = expected_beyond(beyond(relative), baseline=learned())
    assert np.abs(changed - healthy)[0, 1:].max() < 0.03


def test_kin_are_of_the_same_group():
    group = np.array([0] * 5 + [1] * 5, np.int32)
    kin, weight = learn_kin(beyond(weather()), group=group)
    there = weight != 0
    assert (group[kin][there] == np.broadcast_to(group, kin.shape)[there]).all()


def test_a_group_of_few_has_no_kin():
    _, weight = learn_kin(beyond(weather())[:, :4], group=GROUP[:4])
    assert not weight.any()


def test_kin_are_the_same_panels_in_another_order():
    usual = learned()
    turned = usual.arranged((*reversed(IDS), "NEW"))
    for number, panel in enumerate(IDS):
        at = turned.panel_ids.index(panel)
        before = dict(
            zip([IDS[k] for k in usual.kin[:, number]], usual.kin_weight[:, number], strict=True)
        )
        ids = [turned.panel_ids[k] for k in turned.kin[:, at]]
        after = dict(zip(ids, turned.kin_weight[:, at], strict=True))
        assert before == after


def test_kin_that_are_gone_do_not_count():
    some = learned().arranged(IDS[:3])
    assert (some.kin_weight[some.kin < 0] == 0).all()
    assert (some.kin < 3).all()
