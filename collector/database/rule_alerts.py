"""Storing episodes of the collector's own rules, in the way of those of gateways."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from collector.database.alerts import COLLECTOR, store_episode
from collector.database.engine import Database
from collector.database.transaction import LOCK_SITES, SITES
from shared.alerts import Episode

_LOCK: Final = LOCK_SITES.encode()


async def store_episodes(
    database: Database, *, site_key: int, episodes: Sequence[Episode], now: datetime
) -> None:
    """Store states of episodes of one whole site, together.

    Args:
        database: Where they are kept.
        site_key: The site.
        episodes: The states.
        now: The collector's time, UTC.

    Raises:
        DatabaseError: The database is away or refuses.
    """
    async with database.begin() as connection, connection.cursor() as cursor:
        await cursor.execute(_LOCK, [SITES, [site_key]])
        for episode in episodes:
            await store_episode(
                cursor,
                site_key=site_key,
                panel_key=None,
                gateway_key=COLLECTOR,
                episode=episode,
                now=now,
            )
