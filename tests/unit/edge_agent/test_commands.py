"""A command's file is read when it is called, and `run` needs next to nothing of the others."""

import inspect
import json
import subprocess
import sys

import pytest
import typer

from edge_agent.cli.commands import COMMANDS, app
from edge_agent.cli.plainly import plain_run

LINE = typer.main.get_command(app)


def called(name):
    """The command of a name, as it is when it is called."""
    return LINE.resolve_command(typer.Context(LINE), [name])[1]


def imported(*words):
    """The exit code of a command line, and the packages it has imported."""
    script = (
        "import json, sys\n"
        f"sys.argv = ['edge-agent', *{words!r}]\n"
        "from edge_agent.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "names = [name for name, one in sys.modules.items() if one is not None]\n"
        "print(); print(json.dumps([code, names]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    code, names = json.loads(done.stdout.splitlines()[-1])
    return code, set(names), done


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    assert inspect.cleandoc(called(name).help).split("\n")[0] == COMMANDS[name][1]


def test_help_lists_the_commands_without_reading_them():
    code, names, done = imported("--help")
    assert code == 0
    assert all(name in done.stdout for name in COMMANDS)
    assert not names & {"numpy", "httpx", "onnxruntime", "edge_agent.config"}


def test_run_starts_without_what_reads_command_lines_and_without_models(tmp_path):
    code, names, done = imported("run", "--config", str(tmp_path / "none.toml"))
    assert code == 1
    assert "cannot read the configuration" in done.stderr
    assert "edge_agent.run" in names
    assert not names & {"typer", "click", "rich", "pydantic", "onnxruntime"}


def test_a_command_that_is_not_there_is_a_mistake_of_use():
    code, _, done = imported("walk")
    assert code == 2
    assert "No such command" in done.stderr


@pytest.mark.parametrize(
    ("words", "config", "level"),
    [
        (["run"], None, "info"),
        (["run", "--config", "a.toml"], "a.toml", "info"),
        (["run", "-c", "a.toml", "--log-level", "debug"], "a.toml", "debug"),
        (["run", "--config=a.toml", "--log-level=Warning"], "a.toml", "Warning"),
    ],
)
def test_plain_options_of_run_are_understood(words, config, level):
    wanted = plain_run(words)
    assert (wanted.config and str(wanted.config), wanted.log_level) == (config, level)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["check"],
        ["--help"],
        ["run", "--help"],
        ["run", "--config"],
        ["run", "--config", "--help"],
        ["run", "--config="],
        ["run", "-c=a.toml"],
        ["run", "--log-level", "loud"],
        ["run", "fast"],
        ["run", "--fast", "yes"],
    ],
)
def test_whatever_needs_explaining_is_left_to_the_whole_command_line(words):
    assert plain_run(words) is None


def test_the_level_of_logging_comes_from_the_environment_too(monkeypatch):
    monkeypatch.setenv("HELIOGRAPH_LOG_LEVEL", "error")
    assert plain_run(["run"]).log_level == "error"
    assert plain_run(["run", "--log-level", "debug"]).log_level == "debug"
    monkeypatch.setenv("HELIOGRAPH_LOG_LEVEL", "loud")
    assert plain_run(["run"]) is None


def test_run_has_no_option_that_is_not_understood_plainly():
    for option in called("run").params:
        for name in option.opts:
            value = "info" if name == "--log-level" else "x"
            assert plain_run(["run", name, value]) is not None, name
