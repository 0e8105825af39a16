"""The report an agent sends about itself."""

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from edge_agent.outbox.runs import OutboxRun
from edge_agent.pipeline import Stages
from edge_agent.status import Status
from shared.tables import Table, Text

HEALTH_SECONDS: Final = 30.0
OUTBOX_SECONDS: Final = 600.0
"""How often a report says again what has not changed of the outbox file."""

_REPORTED: Final = (
    "version", "started_at", "received_messages", "dropped_messages", "readings", "quarantined",
    "lost_rows", "disk_bytes_per_reading",
    "outbox_segments", "outbox_rows", "outbox_bytes", "outbox_oldest_at", "outbox_full",
    "set_aside", "drained_in_seconds", "backlog_grows", "quarantine_entries", "quarantine_dropped",
    "clock_offset_seconds", "broker_connected", "detector_trouble",
    "detector_panels", "detector_learned_panels", "detector_learned_at", "model_version",
    "clock_trusted", "clock_why",
    "clock_jumps", "held_segments",
)  # fmt: skip

_MODEL_NEWS: Final = frozenset({"since", "candidate", "trouble"})
"""A report is silent about a model that came with the agent and does what it should."""


class Health:
    """The report an agent sends about itself, each `HEALTH_SECONDS` and when it has an answer."""

    def __init__(self, status_of: Callable[[], Status], *, stages: Stages) -> None:
        self._status_of = status_of
        self._stages = stages
        self._due_at = -math.inf
        self._outbox: OutboxRun | None = None
        self._outbox_due_at = -math.inf

    def __call__(self, now: datetime) -> Table | None:
        """Return the report if one is due."""
        turn = time.monotonic()  # a clock that is set back must not silence us
        if turn < self._due_at and not self._stages.resends.unreported:
            return None
        self._due_at = turn + HEALTH_SECONDS
        status = msgspec.to_builtins(self._status_of())
        report = {name: status[name] for name in _REPORTED}
        model = status["model"]
        if model is not None and model.keys() & _MODEL_NEWS:
            report["model"] = model
        report["stream"] = str(self._stages.stream)
        report["next_seq"] = self._stages.next_seq
        report["resends"] = self._stages.resends.report()
        outbox = self._stages.outbox.runs.told
        if outbox is not None and (outbox != self._outbox or turn >= self._outbox_due_at):
            self._outbox, self._outbox_due_at = outbox, turn + OUTBOX_SECONDS
            report["outbox_file"] = outbox
        report["uptime_seconds"] = round(now.timestamp() - status["started_at"])
        return {
            "time_us": np.array([round(now.timestamp() * 1e6)], np.int64),
            "report": Text.of([msgspec.json.encode(report).decode()]),
        }
