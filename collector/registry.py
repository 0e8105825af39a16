"""Database keys of panels, registered on first sight."""

import asyncio
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from collector.database.engine import Database

_KNOWN: Final = text("""
SELECT panel, panel_key FROM panel WHERE site_key = :site AND panel = ANY(:panels)
""")
_REGISTER: Final = text("""
INSERT INTO panel (site_key, panel) SELECT :site, unnest(CAST(:panels AS text[]))
ON CONFLICT (site_key, panel) DO NOTHING
""")


class Registry:
    """Knows the key of every panel it has seen; keys never change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[tuple[int, str], int] = {}
        self._registering = asyncio.Lock()

    async def keys(self, site_key: int, *, panels: Iterable[str]) -> NDArray[np.int32]:
        """Return the keys of a site's panels, in order; unknown panels are registered.

        Registering is a transaction of its own: a key is visible to all before rows use it.

        Args:
            site_key: The site.
            panels: Panel ids.

        Returns:
            One key for each, shape ``(n,)``.

        Raises:
            DatabaseError: They have to be looked up, and the database does not answer.
        """
        wanted = list(panels)
        if any((site_key, panel) not in self._keys for panel in wanted):
            async with self._registering:
                await self._learn(site_key, panels=wanted)
        return np.array([self._keys[site_key, panel] for panel in wanted], np.int32)

    async def _learn(self, site_key: int, *, panels: list[str]) -> None:
        missing = sorted({panel for panel in panels if (site_key, panel) not in self._keys})
        if not missing:
            return
        question = {"site": site_key, "panels": missing}
        async with self._database.begin() as connection:
            found = (await connection.execute(_KNOWN, question)).all()
            if len(found) < len(missing):
                known = {panel for panel, _ in found}
                new = [panel for panel in missing if panel not in known]
                await connection.execute(_REGISTER, {"site": site_key, "panels": new})
                found = (await connection.execute(_KNOWN, question)).all()
        # Only what is committed is remembered.
        self._keys.update({(site_key, panel): key for panel, key in found})
