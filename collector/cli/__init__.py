"""The command `collector`."""

from collector.cli.commands import app, main

__all__ = ["app", "main"]
