"""The errors of the collector.

HeliographError (shared)
├── SettingsError               a setting from the environment or the command line is not usable
├── ServeError                  the web server does not start
├── ProblemError                what a client is told when a request is not served
├── NotifyError                 a notification's URL is not usable
├── BadBodyError                a request's body is not what its content type says
└── DatabaseError               anything about the database
    ├── DatabaseAwayError       it cannot be reached or is too busy: the same may be repeated
    ├── DatabaseRefusedError    it does not accept these very values
    ├── DatabaseUnsuitableError it lacks what Heliograph needs: an operator has to act
    └── EmbeddedDatabaseError   the embedded PostgreSQL does not start
"""

from collections.abc import Mapping
from typing import Any

from shared.errors import HeliographError


class BadBodyError(HeliographError):
    """A request's body is not what its content type says; nothing of it was stored."""


class DatabaseError(HeliographError):
    """Anything about the database."""


class DatabaseAwayError(DatabaseError):
    """The database cannot be reached or is too busy; the same request may be repeated."""


class DatabaseRefusedError(DatabaseError):
    """The database does not accept these very values; repeating them is of no use."""


class DatabaseUnsuitableError(DatabaseError):
    """The database lacks what Heliograph needs; the text says what an operator has to do."""


class EmbeddedDatabaseError(DatabaseError):
    """The embedded PostgreSQL does not start; the text says where its log is."""


class SettingsError(HeliographError):
    """A setting is not usable; the text names it, its value, and what is allowed."""


class NotifyError(HeliographError):
    """A notification's URL is not usable; the text says why, and never repeats the URL."""


class ServeError(HeliographError):
    """The web server does not start; its log says why."""


class ProblemError(HeliographError):
    """What a client is told when a request is not served, as RFC 9457 puts it."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        title: str,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what the answer is made of.

        Args:
            detail: What is wrong with this request, and what is allowed.
            status: The HTTP status.
            title: The kind of problem in a word or two; its type is made of it.
            headers: Headers of the answer.
            extra: Further members of the problem document.
        """
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.title = title
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
