"""What one transaction stores: the rows of several parts, their ledger entries, and what is beside.

All transactions lock in the same order (sites, streams, rows), so they never wait in a circle.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from collector.batch import Outcome, Part, ResendDue, Rows
from collector.database import accounts, copy, ledger
from collector.database.alerts import COLLECTOR, store_episode
from collector.database.engine import Connection
from collector.database.records import store_panels, store_series
from collector.database.touched import touch
from collector.database.windows import store_windows

_THREAD_FROM: Final = 2_000  # readings; below, a thread costs more than it frees

LOCK_SITES: Final = "SELECT pg_advisory_xact_lock(%s, site) FROM unnest(%s::int4[]) AS site"
SITES: Final = 0x48454C49
_COLUMNS: Final = ", ".join(copy.COLUMNS)
_COPY: Final = f"COPY reading_raw ({_COLUMNS}) FROM STDIN (FORMAT binary)"
_STAGE: Final = f"""
CREATE TEMPORARY TABLE staged ON COMMIT DROP AS
SELECT {_COLUMNS}, 0 AS part FROM reading_raw LIMIT 0
"""  # noqa: S608 - only our own column names
_COPY_STAGED: Final = f"COPY staged ({_COLUMNS}, part) FROM STDIN (FORMAT binary)"
_UNSTAGE: Final = f"""
WITH new AS (
    INSERT INTO reading_raw ({_COLUMNS})
    SELECT {_COLUMNS} FROM staged ORDER BY panel_key, time
    ON CONFLICT DO NOTHING
    RETURNING panel_key, time)
SELECT part, count(*) FROM new JOIN staged USING (panel_key, time) GROUP BY part
"""  # noqa: S608 - as above
_SEEN: Final = """
UPDATE gateway SET last_seen_at = %s, silent_since = NULL
WHERE gateway_key IN (
    SELECT gateway_key FROM gateway
    WHERE gateway_key = ANY(%s) AND (last_seen_at + INTERVAL '10 s' < %s) IS NOT FALSE
    ORDER BY gateway_key FOR NO KEY UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True, eq=False)
class Transaction:
    """One transaction's work, begun and committed by the caller."""

    connection: Connection
    cursor: psycopg.AsyncCursor[Any]
    parts: Sequence[Part]
    now: datetime

    async def store(self) -> list[Outcome]:
        """Store the parts; the caller commits."""
        if sites := sorted({part.site_key for part in self.parts if _needs_site(part)}):
            await self.cursor.execute(LOCK_SITES, [SITES, sites])
        known = await self._known()
        new = [at for at, before in enumerate(known) if not before]
        accepted = np.zeros(len(self.parts), np.int64)
        # Also of known parts: what once was too far in the future is not any more.
        with_rows = [at for at, part in enumerate(self.parts) if part.readings]
        if with_rows:
            accepted[with_rows] = await self._store_rows(with_rows)
            await touch(
                self.cursor, parts=[self.parts[at] for at in np.flatnonzero(accepted).tolist()]
            )
        await self._store_series()
        await self._store_beside([self.parts[at] for at in new])
        outcomes = [
            Outcome(known=before, accepted=count, duplicates=part.readings - count)
            for part, before, count in zip(self.parts, known, accepted.tolist(), strict=True)
        ]
        orders = await self._enter(outcomes)
        return [
            _told(part, outcome=outcome, orders=orders)
            for part, outcome in zip(self.parts, outcomes, strict=True)
        ]

    async def _known(self) -> list[bool]:
        known = [False] * len(self.parts)
        claimed = [(at, part.claim) for at, part in enumerate(self.parts) if part.claim]
        if claimed:
            claims = [claim for _, claim in claimed]
            found = await ledger.claim(self.cursor, claims=claims, now=self.now)
            for (at, _), before in zip(claimed, found, strict=True):
                known[at] = before
        return known

    async def _store_rows(self, numbers: list[int]) -> NDArray[np.int64]:
        """Copy rows and return how many of each part are new."""
        rows = [rows for at in numbers if (rows := self.parts[at].rows) is not None]
        small = sum(len(some) for some in rows) < _THREAD_FROM
        ordered, buffer = _prepare(rows) if small else await asyncio.to_thread(_prepare, rows)
        try:
            # A savepoint, so that the streams stay locked when a key turns out to be there already.
            async with self.connection.transaction():
                await self._copy(_COPY, buffer)
        except psycopg.errors.UniqueViolation:
            return await self._store_staged(ordered, len(numbers))
        return np.bincount(ordered.part, minlength=len(numbers))

    async def _store_staged(self, ordered: copy.Ordered, count: int) -> NDArray[np.int64]:
        buffer = await asyncio.to_thread(copy.encode, ordered.rows, part=ordered.part)
        await self.cursor.execute(_STAGE)
        await self._copy(_COPY_STAGED, buffer)
        await self.cursor.execute(_UNSTAGE.encode())
        accepted = np.zeros(count, np.int64)
        for part, new in await self.cursor.fetchall():
            accepted[part] = new
        return accepted

    async def _copy(self, statement: str, buffer: bytes) -> None:
        async with self.cursor.copy(statement.encode()) as stream:
            await stream.write(buffer)

    async def _store_series(self) -> None:
        if weather := [(part.site_key, part.weather) for part in self.parts if part.weather]:
            await store_series(self.cursor, table="weather", parts=weather)
        if meter := [(part.site_key, part.meter) for part in self.parts if part.meter]:
            await store_series(self.cursor, table="meter", parts=meter)
        if windows := [part.windows for part in self.parts if part.windows]:
            await store_windows(self.cursor, parts=windows)

    async def _store_beside(self, parts: Sequence[Part]) -> None:
        await store_panels(self.cursor, panels=(one for part in parts for one in part.panels))
        await accounts.store_losses(self.cursor, parts=parts, now=self.now)
        for part in parts:
            for episode, panel_key in part.episodes:
                await store_episode(
                    self.cursor,
                    site_key=part.site_key,
                    panel_key=panel_key,
                    gateway_key=part.claim.gateway_key if part.claim else COLLECTOR,
                    episode=episode,
                    now=self.now,
                )
            if part.report and part.claim:
                await accounts.store_report(
                    self.cursor,
                    gateway_key=part.claim.gateway_key,
                    report=part.report,
                    now=self.now,
                )

    async def _enter(self, outcomes: Sequence[Outcome]) -> dict[int, list[ResendDue]]:
        """Enter what was stored into the ledger, and return what gateways are to send again."""
        entries: dict[ledger.Stream, ledger.Entry] = {}
        for part, outcome in zip(self.parts, outcomes, strict=True):
            if part.claim is None:
                continue
            stream = (part.claim.gateway_key, part.claim.stream)
            entry = entries.setdefault(stream, ledger.Entry())
            entry.ranges.append((part.claim.first_seq, part.claim.last_seq))
            entry.accepted += outcome.accepted
            entry.duplicates += outcome.duplicates
            entry.rejected += 0 if outcome.known else part.rejected
        if not entries:
            return {}
        due = await ledger.enter(self.cursor, entries=entries, now=self.now)
        gateways = sorted({gateway for gateway, _ in entries})
        await self.cursor.execute(_SEEN, [self.now, gateways, self.now])
        if not due:
            return {}
        return await accounts.due_resends(self.cursor, gateways=due, now=self.now)


def _needs_site(part: Part) -> bool:
    return bool(part.panels or part.episodes or part.report or part.losses)


def _told(part: Part, *, outcome: Outcome, orders: Mapping[int, list[ResendDue]]) -> Outcome:
    """Add to an outcome what its gateway is to send again."""
    if part.claim is None or part.claim.gateway_key not in orders:
        return outcome
    return replace(outcome, resend=orders[part.claim.gateway_key])


def _prepare(rows: Sequence[Rows]) -> tuple[copy.Ordered, bytes]:
    ordered = copy.order(rows)
    return ordered, copy.encode(ordered.rows)
