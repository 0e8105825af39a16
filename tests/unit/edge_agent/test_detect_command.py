"""`edge-agent detect` over CSV files, as a person runs it."""

import csv
import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from edge_agent.cli.commands import app
from edge_agent.cli.csvfile import read_csv
from edge_agent.detect.faults.memory import baseline_page
from edge_agent.errors import EdgeError
from edge_agent.outbox import open_outbox
from shared.baselines import Baseline

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = "timestamp,panel_id,temperature_celsius,voltage_volts,current_amperes,power_output_watts"


def rows(days=5, *, panels=5, scale=1.0):
    """Quarters of an hour; the second panel loses a third of its power on the last day."""
    for step in range(days * 96):
        moment = FIRST + timedelta(minutes=15 * step)
        light = max(math.sin((moment.hour + moment.minute / 60 - 6) / 12 * math.pi), 0.0)
        cloud = 1.0 - 0.3 * ((step * 7919) % 13) / 13
        if not 5 <= moment.hour < 19:
            continue
        for panel in range(panels):
            wobble = 1 + 0.004 * math.sin(step * 1.7 + panel * 2.1)
            faulty = panel == 1 and step >= (days - 1) * 96 + 40 and light > 0
            watts = 300 * light * cloud * wobble * (1 + 0.02 * panel) * (0.67 if faulty else 1.0)
            yield moment, f"INV-{panel}", scale * watts, faulty


def written(path, *, days=5, scale=1.0, stamp=lambda moment: moment.isoformat()):
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("timestamp", "panel_id", "power_output_watts", "label"))
        for moment, panel, watts, faulty in rows(days, scale=scale):
            lines.writerow((stamp(moment), panel, f"{watts:.2f}", "loss" if faulty else ""))
    return path


def run(*words):
    return CliRunner().invoke(app, ["detect", *map(str, words)])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """What is said of a site of megawatts, and the scores of each row."""
    folder = tmp_path_factory.mktemp("large")
    scores = folder / "scores.csv"
    done = run(
        *("--csv", written(folder / "a.csv", scale=5000.0), "--train-days", 3),
        *("--json", "--scores", scores, "--explain", "INV-1"),
    )
    assert done.exit_code == 0, done.output
    with scores.open() as file:
        return json.loads(done.stdout), list(csv.DictReader(file))


def test_a_loss_is_found_whatever_the_scale_is(large):
    found, _ = large
    (episode,) = found["episodes"]
    assert (episode["panel"], episode["alert_type"]) == ("INV-1", "underperformance")
    assert found["window_seconds"] == 900
    assert found["metrics"]["f1"] > 0.9
    assert found["metrics"]["event_recall"] == 1.0
    assert found["metrics"]["false_alarms"] == 0


def test_a_panel_is_explained_from_its_own_days(large):
    panel = large[0]["explanation"]
    assert panel["panel_id"] == "INV-1"
    assert panel["learned_from"] == "its own days"
    assert panel["days"] >= 3
    assert panel["sigmas"].keys() == panel["smallest_told"].keys()


def test_it_prints_tables(tmp_path):
    path = written(tmp_path / "a.csv", days=3)
    done = run("--csv", path, "--train-days", 2, "--explain", "INV-1")
    assert done.exit_code == 0
    assert "underperformance" in done.stdout
    assert "event recall" in done.stdout
    assert "its own days" in done.stdout


def test_an_unknown_panel_cannot_be_explained(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n1,A,1,1,1,1\n2,A,1,1,1,1\n")
    done = run("--csv", path, "--explain", "NOBODY")
    assert "there is no panel 'NOBODY'" in str(done.exception)


def test_scores_have_a_line_for_each_row(large):
    _, lines = large
    assert len(lines) == sum(1 for _ in rows())
    alarms = {line["panel_id"] for line in lines if line["alarm"] == "1"}
    assert alarms == {"INV-1"}
    worst = max(lines, key=lambda line: float(line["score"] or 0))
    assert worst["panel_id"] == "INV-1"


def test_days_to_learn_from_that_leave_nothing_to_test_are_refused(tmp_path):
    with pytest.raises(EdgeError, match=r"400 days .* nothing to test: the readings are of 4\.6"):
        raise run("--csv", written(tmp_path / "a.csv"), "--train-days", 400).exception


def test_a_broken_model_is_named_and_said_to_be_none(tmp_path):
    model = tmp_path / "broken.onnx"
    model.write_bytes(b"no model")
    with pytest.raises(EdgeError, match=r"broken\.onnx: .* not in the format ONNX"):
        raise run("--csv", written(tmp_path / "a.csv"), "--model", model).exception


def test_without_a_file_and_a_panel_there_is_nothing_to_do():
    done = run("--json")
    assert done.exit_code == 2
    assert "--csv FILE or --explain PANEL" in done.output


@pytest.fixture
def config(tmp_path):
    """A configuration, with an outbox in its folder."""
    path = tmp_path / "edge-agent.toml"
    path.write_text(
        f'[site]\nid = "alpha"\n[upload]\ncollector_url = "http://127.0.0.1:1"\n'
        f'[buffer]\npath = "{tmp_path / "outbox.db"}"\n'
    )
    return path


def test_an_agent_that_has_learned_nothing_explains_no_panel(config):
    done = run("--explain", "A", "--config", config)
    assert "has learned nothing yet" in str(done.exception)


async def test_what_an_agent_has_learned_is_explained_from_its_outbox(config, tmp_path):
    cold = Baseline.cold(("A", "B"))
    shaded = cold.shaded.copy()
    shaded[24:30, 0] = True
    baseline = replace(cold, own=np.array([True, False]), fitted_us=1_780_000_000_000_000,
                       days=np.array([7, 0], np.int32), shaded=shaded)  # fmt: skip
    async with open_outbox(tmp_path / "outbox.db", max_bytes=10**8, spill_after=1.0) as outbox:
        page = baseline_page(baseline, days=[])
        await outbox.state.remember("learned.baseline", value=page)
        done = run("--explain", "A", "--config", config, "--json")
    panel = json.loads(done.stdout)
    assert (panel["learned_from"], panel["days"]) == ("its own days", 7)
    assert panel["usual_shade"] == ["06:00 to 07:30 UTC"]
    printed = run("--explain", "B", "--config", config)
    assert "its siblings" in printed.stdout


@pytest.mark.parametrize(
    "stamp",
    [
        lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"),
        lambda moment: moment.astimezone().isoformat(),
        lambda moment: (moment + timedelta(0)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        lambda moment: f"{moment.timestamp():.0f}",
        lambda moment: f"{moment.timestamp() * 1000:.0f}",
    ],
)
def test_times_may_be_written_in_any_of_these_ways(tmp_path, stamp):
    read = read_csv(written(tmp_path / "a.csv", days=1, stamp=stamp), progress=lambda _: None)
    assert read.time_us[0] == (FIRST + timedelta(hours=5)).timestamp() * 1e6
    assert read.time_us[-1] == (FIRST + timedelta(hours=18, minutes=45)).timestamp() * 1e6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("panel_id,power_output_watts\nA,1\n", "line 1: there is no column timestamp"),
        ("timestamp,panel_id\n2026-06-01,A\n", "line 1: there is none of the columns"),
        (f"{HEADER}\n", "has no rows"),
        ("", "line 1"),
        (f"{HEADER}\n1,A,1,1,1,1\n2,A,1,x,1,1\n", "line 3, voltage_volts is 'x'"),
        (f"{HEADER}\nyesterday,A,1,1,1,1\n", "line 2, timestamp is 'yesterday'"),
        (f"{HEADER}\n1,A,1\n", "line 2: 3 values"),
        (f"{HEADER}\n\xff".encode("latin-1"), "cannot read"),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_line_and_the_column(tmp_path, text, said):
    path = tmp_path / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EdgeError, match=said):
        read_csv(path, progress=lambda _: None)


def test_empty_and_infinite_values_are_missing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n1,A,,nan,inf,5\n2,A,N/A,1,2,\n")
    values = read_csv(path, progress=lambda _: None).values
    assert (~np.isnan(values)).tolist() == [
        [False, False],
        [False, True],
        [False, True],
        [True, False],
    ]
