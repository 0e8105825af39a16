"""A command's file is read when it is called."""

import inspect
import subprocess
import sys

import pytest
import typer

from collector.cli.commands import COMMANDS, app

LINE = typer.main.get_command(app)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    command = LINE.resolve_command(typer.Context(LINE), [name])[1]
    assert inspect.cleandoc(command.help).split("\n")[0] == COMMANDS[name][1]


def test_help_lists_the_commands_without_reading_them():
    script = (
        "import sys\n"
        "from collector.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: print('read', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    shown, read = done.stdout.split("\nread ")
    assert all(name in shown for name in COMMANDS)
    assert not {"litestar", "sqlalchemy", "psycopg"} & set(read.split())
