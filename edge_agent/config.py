"""The edge agent's configuration, field by field.

`edge_agent.configfile` reads it from TOML. Secrets are never in it: only the names of their files.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, field

from edge_agent.detect import RuleSettings
from edge_agent.panels import PanelSettings

MEGABYTE: Final = 1_000_000

Profile = Literal["realtime", "balanced", "metered"]
Positive = Annotated[float, Meta(gt=0)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all tables have in common: immutable, and no key that is not known."""


class SiteSettings(Table, frozen=True, kw_only=True):
    """`[site]`: where this gateway stands."""

    id: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            description="1 to 64 letters, digits and . _ - beginning with a letter or digit",
        ),
    ]
    """The site's id at the collector: letters, digits and ``. _ -``."""
    name: str = ""
    """A name for people; empty means the id."""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    """Degrees north."""
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    """Degrees east."""
    timezone: str = "UTC"
    """IANA name, as in ``Europe/Berlin``; for display only, everything is kept in UTC."""


class MqttSettings(Table, frozen=True, kw_only=True):
    """`[mqtt]`: the local broker and its topics."""

    url: Annotated[
        str,
        Meta(pattern=r"^mqtts?://[^/\s]+$", description="mqtt://host:port or mqtts://host:port"),
    ] = "mqtt://127.0.0.1:1883"
    """``mqtt://host:port``, or ``mqtts://host:port`` with TLS."""
    username: str | None = None
    """The user to sign in as."""
    password_file: Path | None = None
    """A file with the user's password."""
    ca_file: Path | None = None
    """Certificates to trust, PEM; none means the system's."""
    client_certificate_file: Path | None = None
    """Our certificate, PEM, where the broker asks for one."""
    client_key_file: Path | None = None
    """The key of that certificate, PEM."""
    client_id: Annotated[str, Meta(max_length=200)] = ""
    """The name of our session at the broker; empty means ``heliograph-<site id>``."""
    readings_topic: Annotated[str, Meta(min_length=1)] = "sensors/{panel_id}/readings"
    """Where panels publish; ``{panel_id}`` stands for the level that names the panel."""
    weather_topic: str = "site/weather"
    """Where the weather station publishes; empty means none."""
    meter_topic: str = "site/meter"
    """Where the meter publishes; empty means none."""


class BufferSettings(Table, frozen=True, kw_only=True):
    """`[buffer]`: what holds data until the collector has it."""

    path: Path = Path("/var/lib/heliograph/outbox.db")
    """The outbox, an SQLite file; its folder holds nothing else of value."""
    max_megabytes: Annotated[int, Meta(ge=8)] = 1024
    """How large it may grow, with all beside it; then the oldest is thinned to minutes, or goes."""
    max_days: Annotated[float, Meta(gt=0, le=3650)] = 90.0
    """How long it keeps what the collector has not fetched."""
    min_free_megabytes: Annotated[int, Meta(ge=0)] = 100
    """How much room it leaves on its disk; 0 means it may use all of it."""
    spill_after_seconds: Annotated[float, Meta(ge=0, le=60)] = 1.0
    """How long data may wait in memory for the collector's receipt before it goes to disk."""

    @property
    def max_bytes(self) -> int:
        """How large it may grow, in bytes."""
        return self.max_megabytes * MEGABYTE

    @property
    def min_free_bytes(self) -> int:
        """How much room it leaves on its disk, in bytes."""
        return self.min_free_megabytes * MEGABYTE


class UploadSettings(Table, frozen=True, kw_only=True):
    """`[upload]`: how data gets to the collector."""

    collector_url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^\s?#]+$",
            description="https://host or http://host, perhaps with a port and a path",
        ),
    ]
    """Where the collector is, as in ``https://heliograph.example.org``."""
    profile: Profile = "realtime"
    """``realtime``: at once; ``balanced``: each second; ``metered``: each ten seconds."""
    linger_seconds: Annotated[float, Meta(ge=0, le=60)] | None = None
    """How long a flush gathers readings; none means as the profile says."""
    backlog_order: Literal["oldest", "newest"] = "oldest"
    """Which part of a backlog goes first; live data goes before both."""
    max_kbit_per_second: Positive | None = None
    """The most that uploads may take of the link, on average; none means all of it."""
    backlog_share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """How much of the link, and of the month's budget, a backlog may take beside live data."""
    monthly_megabytes: Positive | None = None
    """The most to send in a calendar month, UTC; alerts pass at any time. None means no limit."""


class IdentitySettings(Table, frozen=True, kw_only=True):
    """`[identity]`: who this gateway is."""

    path: Path = Path("/var/lib/heliograph/identity.pem")
    """The private key `edge-agent enroll` makes; the gateway's id is beside it."""


class Config(Table, frozen=True, kw_only=True):
    """Everything the edge agent is told."""

    site: SiteSettings
    """Where this gateway stands."""
    upload: UploadSettings
    """How data gets to the collector."""
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    """The local broker and its topics."""
    panels: PanelSettings = field(default_factory=PanelSettings)
    """What is known about the panels."""
    detect: RuleSettings = field(default_factory=RuleSettings)
    """The rules' thresholds."""
    buffer: BufferSettings = field(default_factory=BufferSettings)
    """What holds data until the collector has it."""
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    """Who this gateway is."""


class Pace(msgspec.Struct, frozen=True):
    """What a profile means for flushes."""

    linger_seconds: float
    """How long a flush gathers, while the collector is there."""
    away_linger_seconds: float
    """The same while it has been away for a while: each flush is then one commit on flash."""
    receive_maximum: int
    """How many unacknowledged messages the broker may have on their way to us."""
    flush_messages: int
    """A flush ends early with so many messages; well below ``receive_maximum``."""

    def linger_of(self, away_seconds: float | None) -> float:
        """Return how long a flush gathers; the longer an outage lasts, the longer.

        Args:
            away_seconds: How long the collector has been away; None if it is there.
        """
        if away_seconds is None:
            return self.linger_seconds
        growing = max(away_seconds * _AWAY_SHARE, _FIRST_AWAY_SECONDS)
        return max(self.linger_seconds, min(growing, self.away_linger_seconds))


_FIRST_AWAY_SECONDS: Final = 0.5
_AWAY_SHARE: Final = 0.5
_PACES: dict[Profile, Pace] = {
    "realtime": Pace(0.010, 10.0, 4_096, 2_048),
    "balanced": Pace(1.0, 10.0, 8_192, 4_096),
    "metered": Pace(10.0, 10.0, 24_576, 16_384),
}


def pace_of(upload: UploadSettings) -> Pace:
    """Return what the profile, or a linger set beside it, means."""
    pace = _PACES[upload.profile]
    if upload.linger_seconds is None:
        return pace
    away = max(upload.linger_seconds, _PACES["realtime"].away_linger_seconds)
    return msgspec.structs.replace(
        pace, linger_seconds=upload.linger_seconds, away_linger_seconds=away
    )
