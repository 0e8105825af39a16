"""Whether our clock can be believed, and by which clock each flush was dated.

The time since boot cannot be set, so the wall clock is taken as that plus an offset. A change of
the offset by over a second is a jump. The clock is trusted once the kernel calls it synchronised
or the collector's agrees with it, and until the next jump: a clock that was right does not become
wrong without one, and a site that is offline for weeks must not lose its trust.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Final, NamedTuple, Protocol

from shared.alerts import from_micros

JUMP_US: Final = 1_000_000
"""A change of the wall clock beyond this is a jump, not a correction."""
AGREES_US: Final = 2_000_000
"""The collector's clock proves ours right if it differs by no more; it tells whole seconds."""
HOLD_US: Final = 600_000_000
"""How long after the collector's first answer an untrusted clock may still be put right."""

_SECOND_US: Final = 1_000_000
_NOISE_US: Final = 300
"""Two measurements of the same offset differ by less, so that it stays the same number."""
_EARLIEST_US: Final = round(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * _SECOND_US

_log = logging.getLogger(__name__)


class Clocks(Protocol):
    """What has to be known about the time; `edge_agent.kernel.Kernel` is the real one."""

    def boot(self) -> bytes:
        """Return the id of this boot of the computer, 16 bytes."""

    def since_boot_us(self) -> int:
        """Return microseconds since boot."""

    def offset_us(self) -> int:
        """Return the wall clock, as microseconds since 1970, minus the time since boot."""

    def synchronised(self) -> bool:
        """Tell whether the kernel calls the wall clock synchronised."""


class Trust(Enum):
    """What is done with what our clock dates."""

    TRUSTED = "trusted"
    """It goes."""
    HOLDING = "holding"
    """It is kept until the clock is right, then dated anew."""
    SUSPECT = "suspect"
    """It goes, flagged: nobody has put the clock right in `HOLD_US`."""


class Dating(NamedTuple):
    """By which clock something was dated."""

    offset_us: int
    """Wall clock minus time since boot."""
    trust: Trust
    """Whether that clock was believed."""


class Moment(NamedTuple):
    """The moment of a flush, by the clock its messages came under."""

    now_us: int
    """When it is, microseconds since 1970-01-01 UTC."""
    since_us: int
    """The flush before, by the same clock: everything in this one came in between."""
    boot: bytes
    """The boot of this computer."""
    dating: Dating
    """By which clock."""
    moved_us: int
    """How far what was dated before has to be moved to be on this clock; 0 unless it jumped."""

    @property
    def now(self) -> datetime:
        """When it is, UTC."""
        return from_micros(self.now_us)

    @property
    def judge(self) -> datetime | None:
        """What other times may be judged by: this moment, or None if the clock is not trusted."""
        return self.now if self.dating.trust is Trust.TRUSTED else None


class Clock:
    """Our clock, and whether it is to be believed.

    Messages are dated by `now`, whose clock only changes at a flush: so everything in one flush
    is dated alike, also if the wall clock jumps while it gathers.

    Args:
        clocks: What to read.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self.boot = clocks.boot()
        """The boot of this computer, 16 bytes."""
        self.offset_us = clocks.offset_us()
        """Wall clock minus time since boot, now."""
        self.trusted = False
        """Whether the clock is believed."""
        self.why = "neither the kernel nor the collector has confirmed it yet"
        """What made it so, for a person."""
        self.jumps = 0
        """How often it jumped since the agent started."""
        self._since_boot_us = clocks.since_boot_us()
        self._answered_boot_us: int | None = None
        self._flushed_boot_us = self._since_boot_us
        self._base = Dating(self.offset_us, Trust.HOLDING)
        self.look()
        self._base = self._dating()

    @property
    def trust(self) -> Trust:
        """What is done with what is dated now."""
        if self.trusted:
            return Trust.TRUSTED
        answered = self._answered_boot_us
        over = answered is not None and self._clocks.since_boot_us() - answered >= HOLD_US
        return Trust.SUSPECT if over else Trust.HOLDING

    @property
    def since_us(self) -> int:
        """Since when it has been so, microseconds since 1970 by the clock as it is now."""
        return self.wall_us(self._since_boot_us)

    def wall_us(self, since_boot_us: int) -> int:
        """Return a moment since boot as microseconds since 1970, by the clock as it is now."""
        return since_boot_us + self.offset_us

    def since_boot_us(self) -> int:
        """Return microseconds since boot."""
        return self._clocks.since_boot_us()

    def now(self) -> float:
        """Return epoch seconds for dating what arrives."""
        return (self._clocks.since_boot_us() + self._base.offset_us) / _SECOND_US

    def look(self) -> None:
        """Notice a jump, and what the kernel says; may be called at any time."""
        offset_us = self._clocks.offset_us()
        moved_us = offset_us - self.offset_us
        if abs(moved_us) > _NOISE_US:
            self.offset_us = offset_us
        if abs(moved_us) > JUMP_US:
            self.jumps += 1
            self._answered_boot_us = None
            self._now_is(trusted=False, why=f"it jumped by {moved_us / _SECOND_US:+.1f} s")
        if not self.trusted and self._clocks.synchronised():
            self._confirmed("the kernel says that it is synchronised")

    def heard(self, theirs: datetime, *, sent_us: int, received_us: int) -> None:
        """Compare with the collector's clock, which tells the second that has begun.

        Args:
            theirs: What it told.
            sent_us: Microseconds since boot when we asked.
            received_us: The same when its answer was here.
        """
        self.look()
        if self.trusted:
            return
        if self._answered_boot_us is None:
            self._answered_boot_us = received_us
        took_us = received_us - sent_us
        ours_us = self.wall_us((sent_us + received_us) // 2)
        ahead_us = round(theirs.timestamp() * _SECOND_US) + _SECOND_US - ours_us
        if abs(ahead_us) <= AGREES_US and took_us <= AGREES_US:
            self._confirmed("the collector's clock agrees with it")
        elif abs(ahead_us) - took_us // 2 > AGREES_US + _SECOND_US:
            self.why = f"the collector's differs from it by {ahead_us / _SECOND_US:+.0f} s"

    def flush(self) -> Moment:
        """Return the moment of a flush by the clock under which its messages came.

        If the wall clock has jumped since the flush before, that is the clock before the jump;
        what arrives from now on is dated by the new one.
        """
        self.look()
        present, base = self._dating(), self._base
        jumped = abs(present.offset_us - base.offset_us) > JUMP_US
        dating = base if jumped else present
        now_us = self._clocks.since_boot_us()
        before_us, self._flushed_boot_us = self._flushed_boot_us, now_us
        self._base = present
        return Moment(
            now_us=now_us + dating.offset_us,
            since_us=before_us + dating.offset_us,
            boot=self.boot,
            dating=dating,
            moved_us=present.offset_us - base.offset_us if jumped else 0,
        )

    def _dating(self) -> Dating:
        return Dating(self.offset_us, self.trust)

    def _confirmed(self, why: str) -> None:
        if self.wall_us(self._clocks.since_boot_us()) < _EARLIEST_US:
            return  # two clocks that were never set agree as well
        self._now_is(trusted=True, why=why)
        if abs(self.offset_us - self._base.offset_us) <= JUMP_US:
            self._base = self._dating()

    def _now_is(self, *, trusted: bool, why: str) -> None:
        self.trusted, self.why = trusted, why
        self._since_boot_us = self._clocks.since_boot_us()
        say: Callable[..., None] = _log.info if trusted else _log.warning
        say("our clock is %s: %s", "trusted" if trusted else "not trusted", why)
