"""The command `collector`."""

from collector.cli.commands import main

__all__ = ["main"]
