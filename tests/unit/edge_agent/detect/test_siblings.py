import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.detect.siblings import median_of_others


@settings(deadline=None)
@given(
    members=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-5, 5).map(float)), min_size=0, max_size=20
    )
)
def test_the_median_of_others_is_that_of_the_group_without_oneself(members):
    group = np.array([group for group, _ in members], np.int32)
    values = np.array([value for _, value in members], np.float64)
    medians = median_of_others(values, group=group)
    for at, median in enumerate(medians):
        others = np.delete(values, at)[np.delete(group, at) == group[at]]
        if len(others) < 2:
            assert np.isnan(median)
        else:
            assert median == np.median(others)
