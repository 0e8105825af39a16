"""Readings on standard output: JSON lines for programs, or one line a reading for people."""

import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulator.faults import KINDS
from models.simulator.messages import Message, stamps
from models.simulator.tally import Tally
from shared.readings import Readings

_NAMES: Final = {0: ""} | {kind.code: f"  {kind.name}" for kind in KINDS.values()}


class Lines:
    """Writes each reading as a line of JSON; weather and meter have no place there."""

    def __init__(self, *, tally: Tally, quiet: bool) -> None:
        """Take the account to keep, and whether someone else writes the lines."""
        self._tally = tally
        self._quiet = quiet

    async def run(self, *, patience_s: float) -> None:
        """Need nothing in the background."""
        del patience_s

    async def send(self, message: Message) -> None:
        """Write a message."""
        if message.panel_id is None:
            return
        self._tally.sent(message)
        if not self._quiet:
            sys.stdout.buffer.write(message.payload + b"\n")
            sys.stdout.buffer.flush()
        self._tally.acknowledge(message)

    async def drain(self) -> None:
        """Have nothing left to write."""


def human(readings: Readings, *, codes: NDArray[np.int16]) -> list[str]:
    """Return one line a reading: time, panel, W, V, A, C and the fault, if any."""
    rows = zip(
        stamps(readings.time_us),
        readings.panel.tolist(),
        (readings.power_mw / 1000).tolist(),
        (readings.voltage_mv / 1000).tolist(),
        (readings.current_ma / 1000).tolist(),
        (readings.temperature_mc / 1000).tolist(),
        codes.tolist(),
        strict=True,
    )
    return [
        f"{stamp}  {readings.panel_ids[panel]}  {watts:7.1f} W  {volts:6.2f} V  "
        f"{amperes:7.3f} A  {celsius:5.1f} °C{_NAMES[code]}"
        for stamp, panel, watts, volts, amperes, celsius, code in rows
    ]
