"""The model that comes with the agent, and files that are no model."""

import json
from importlib import resources

import numpy as np
import onnx
import pytest

from edge_agent.detect.faults.kinds import NOTHING, NUMBER, UNNAMED
from edge_agent.detect.faults.opinion import Opinion
from edge_agent.detect.model import LARGEST_BYTES, Model, Scores
from edge_agent.errors import ModelError
from shared.vectors import NAMES

SHIPPED = (resources.files("models") / "artifacts" / "faults.onnx").read_bytes()


def changed(**entries):
    """The shipped file with other metadata; None takes an entry away."""
    file = onnx.load_from_string(SHIPPED)
    told = {entry.key: entry.value for entry in file.metadata_props}
    told |= {f"heliograph.{name}": value for name, value in entries.items()}
    del file.metadata_props[:]
    for key, value in told.items():
        if value is not None:
            entry = file.metadata_props.add()
            entry.key, entry.value = key, value
    return file.SerializeToString()


def told(name):
    return json.loads(
        next(e.value for e in onnx.load_from_string(SHIPPED).metadata_props if e.key.endswith(name))
    )


@pytest.fixture(scope="module")
def shipped():
    return Model.shipped()


def row(**deviations):
    values = dict.fromkeys(NAMES, 0.0) | {"light": 0.7, "power": 0.7, "current": 0.7}
    for name, value in deviations.items():
        values[name] = value
        if f"{name}_15_minutes" in values:
            values[f"{name}_15_minutes"] = value
    values["resistance"] = values["volts"] / values["current"]
    return np.array([[values[name] for name in NAMES]], np.float32)


def test_the_shipped_model_answers_its_golden_rows_and_is_small(shipped):
    assert len(SHIPPED) == shipped.size_bytes < LARGEST_BYTES
    assert len(told("golden")["features"]) >= 24
    assert set(shipped.features) == set(NAMES)
    others = {"healthy", "clipping", "zero_power", "flatline"}
    assert set(shipped.classes) - others <= set(NUMBER)


def test_many_panels_are_asked_at_once_and_what_is_missing_is_filled(shipped):
    rows = np.repeat(row(), 1000, axis=0)
    rows[::7] = np.nan
    scores = shipped.score(rows)
    assert scores.probability.shape == (1000, len(shipped.classes))
    assert scores.probability.sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    assert np.isfinite(scores.novelty).all()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("healthy", {}),
        ("bypass_diode", {"volts": -0.333, "watts": -0.333, "volts_peer": -0.333, "power": 0.47}),
        ("light_loss", {"amperes": -0.15, "watts": -0.15, "power": 0.6, "current": 0.6}),
        ("temperature_sensor", {"celsius": 11.0, "volts": 0.045}),
    ],
)
def test_the_shipped_model_knows_a_plain_signature(shipped, name, seen):
    probability = shipped.score(row(**seen)).probability[0]
    assert shipped.classes[probability.argmax()] == name


def test_what_is_like_nothing_known_is_new(shipped):
    usual, strange = shipped.score(np.concatenate([row(), row(volts=0.9, celsius=-40)])).novelty
    assert strange > usual + 0.1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cannot be read: it is not in the format ONNX, or is damaged"),
        (b"no model at all", "cannot be read: it is not in the format ONNX, or is damaged"),
        (SHIPPED[: len(SHIPPED) // 2], "cannot be read: it is not in the format ONNX, or is dam"),
        (SHIPPED + b"\0" * LARGEST_BYTES, "allowed are 1000000"),
        (changed(version=None), "no metadata 'heliograph.version'"),
        (changed(classes="{"), "'heliograph.classes' cannot be read"),
        (changed(features='["volts", "aura"]'), r"not known here: \['aura'\]"),
        (changed(features='["volts"]'), "golden rows have the shape"),
        (changed(golden='{"features": [[0.0]], "probability": [], "novelty": []}'), "golden rows"),
    ],
)
def test_a_file_that_is_no_usable_model_is_refused_by_name(data, says):
    with pytest.raises(ModelError, match=says):
        Model.load(data)


def test_a_model_that_answers_otherwise_than_where_it_was_made_is_refused():
    golden = told("golden")
    golden["novelty"][0] += 2e-5
    with pytest.raises(ModelError, match="novelty differs by"):
        Model.load(changed(golden=json.dumps(golden)))


class Certain(Model):
    """Finds one class in every row, or fails."""

    def __init__(self, name, *, sure=0.9):
        self.name, self.sure, self.calls = name, sure, 0
        self.version, self.thresholds = "test", {"name": 0.6}
        self.classes = ("healthy", "clipping", "zero_power", "shading", "hot_spot")

    def score(self, features):
        self.calls += 1
        if self.name is None:
            raise ModelError("the model test fails: out of its depth")
        probability = np.full((len(features), 5), (1 - self.sure) / 4, np.float32)
        probability[:, self.classes.index(self.name)] = self.sure
        return Scores(probability, np.full(len(features), 0.5, np.float32))


@pytest.mark.parametrize(
    ("name", "sure", "kind"),
    [
        ("hot_spot", 0.9, NUMBER["hot_spot"]),
        ("hot_spot", 0.5, NUMBER["light_loss"]),
        ("healthy", 0.9, NUMBER["light_loss"]),
        ("clipping", 0.9, NOTHING),
        ("zero_power", 0.9, UNNAMED),
    ],
)
def test_a_sure_model_names_what_the_rules_found(name, sure, kind):
    opinion, features = Opinion(Certain(name, sure=sure)), row()
    named = np.array([NUMBER["light_loss"]], np.int8)
    scores = opinion.score(features)
    assert opinion.renamed(named, features=features, scores=scores).tolist() == [kind]


@pytest.mark.parametrize("kind", [NOTHING, UNNAMED])
def test_what_the_rules_do_not_find_or_another_tells_the_model_does_not_tell(kind):
    opinion, features = Opinion(Certain("hot_spot")), row()
    named = np.array([kind], np.int8)
    scores = opinion.score(features)
    assert opinion.renamed(named, features=features, scores=scores).tolist() == [kind]


def test_without_a_voltage_the_rules_name():
    opinion, features = Opinion(Certain("hot_spot")), row(volts=np.nan)
    named = np.array([NUMBER["underperformance"]], np.int8)
    scores = opinion.score(features)
    assert opinion.renamed(named, features=features, scores=scores).tolist() == named.tolist()


def test_a_model_that_fails_is_asked_no_more_and_the_rules_go_on():
    model = Certain(None)
    opinion, features = Opinion(model), row()
    assert opinion.score(features) is None
    assert opinion.score(features) is None
    assert model.calls == 1
    assert opinion.version is None
    assert "out of its depth" in opinion.trouble
    named = np.array([NUMBER["light_loss"]], np.int8)
    assert opinion.renamed(named, features=features, scores=None).tolist() == named.tolist()
    assert np.isnan(opinion.likely(named, scores=None)).all()


def test_how_likely_a_name_is_comes_with_it():
    opinion = Opinion(Certain("hot_spot"))
    scores = opinion.score(row())
    named = np.array([NUMBER["hot_spot"]], np.int8)
    assert opinion.likely(named, scores=scores) == pytest.approx([0.9])
    assert opinion.likely(np.array([NOTHING], np.int8), scores=scores) == pytest.approx([0.05])
