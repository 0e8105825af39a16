"""A program lists its commands without reading them, and says of each what it says of itself."""

import subprocess
import sys

import pytest
import typer

from collector.cli import commands as collector
from edge_agent.cli import commands as edge_agent


@pytest.mark.parametrize("program", [collector, edge_agent], ids=["collector", "edge-agent"])
def test_what_the_list_says_of_a_command_is_what_the_command_says(program):
    group = typer.main.get_command(program.app)
    for name, (_, summary) in program.COMMANDS.items():
        _, command, _ = group.resolve_command(typer.Context(group), [name])
        assert command.name == name
        assert command.help.split("\n")[0] == summary


@pytest.mark.parametrize(
    ("program", "heavy"),
    [("collector", {"litestar", "sqlalchemy", "psycopg"}), ("edge_agent", {"numpy", "gmqtt"})],
)
def test_help_reads_none_of_them(program, heavy):
    script = (
        f"import sys, {program}.cli.commands as c\n"
        "try: c.app(['--help'])\n"
        "except SystemExit: print('read', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "Usage" in done.stdout
    assert not heavy & set(done.stdout.split("\nread ")[1].split())
