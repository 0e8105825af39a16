"""The command `edge-agent`: each file holds commands of one kind, and is read when one is called.

`run` stays in memory for months, so it is started without what reads command lines, where its
options leave nothing to explain.
"""

import sys

from edge_agent.cli.plainly import PlainRun, plain_run
from edge_agent.errors import EdgeError


def main() -> None:
    """Run the command line; what goes wrong is said in one sentence, exit code 1."""
    try:
        wanted = plain_run(sys.argv[1:])
        if wanted is None:
            from edge_agent.cli.commands import app

            app()
        else:
            sys.exit(_run(wanted))
    except EdgeError as error:
        sys.stderr.write(f"edge-agent: {error}\n")
        sys.exit(1)


def _run(wanted: PlainRun) -> int:
    # Wherever there is click, httpx brings a command line of its own along: 5 MB nobody here uses.
    unwanted = "click" not in sys.modules
    if unwanted:
        sys.modules["click"] = None  # type: ignore[assignment]
    try:
        from edge_agent.cli.running import go
    finally:
        if unwanted:
            del sys.modules["click"]
    return go(wanted.config, log_level=wanted.log_level)
