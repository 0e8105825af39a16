"""What can go wrong at the edge.

HeliographError (shared)
└── EdgeError                 anything the edge agent raises on purpose; its text is for a person
    ├── ConfigError           the configuration cannot be used
    ├── IdentityError         the gateway has no identity, or its files cannot be used
    ├── BrokerError           the MQTT broker cannot be reached or refuses us
    ├── ModelError            a model cannot be used
    ├── CollectorError        a request to the collector failed
    │   ├── CollectorAwayError    it cannot take anything now; try again later
    │   │   ├── CollectorFailedError  it failed on what was sent; perhaps not on other things
    │   │   └── UnsignedError         it was not asked: there is no identity to sign with
    │   └── EnrollmentError       it refuses the enrolment token
    └── OutboxError           the outbox file cannot be used
        ├── OutboxDamagedError    it is damaged; the next opening salvages what can be read
        └── OutboxFullError   it has reached its size, or the disk takes nothing; try again later
"""

from shared.errors import HeliographError


class EdgeError(HeliographError):
    """Anything the edge agent raises on purpose; its text is for a person."""


class ConfigError(EdgeError):
    """The configuration cannot be used; the text names the key, the value and what is allowed."""


class IdentityError(EdgeError):
    """The gateway has no identity, or its files cannot be used."""


class BrokerError(EdgeError):
    """The MQTT broker cannot be reached or refuses us."""


class ModelError(EdgeError):
    """A model's file cannot be used; the text says what about it is wrong."""


class CollectorError(EdgeError):
    """A request to the collector failed."""


class CollectorAwayError(CollectorError):
    """The collector cannot take anything now; what was to be sent is to be kept."""

    def __init__(
        self, reason: str, *, retry_after: float | None = None, ran_out: bool = False
    ) -> None:
        super().__init__(reason)
        self.ran_out = ran_out
        """Whether it was given up for taking too long."""
        self.retry_after = retry_after
        """Seconds the collector asked us to wait, if it did."""


class CollectorFailedError(CollectorAwayError):
    """The collector failed on what was sent; perhaps it takes other things."""


class UnsignedError(CollectorAwayError):
    """The collector was not asked, for the gateway has no identity to sign with."""


class EnrollmentError(CollectorError):
    """The collector refuses the enrolment token."""


class OutboxError(EdgeError):
    """The outbox file cannot be used."""


class OutboxDamagedError(OutboxError):
    """The outbox file is damaged; opening it again puts it aside and salvages it."""


class OutboxFullError(OutboxError):
    """The outbox has reached its size, or the disk is full or takes no writes now."""
