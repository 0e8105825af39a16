import numpy as np
import pytest

from edge_agent.configfile import parse_config
from edge_agent.panels import PanelBook

LEAST = '[site]\nid = "alpha"\n[upload]\ncollector_url = "https://c.example"\n'


@pytest.fixture
def book():
    return PanelBook(
        parse_config(
            LEAST + '[panels]\nmodel = "M"\nrated_watts = 330\n'
            "nominal = {power_output_watts = [0, 400]}\n"
            "[panels.models.THIN]\npossible = {voltage_volts = [-1, 300]}\n"
            '[panels.P2]\nmodel = "THIN"\ngroup = "west"\nlatitude = 1.0\nlongitude = 2.0\n'
        ).panels
    )


def test_the_more_specific_setting_wins(book):
    assert book.panel("P1").model == "M"
    assert (book.panel("P2").model, book.panel("P2").rated_watts) == ("THIN", 330)
    assert (book.group_of("P1"), book.group_of("P2")) == ("", "west")


def test_limits_come_from_panel_model_and_defaults_together(book):
    assert book.limits_of("P2").possible.voltage_volts == (-1, 300)
    assert book.limits_of("P2").nominal.power_output_watts == (0, 400)
    assert book.limits_of("P1").possible.voltage_volts == (-1, 150)
    assert book.limits_of("P1") is book.limits_of("P3")


def test_a_panel_is_told_once_and_again_when_it_moves(book):
    first = book.changes(["P1", "P2"], locations={"P1": (10.0, 20.0)})
    assert first["panel"].tolist() == ["P1", "P2"]
    np.testing.assert_array_equal(first["latitude"], [10.0, 1.0])
    assert book.changes(["P1", "P2"], locations={"P1": (10.0, 20.0)}) is None
    moved = book.changes(["P1", "P2"], locations={"P1": (11.0, 20.0)})
    assert moved["panel"].tolist() == ["P1"]
    assert moved["latitude"].tolist() == [11.0]


def test_where_a_panel_is_by_the_settings_goes_before_what_it_tells(book):
    told = book.changes(["P2"], locations={"P2": (50.0, 60.0)})
    assert told["latitude"].tolist() == [1.0]
