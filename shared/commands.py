"""Command lines that read the file of a command when it is called: reading all takes seconds."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


def command_line(
    package: str,
    commands: Mapping[str, tuple[str, str]],
    **options: Any,  # noqa: ANN401 - Typer's
) -> typer.Typer:
    """Return a program's command line; its ``--help`` reads none of the commands.

    Args:
        package: Where the commands are.
        commands: By name: module and object in the package, as ``module:object``, and the first
            line of its help. The object is a function, or a `typer.Typer` of more commands.
        options: Typer's, for the program.
    """

    class Later(TyperGroup):
        """Commands that are read when they are called."""

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as Typer's
            """Find the command that is called."""
            name = args[0]
            if name in commands:
                self.commands[name] = _read(package, commands[name][0], name=name)
            return super().resolve_command(ctx, args)

    app = typer.Typer(cls=Later, no_args_is_help=True, pretty_exceptions_enable=False, **options)
    for name, (_, summary) in commands.items():
        app.command(name, help=summary)(_not_read)
    return app


def _read(package: str, place: str, *, name: str) -> Any:  # noqa: ANN401 - Typer has its own or another package's commands
    module, what = place.split(":")
    found: Callable[..., Any] | typer.Typer = getattr(import_module(f"{package}.{module}"), what)
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command()(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command


def _not_read() -> None:
    """Stand in a list for a command that is not read."""
