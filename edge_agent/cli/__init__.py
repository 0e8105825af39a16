"""The command `edge-agent`: each file holds commands of one kind, and is read when one is called.

`run` stays in memory for months, so it is started without what reads command lines, where its
options leave nothing to explain.
"""

import sys

from edge_agent.errors import EdgeError


def main() -> None:
    """Run the command line; what goes wrong is said in one sentence, exit code 1."""
    from edge_agent.cli.plainly import plain_run

    try:
        wanted = plain_run(sys.argv[1:])
        if wanted is None:
            from edge_agent.cli.commands import app

            app()
        else:
            # Wherever there is click, httpx brings a command line along: 5 MB nobody here uses.
            sys.modules["click"] = None  # type: ignore[assignment]
            from edge_agent.cli.running import go

            sys.exit(go(wanted.config, log_level=wanted.log_level))
    except EdgeError as error:
        sys.stderr.write(f"edge-agent: {error}\n")
        sys.exit(1)
