"""What goes to the collector in one request."""

from dataclasses import dataclass

from edge_agent.sealed import Sealed


@dataclass(frozen=True, slots=True)
class Parcel:
    """Segments to send together."""

    segments: tuple[Sealed, ...]
    """In the order they came; a backlog perhaps newest first."""
    backlog: bool
    """Whether they came from disk."""
