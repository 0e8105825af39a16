"""The errors of the simulator.

SimulatorError
├── BrokerAwayError      no broker answers
└── BrokerRefusedError   the broker answers no: to who we are, or to what we publish
"""

from shared.errors import HeliographError


class SimulatorError(HeliographError):
    """Anything the simulator raises on purpose."""


class BrokerAwayError(SimulatorError):
    """No broker answered at the start."""


class BrokerRefusedError(SimulatorError):
    """The broker refuses our credentials, or what we publish; trying again does not help."""
