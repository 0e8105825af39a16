"""What was published and what the broker has acknowledged: the run's account."""

from datetime import UTC, datetime

import msgspec

from models.simulator.messages import METER_TOPIC, WEATHER_TOPIC, Message


class PanelTally(msgspec.Struct):
    """The account of one panel."""

    published: int = 0
    """Readings sent, repeated ones too."""
    acknowledged: int = 0
    """Those of them the broker has acknowledged."""
    distinct: int = 0
    """Readings sent, each counted once: the rows to expect."""
    first: datetime | None = None
    """The earliest reading's time, UTC."""
    last: datetime | None = None
    """The latest reading's time, UTC."""


class Tally(msgspec.Struct):
    """The account of a run."""

    published: int = 0
    """Readings sent, repeated ones too."""
    acknowledged: int = 0
    """Those of them the broker has acknowledged."""
    distinct: int = 0
    """Readings sent, each counted once: the rows to expect."""
    weather: int = 0
    """Weather values acknowledged."""
    meter: int = 0
    """Meter values acknowledged."""
    reconnects: int = 0
    """How often the broker was lost and found again."""
    panels: dict[str, PanelTally] = msgspec.field(default_factory=dict)
    """Panel id to its account."""

    def sent(self, message: Message) -> None:
        """Count a message that goes to the broker for the first time."""
        if message.panel_id is None:
            return
        fresh = message.values - message.repeats
        panel = self.panels.setdefault(message.panel_id, PanelTally())
        for account in (self, panel):
            account.published += message.values
            account.distinct += fresh
        first, last = _moment(message.first_us), _moment(message.last_us)
        panel.first = first if panel.first is None else min(panel.first, first)
        panel.last = last if panel.last is None else max(panel.last, last)

    def acknowledge(self, message: Message) -> None:
        """Count a message the broker has acknowledged."""
        if message.panel_id is not None:
            self.acknowledged += message.values
            self.panels[message.panel_id].acknowledged += message.values
        elif message.topic == WEATHER_TOPIC:
            self.weather += message.values
        elif message.topic == METER_TOPIC:
            self.meter += message.values

    def line(self) -> str:
        """Return one line for a person."""
        return (
            f"published {self.published} readings of {len(self.panels)} panels "
            f"({self.distinct} distinct), acknowledged {self.acknowledged}; "
            f"weather {self.weather}, meter {self.meter}; {self.reconnects} reconnects"
        )


def _moment(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us / 1e6, UTC)
