"""The commands: where each is, and what it does in one line; its file is read when it is called."""

from typing import Final

from shared.commands import command_line

COMMANDS: Final = {
    "serve": ("serving:serve", "Serve the API and the console; migrates the database first."),
    "migrate": ("upkeep:migrate", "Bring the database to the schema of this program."),
    "doctor": (
        "upkeep:doctor",
        "Look at the database, the disk and the clock, and say what is wrong or missing.",
    ),
    "import": (
        "importing:import_",
        "Store what a gateway exported to a USB stick; also beside a running collector, and again.",
    ),
    "site": ("sites:sites", "Sites."),
    "enrollment": ("gateways:enrollments", "One-time tokens by which gateways enrol."),
    "gateway": ("gateways:gateways", "Gateways that have enrolled."),
    "token": ("tokens:tokens", "API tokens of people and integrations."),
    "model": ("models:models", "Models that gateways download, try and use."),
    "notify": ("notify:notify", "Whom to tell of alerts, and how."),
    "openapi": ("describing:openapi", "Print the description of the API (OpenAPI 3.1, JSON)."),
}
"""By name: module and object in this folder, and the first line of its help."""

app: Final = command_line(
    "collector.cli",
    COMMANDS,
    name="collector",
    add_completion=False,
    help="Stores what gateways send, and answers questions about it.",
)


def main() -> None:
    """Run the command line."""
    app()
