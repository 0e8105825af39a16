"""The command as people and scripts use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from models.simulator.cli import app
from models.simulator.faults import KINDS

ROOT = Path(__file__).parents[3]


def simulator(*arguments):
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})


def test_it_prints_one_json_line_a_reading():
    done = simulator(
        "--panels", "3", "--duration", "4s", "--speed", "0", "--history", "2m", "--json"
    )
    assert done.exit_code == 0
    readings = [json.loads(line) for line in done.stdout.splitlines()]
    account = json.loads(done.stderr)
    assert len(readings) == account["published"] == account["acknowledged"] == 3 * (4 + 2)
    for panel, tally in account["panels"].items():
        times = [r["timestamp"] for r in readings if r["panel_id"] == panel]
        assert min(times)[:23] == tally["first"][:23]
        assert max(times)[:23] == tally["last"][:23]


def test_verbose_prints_a_line_a_reading_with_the_fault():
    done = simulator(
        "--panels=2", "--duration=2s", "--speed=0", "-v", "--faults", "open:PANEL-002", "--sun-now"
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(unit in lines[0] for unit in (" W ", " V ", " A ", " °C"))
    for line in lines:
        assert line.endswith("open") == ("PANEL-002" in line)


def test_the_same_seed_start_and_site_print_the_same():
    ask = ("--start", "2026-06-01T10:00:00Z", "--duration", "5s", "--speed", "0", "--seed", "4")
    first, second = simulator(*ask), simulator(*ask)
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) == 50


@pytest.mark.parametrize("ask", [["faults"], ["--list-faults"]])
def test_faults_are_listed(ask):
    done = simulator(*ask)
    assert done.exit_code == 0
    for kind in KINDS.values():
        assert kind.name in done.output
    listed = json.loads(CliRunner().invoke(app, [*ask, "--json"]).output)
    assert [row["name"] for row in listed] == list(KINDS)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (["--faults", "rust:PANEL-001@10m"], "known are bypass_short"),
        (["--history", "three days"], "duration is 'three days'"),
        (["--start", "2026-06-01"], "expected is RFC 3339"),
        (["--panels", "0"], "--panels"),
        (["--faults", "open:PANEL-011"], "known are PANEL-001 to PANEL-010"),
        (["--mqtt-url", "http://localhost"], "expected is mqtt://"),
    ],
)
def test_a_mistake_is_a_usage_error_that_says_what_is_allowed(ask, message):
    done = simulator(*ask)
    assert done.exit_code == 2
    assert message in done.output


def test_help_and_the_list_of_faults_do_not_load_what_computes():
    heavy = "{'pvlib', 'pandas', 'scipy'}"
    code = f"import sys, models.simulator.cli; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_documentation_names_every_option_and_every_fault():
    text = (ROOT / "models" / "README.md").read_text()
    options = {name for parameter in get_command(app).params for name in parameter.opts}
    assert {name for name in options if name.startswith("--") and f"`{name}" not in text} == set()
    assert [name for name in KINDS if f"| `{name}` | {KINDS[name].code} |" not in text] == []
