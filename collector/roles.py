"""Who may do what: roles, what a route asks for, and who asks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a caller may do."""

    VIEWER = "viewer"
    """Look at everything."""
    OPERATOR = "operator"
    """Also deal with alerts, plan maintenance and ask gateways to send again."""
    ADMIN = "admin"
    """Everything."""
    INGEST = "ingest"
    """Post JSON readings of one site, and nothing else."""
    GATEWAY = "gateway"
    """Post what its own site sends, and fetch models; gateways have keys, no tokens."""


class Access(StrEnum):
    """What a route asks of its caller."""

    PUBLIC = "public"
    """Nothing."""
    PAGE = "page"
    """Nothing, but an open console hands out a viewer's session here."""
    VIEWER = "viewer"
    """A viewer, an operator or an admin."""
    OPERATOR = "operator"
    """An operator or an admin."""
    ADMIN = "admin"
    """An admin."""
    INGEST = "ingest"
    """A gateway, or a token bound to a site."""
    MODELS = "models"
    """A gateway, a viewer, an operator or an admin."""


OPTION: Final = "access"
"""The key of a route's `Access` in its ``opt``; a route without one serves nobody."""

ALLOWED: Final[dict[Access, frozenset[Role]]] = {
    Access.VIEWER: frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
    Access.OPERATOR: frozenset({Role.OPERATOR, Role.ADMIN}),
    Access.ADMIN: frozenset({Role.ADMIN}),
    Access.INGEST: frozenset({Role.INGEST, Role.GATEWAY}),
    Access.MODELS: frozenset({Role.GATEWAY, Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
}
"""The roles that are enough for what a route asks."""

SIGNED: Final = frozenset({Access.INGEST, Access.MODELS})
"""Where gateways, which sign what they ask, may ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a request is from, established beyond doubt."""

    role: Role
    name: str
    """The name of the token, or the gateway's id."""
    site_key: int | None = None
    """The site it is bound to; None for people."""
    site: str | None = None
    """That site's id."""
    gateway_key: int | None = None
    """The gateway, if it is one."""
