"""Database keys of panels, registered on first sight."""

import asyncio
from collections.abc import Iterable
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.database.engine import Database

MAX_PANELS: Final = 20_000
"""How many panels a site may have where nothing else is set."""
UNREGISTERED: Final = 0
"""In the place of the key of a panel for which there is no room."""

_KNOWN: Final = """
SELECT panel, panel_key FROM panel WHERE site_key = %(site)s AND panel = ANY(%(panels)s)
"""
_REGISTER: Final = """
WITH known AS (
    SELECT panel, panel_key FROM panel WHERE site_key = %(site)s AND panel = ANY(%(panels)s)),
new AS (
    INSERT INTO panel (site_key, panel)
    SELECT %(site)s, panel
    FROM unnest(ARRAY(SELECT unnest(%(panels)s::text[]) EXCEPT SELECT panel FROM known
                      ORDER BY 1)) WITH ORDINALITY AS wanted (panel, number)
    WHERE number <= %(most)s - (SELECT count(*) FROM panel WHERE site_key = %(site)s)
    ON CONFLICT (site_key, panel) DO NOTHING
    RETURNING panel, panel_key)
SELECT panel, panel_key FROM known UNION ALL SELECT panel, panel_key FROM new
"""


class Registry:
    """Knows the key of every panel it has seen; keys never change."""

    def __init__(self, database: Database, *, max_panels: int) -> None:
        """Know nothing yet.

        Args:
            database: Where panels are registered.
            max_panels: How many a site may have; who may send for a site could otherwise fill the
                database with panels that are none.
        """
        self.max_panels = max_panels
        self._database = database
        self._keys: dict[int, dict[str, int]] = {}
        self._wanted: dict[int, set[str]] = {}
        self._registering = asyncio.Lock()

    async def keys(self, site_key: int, *, panels: Iterable[str]) -> NDArray[np.int32]:
        """Return the keys of a site's panels, in order; unknown panels are registered.

        Registering is a transaction of its own: a key is visible to all before rows use it.

        Args:
            site_key: The site.
            panels: Panel ids.

        Returns:
            One key for each, shape ``(n,)``; `UNREGISTERED` where the site has no room for more.

        Raises:
            DatabaseError: They have to be looked up, and the database does not answer.
        """
        wanted = list(panels)
        if missing := self._missing(site_key, panels=wanted):
            # Who waits for the lock is served by whoever has it: one commit for all of them.
            self._wanted.setdefault(site_key, set()).update(missing)
            async with self._registering:
                if missing := self._missing(site_key, panels=missing):
                    self._wanted.setdefault(site_key, set()).update(missing)
                    await self._learn(site_key)
        keys = map(self._known(site_key).get, wanted, repeat(UNREGISTERED))
        return np.fromiter(keys, np.int32, len(wanted))

    def _known(self, site_key: int) -> dict[str, int]:
        return self._keys.setdefault(site_key, {})

    def _missing(self, site_key: int, *, panels: Iterable[str]) -> set[str]:
        return set(panels) - self._known(site_key).keys()

    async def _learn(self, site_key: int) -> None:
        panels = sorted(self._missing(site_key, panels=self._wanted.pop(site_key)))
        question = {"site": site_key, "panels": panels}
        async with self._database.begin() as connection:
            register = question | {"most": self.max_panels}
            found = await (await connection.execute(_REGISTER, register)).fetchall()
            if len(found) < len(panels):
                # What another program registered meanwhile is visible to a new statement only.
                found = await (await connection.execute(_KNOWN, question)).fetchall()
        # Only what is committed is remembered.
        self._known(site_key).update(found)
