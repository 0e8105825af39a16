"""`edge-agent run`, with everything there is to say about its options."""

from typing import Annotated

import typer

from edge_agent.cli.common import ConfigOption
from edge_agent.cli.plainly import DEFAULT_LEVEL, LEVEL_VARIABLE, is_level
from edge_agent.cli.running import go


def run(
    *,
    config: ConfigOption = None,
    log_level: Annotated[
        str, typer.Option(help="debug, info, warning or error.", envvar=LEVEL_VARIABLE)
    ] = DEFAULT_LEVEL,
) -> None:
    """Run the agent until SIGTERM or Ctrl-C; then bring everything to safety and end."""
    if not is_level(log_level):
        raise typer.BadParameter(
            f"{log_level!r} is not one of debug, info, warning, error", param_hint="--log-level"
        )
    raise typer.Exit(go(config, log_level=log_level))
