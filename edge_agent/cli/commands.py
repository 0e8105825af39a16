"""The commands: where each is, and what it does in one line; its file is read when it is called."""

from typing import Final

from shared.commands import command_line

COMMANDS: Final = {
    "run": (
        "start:run",
        "Run the agent until SIGTERM or Ctrl-C; then bring everything to safety and end.",
    ),
    "check": (
        "check:check",
        "Check everything the agent needs; exit code 1 if something is not as it should be.",
    ),
    "status": (
        "inspect:status",
        "Show how the agent is, and what is wrong in words; exit code 1 if something is.",
    ),
    "config": ("inspect:config", "Print the configuration in effect, with all defaults."),
    "detect": (
        "detect:detect",
        "Run the detector over a CSV file, as on a gateway, and print the alert episodes.",
    ),
    "init": (
        "setup:init",
        "Write a configuration with comments; asks for what is not given.",
    ),
    "enroll": (
        "setup:enroll",
        "Make this gateway known to the collector, with a one-time token from its operator.",
    ),
    "install-service": (
        "service:install_service",
        "Write a hardened systemd unit that starts the agent at boot and whenever it fails.",
    ),
    "quarantine": (
        "quarantine_group:app",
        "What was not stored: malformed, impossible, rejected or refused by the collector.",
    ),
    "buffer": (
        "buffer:app",
        "What waits on disk for the collector: looked through, repaired, carried on a stick.",
    ),
    "model": (
        "model:app",
        "The models that name faults: what came along, what the collector offered.",
    ),
}
"""By name: module and object in this folder, and the first line of its help."""


app: Final = command_line(
    "edge_agent.cli",
    COMMANDS,
    name="edge-agent",
    help="Hears the panels of one site and forgets nothing before the collector has it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
