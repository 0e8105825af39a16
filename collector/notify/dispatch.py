"""Delivering what is due: a route at a time, leased, so that no two processes tell the same."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from collector.database.engine import Database
from collector.errors import NotifyError
from collector.notify.sending import SEND_SECONDS, send
from collector.notify.texts import message
from collector.queries import notifications

LEASE: Final = timedelta(seconds=2 * SEND_SECONDS)
"""Whoever has a route has it for so long; should it die, another tells the same again."""
FIRST_RETRY: Final = timedelta(seconds=10)
LAST_RETRY: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(days=3)
"""What could not be told for so long is not told any more."""
KEEP_DELIVERED: Final = timedelta(days=30)
_AT_ONCE: Final = 50

_log: Final = logging.getLogger(__name__)


async def deliver_due(
    database: Database, *, now: datetime, observe: Callable[[bool], None] = lambda _: None
) -> int:
    """Tell on every route what is due there, and return how many messages were accepted.

    Args:
        database: Where it is.
        now: The collector's time, UTC.
        observe: Called for each message with whether it was accepted.

    Raises:
        DatabaseError: The database is away; what was told may be told again.
    """
    sent = 0
    for _ in range(_AT_ONCE):
        route = await notifications.lease_route(database, now=now, until=now + LEASE)
        if route is None:
            break
        sent += await _deliver(database, route=route, now=now, observe=observe)
    return sent


async def forget_delivered(database: Database, *, now: datetime) -> None:
    """Delete what was told long ago.

    Raises:
        DatabaseError: The database is away.
    """
    await notifications.prune(database, before=now - KEEP_DELIVERED)


async def _deliver(
    database: Database,
    *,
    route: notifications.Leased,
    now: datetime,
    observe: Callable[[bool], None],
) -> bool:
    due = await notifications.due(database, route=route, now=now)
    if not due:
        await notifications.note_sent(database, route=route, due=[], now=now)
        return False
    title, body = message(due)
    try:
        accepted, why = await send(route.url, title=title, body=body), "it was not accepted"
    except NotifyError as error:
        accepted, why = False, str(error)
    observe(accepted)
    if accepted:
        if route.failures:
            _log.warning("notifications by %r are accepted again", route.name)
        await notifications.note_sent(database, route=route, due=due, now=now)
        return True
    if not route.failures:
        _log.warning("a notification by %r failed: %s", route.name, why)
    wait = min(FIRST_RETRY * 2 ** min(route.failures, 20), LAST_RETRY)
    await notifications.note_failure(
        database, route=route, why=why, again_at=now + wait, give_up_before=now - GIVE_UP_AFTER
    )
    return False
