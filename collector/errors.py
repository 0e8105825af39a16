"""The errors of the collector.

HeliographError (shared)
├── BadBodyError                a request's body is not what its content type says
└── DatabaseError               anything about the database
    ├── DatabaseAwayError       it cannot be reached or is too busy: the same may be repeated
    ├── DatabaseUnsuitableError it lacks what Heliograph needs: an operator has to act
    └── EmbeddedDatabaseError   the embedded PostgreSQL does not start
"""

from shared.errors import HeliographError


class BadBodyError(HeliographError):
    """A request's body is not what its content type says; nothing of it was stored."""


class DatabaseError(HeliographError):
    """Anything about the database."""


class DatabaseAwayError(DatabaseError):
    """The database cannot be reached or is too busy; the same request may be repeated."""


class DatabaseUnsuitableError(DatabaseError):
    """The database lacks what Heliograph needs; the text says what an operator has to do."""


class EmbeddedDatabaseError(DatabaseError):
    """The embedded PostgreSQL does not start; the text says where its log is."""
