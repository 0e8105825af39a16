"""Each fault changes what it should, where and when it should, and nothing else."""

from datetime import timedelta

import numpy as np
import pytest

from models.simulator.clouds import DayType
from models.simulator.faults import KINDS, Fault
from models.simulator.simulation import Simulation
from models.simulator.site import Site

AFTER = timedelta(minutes=90)
"""When the effects are looked at: ramps are over then."""


class Pair:
    """One panel with a fault and the same panel without."""

    def __init__(self, fault, *, module, well):
        self.sick = Simulation(Site(panels=4), faults=[fault], module=module, sky=DayType.CLEAR)
        self.well = well

    def means(self, at, *, seconds=120):
        """Return C, V, A and W: those with the fault divided by, and minus, those without."""
        sick, well = (self.values(s, at, seconds=seconds) for s in (self.sick, self.well))
        return sick / well, sick - well

    def values(self, simulation, at, *, seconds=120):
        readings = simulation.panels(at, seconds=seconds)
        mine = readings.take(readings.panel == 2)
        columns = ("temperature_mc", "voltage_mv", "current_ma", "power_mw")
        return np.array([getattr(mine, name).mean() / 1000 for name in columns])


@pytest.fixture(scope="module")
def pair_of(noon, module):
    well = Simulation(Site(panels=4), module=module, sky=DayType.CLEAR)

    def make(name, *, begin=noon, magnitude=None):
        fault = Fault(name, "PANEL-003", begin, noon + 2 * AFTER, magnitude)
        return Pair(fault, module=module, well=well)

    return make


@pytest.mark.parametrize(
    ("name", "volts", "amperes", "watts"),
    [
        ("bypass_short", (0.66, 0.68), (0.99, 1.01), (0.65, 0.68)),
        ("shade", (0.6, 1.05), (0.65, 1.01), (0.6, 0.85)),
        ("hotspot", (0.98, 1.06), (0.74, 0.85), (0.7, 0.85)),
        ("soil_panel", (0.99, 1.03), (0.74, 0.93), (0.75, 0.93)),
        ("degr_step", (0.99, 1.02), (0.84, 0.95), (0.85, 0.95)),
        ("connector", (0.55, 0.9), (0.99, 1.01), (0.55, 0.9)),
        ("pid", (0.77, 0.9), (0.8, 0.95), (0.65, 0.8)),
        ("open", (1.18, 1.26), (-0.01, 0.01), (-0.01, 0.01)),
        ("mppt_stuck", (0.7, 0.97), (1.0, 1.1), (0.75, 0.995)),
        ("i_gain", (0.999, 1.001), (0.87, 0.89), (0.999, 1.001)),
        ("unit_error", (0.999, 1.001), (0.999, 1.001), (0.0009, 0.0011)),
        ("snow", (0.7, 1.02), (0.0, 0.04), (0.0, 0.04)),
        ("clipping", (1.03, 1.25), (0.5, 0.85), (0.6, 0.9)),
    ],
)
def test_fault_changes_voltage_current_and_power(pair_of, noon, name, volts, amperes, watts):
    ratio, _ = pair_of(name).means(noon + AFTER)
    for found, (low, high) in zip(ratio[1:], (volts, amperes, watts), strict=True):
        assert low <= found <= high


@pytest.mark.parametrize("name", [n for n in KINDS if n != "hotspot"])
def test_before_it_begins_and_after_it_ends_a_fault_changes_nothing(pair_of, noon, name):
    pair = pair_of(name)
    for at in (noon - timedelta(minutes=5), noon + 2 * AFTER + timedelta(seconds=40)):
        ratio, _ = pair.means(at, seconds=60)
        assert ratio == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("name", list(KINDS))
def test_the_siblings_of_a_faulty_panel_stay_as_they_are(pair_of, noon, name):
    pair = pair_of(name)
    sick, well = (s.panels(noon + AFTER, seconds=60) for s in (pair.sick, pair.well))
    for sibling in (0, 1, 3):
        mine, theirs = sick.take(sick.panel == sibling), well.take(well.panel == sibling)
        assert mine.power_mw.tolist() == theirs.power_mw.tolist()
        assert mine.time_us.tolist() == theirs.time_us.tolist()


def test_a_hot_spot_warms_up_and_cools_down_within_minutes(pair_of, noon):
    pair = pair_of("hotspot", magnitude=7.0)
    _, warm = pair.means(noon + AFTER)
    assert warm[0] == pytest.approx(7.0, abs=0.2)
    _, early = pair.means(noon + timedelta(minutes=10))
    assert 3.5 < early[0] < 5.5
    _, late = pair.means(noon + 2 * AFTER + timedelta(minutes=10))
    assert 1.5 < late[0] < 3.5


def test_a_biased_temperature_sensor_reads_too_high_and_nothing_else(pair_of, noon):
    ratio, difference = pair_of("temp_bias").means(noon + AFTER)
    assert 8 <= difference[0] <= 15
    assert ratio[1:] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("name", "frozen"), [("stuck_all", 4), ("stuck_v", 1)])
def test_stuck_sensors_repeat_what_they_measured_at_the_start(pair_of, noon, name, frozen):
    simulation = pair_of(name).sick
    columns = ("voltage_mv", "temperature_mc", "current_ma", "power_mw")
    readings = simulation.panels(noon, seconds=3 * 3600 + 120)
    mine = readings.take(readings.panel == 2)
    inside = mine.take(mine.time_us < (noon.timestamp() + 3 * 3600) * 1e6)
    distinct = [len(set(getattr(inside, column).tolist())) for column in columns]
    assert distinct[:frozen] == [1] * frozen
    assert all(count > 50 for count in distinct[frozen:])
    assert len(set(mine.voltage_mv.tolist())) > 5


def test_soiling_grows_by_the_day_until_it_rains(pair_of, module, noon):
    site = Site(panels=4)
    simulation = Simulation(site, module=module, sky=DayType.CLEAR)
    begin = noon - timedelta(days=20)
    dusty = pair_of("soiling", begin=begin, magnitude=0.002)
    ratio, _ = dusty.means(noon + AFTER)
    assert ratio[3] == pytest.approx(0.96, abs=0.01)
    overcast = Simulation(
        site,
        faults=[Fault("soiling", "*", begin, None, 0.002)],
        module=module,
        sky=DayType.OVERCAST,
    )
    clean = Simulation(site, module=module, sky=DayType.OVERCAST)
    times = np.array([noon.timestamp()])
    washed = overcast.true_watts(times) / clean.true_watts(times)
    assert (washed > 0.985).all()
    assert simulation.labels == ()


def test_ageing_takes_years(pair_of, noon):
    begin = noon - timedelta(days=3653)
    ratio, _ = pair_of("degradation", begin=begin).means(noon + AFTER)
    assert 0.91 < ratio[3] < 0.96


def test_spikes_are_few_and_wild(pair_of, noon):
    pair = pair_of("spikes")
    sick, well = (s.panels(noon, seconds=3600) for s in (pair.sick, pair.well))
    mine, theirs = (r.take(r.panel == 2) for r in (sick, well))
    columns = ("temperature_mc", "voltage_mv", "current_ma", "power_mw")
    differs = [getattr(mine, name) != getattr(theirs, name) for name in columns]
    assert all(where.any() for where in differs)
    share = np.logical_or.reduce(differs).mean()
    assert 0.008 < share < 0.025
    assert (mine.voltage_mv - theirs.voltage_mv)[differs[1]].min() > 40_000


def test_a_panel_that_is_offline_sends_nothing(pair_of, noon):
    readings = pair_of("offline").sick.panels(noon + AFTER, seconds=60)
    assert not (readings.panel == 2).any()
    assert len(readings) == 180


def test_gaps_are_spells_of_silence(pair_of, noon):
    readings = pair_of("gaps").sick.panels(noon, seconds=3600)
    times = np.sort(readings.time_us[readings.panel == 2]) / 1e6
    assert 0.55 < len(times) / 3600 < 0.85
    pauses = np.diff(times)
    assert pauses[pauses > 2].min() > 19


def test_duplicates_are_the_same_reading_sent_again_later(pair_of, noon):
    (block,) = pair_of("duplicates").sick.telemetry(noon, seconds=600)
    times = block.readings.time_us[block.readings.panel == 2].tolist()
    assert len(set(times)) == 600
    assert 0.15 < block.repeat.sum() / 600 < 0.45
    assert (np.diff(block.sent_us) >= 0).all()
    assert set(block.readings.panel[block.repeat].tolist()) == {2}


def test_out_of_order_readings_arrive_seconds_late_with_their_own_times(pair_of, noon):
    (block,) = pair_of("out_of_order").sick.telemetry(noon, seconds=600)
    times = block.readings.time_us[block.readings.panel == 2]
    assert (np.diff(times) < 0).sum() > 60
    assert len(set(times.tolist())) == 600
    assert 2e6 <= (block.sent_us - block.readings.time_us).max() <= 31e6


def test_a_drifting_clock_stamps_ever_later(pair_of, noon):
    pair = pair_of("clock_drift", magnitude=86.4)
    sick, well = (s.panels(noon + AFTER, seconds=60) for s in (pair.sick, pair.well))
    ahead = sick.time_us[sick.panel == 2] - well.time_us[well.panel == 2]
    assert ahead.mean() / 1e6 == pytest.approx(5.4, abs=0.05)


def test_labels_tell_the_truth_about_each_reading(module, noon):
    faults = [
        Fault("open", "PANEL-002", noon, noon + timedelta(seconds=30)),
        Fault("temp_bias", "*", noon + timedelta(seconds=50)),
    ]
    simulation = Simulation(Site(panels=3), faults=faults, module=module)
    assert [(x.name, x.panel_id) for x in simulation.labels] == [
        ("open", "PANEL-002"),
        ("temp_bias", "PANEL-001"),
        ("temp_bias", "PANEL-002"),
        ("temp_bias", "PANEL-003"),
    ]
    readings = simulation.panels(noon, seconds=60)
    codes = simulation.label_codes(readings)
    second = readings.time_us // 1_000_000 - int(noon.timestamp())
    expected = np.where(second >= 50, KINDS["temp_bias"].code, 0)
    expected[(second < 30) & (readings.panel == 1)] = KINDS["open"].code
    assert codes.tolist() == expected.tolist()


def test_an_unknown_fault_or_panel_is_an_error_that_lists_what_there_is(module, noon):
    with pytest.raises(ValueError, match=r"fault is 'rust', known are bypass_short, shade"):
        Simulation(Site(), faults=[Fault("rust", "*", noon)], module=module)
    with pytest.raises(ValueError, match="'PANEL-011', known are PANEL-001 to PANEL-010"):
        Simulation(Site(), faults=[Fault("open", "PANEL-011", noon)], module=module)


def test_codes_are_unique():
    codes = [kind.code for kind in KINDS.values()]
    assert len(set(codes)) == len(codes) == 24
    assert 0 not in codes
