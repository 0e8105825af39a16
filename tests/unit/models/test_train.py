"""A small model from a small simulation: labelled, trained, written, read."""

from dataclasses import replace

import numpy as np
import pytest

from edge_agent.detect.model import Model
from models.detection import Seen
from models.evaluate.simulated import TEST
from models.simulator.faults import Fault
from models.simulator.labels import labels_of
from models.train.convert import model_bytes, parity
from models.train.fit import fit
from models.train.rows import _labelled, rows_of
from models.train.scenes import CLASSES, HELD_OUT, SCENES
from shared.vectors import NAMES


@pytest.fixture(scope="module")
def rows():
    scene = replace(SCENES[0], panels=8, interval_s=600.0, train_days=1, test_days=1)
    (found,) = rows_of([scene])
    return found


def test_the_edge_agent_makes_labelled_rows_of_a_simulated_site(rows):
    assert rows.features.shape == (len(rows.number), len(NAMES))
    assert set(np.unique(rows.number)) > {0}
    assert not np.isnan(rows.features).all(axis=1).any()


def test_the_same_rows_make_the_same_file_and_the_agent_reads_it(rows):
    fitted = [fit(rows, held_out=rows, rounds=20) for _ in range(2)]
    first, second = (model_bytes(f, version="2026.1.1", training_sha256="0" * 64) for f in fitted)
    assert first == second
    assert parity(first, fitted=fitted[0], rows=rows) < 1e-5
    model = Model.load(first)
    assert model.version == "2026.1.1"
    assert model.classes[0] == "healthy"
    best = model.score(rows.features).probability.argmax(axis=1)
    assert np.mean(np.array([CLASSES.index(c) for c in model.classes])[best] == rows.number) > 0.7


def test_windows_while_a_fault_comes_or_has_just_gone_are_not_learned_from():
    site = SCENES[0].site
    start = SCENES[0].start
    minute = 60_000_000
    begin_us = int(start.timestamp() * 1e6)
    fault = Fault("bypass_short", "PANEL-001", start.replace(hour=10), start.replace(hour=11))
    starts = begin_us + 9 * 60 * minute + np.arange(200) * minute
    seen = Seen(
        starts_us=starts,
        panel_ids=["PANEL-001", "PANEL-002"],
        names=list(NAMES),
        features=np.zeros((200, 2, len(NAMES)), np.float32),
        named=np.full((200, 2), -1, np.int8),
    )
    found = _labelled(seen, labels=labels_of([fault], site=site), from_us=begin_us)
    counts = np.bincount(found.number, minlength=len(CLASSES))
    assert counts[CLASSES.index("bypass_diode")] == 56
    assert counts[0] == 400 - 56 - (2 + 2) - (2 + 20)


def test_no_site_is_both_trained_and_tested_on():
    trained = [*SCENES, *HELD_OUT]
    assert not {scene.name for scene in trained} & {scene.name for scene in TEST}
    assert not {scene.module for scene in trained} & {scene.module for scene in TEST}
    places = {(scene.latitude, scene.longitude) for scene in trained}
    assert not places & {(scene.latitude, scene.longitude) for scene in TEST}
