"""Taking in a bundle: what a gateway could not send comes on a stick, by the same door as HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from collector.access import GatewayKeys
from collector.database.engine import Database
from collector.errors import BadBodyError, ProblemError
from collector.ingest import Ingest
from collector.queries.gateways import one_gateway
from collector.receipts import Receipt, SegmentReceipt, Sender
from shared.bundle import Bundle, Header
from shared.errors import InvalidBundleError
from shared.segments import pack

BATCH_BYTES: Final = 1_048_576
"""How large a batch is: as an agent's upload, unless a single segment is larger."""

_TOGETHER: Final = 2  # one batch is decoded while the other's rows are copied
_EXPLAINED: Final = 20

_Verdicts = list[tuple[SegmentReceipt, int]]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that was not stored."""

    stream: str
    """Its stream; empty when it cannot be read."""
    first_seq: int
    """Its first flush,"""
    last_seq: int
    """and its last, inclusive."""
    reason: str
    """Why."""


class Imported(msgspec.Struct, kw_only=True):
    """What became of a bundle."""

    gateway_id: str
    """Whose it is."""
    site: str
    """The site its readings belong to."""
    created_at: datetime
    """When it was made, by the gateway's clock, UTC."""
    segments: int = 0
    """Segments it carries."""
    stored: int = 0
    """Segments that are new here."""
    duplicate: int = 0
    """Segments that had come before."""
    refused: int = 0
    """Segments that cannot be stored."""
    accepted: int = 0
    """Readings that are new here."""
    duplicates: int = 0
    """Readings that were here already."""
    rejected_rows: int = 0
    """Rows that are not acceptable and were left out."""
    reasons: list[Refused] = []
    """The first of the refused segments."""

    def count(self, receipt: SegmentReceipt) -> None:
        """Add what became of one segment."""
        self.segments += 1
        self.stored += receipt.status == "stored"
        self.duplicate += receipt.status == "duplicate"
        self.accepted += receipt.accepted
        self.duplicates += receipt.duplicates
        self.rejected_rows += len(receipt.rejected)
        if receipt.status == "refused":
            self.refused += 1
            if len(self.reasons) < _EXPLAINED:
                self.reasons.append(
                    Refused(
                        stream=receipt.stream,
                        first_seq=receipt.first_seq,
                        last_seq=receipt.last_seq,
                        reason=receipt.reason or "no reason given",
                    )
                )


async def known_sender(
    database: Database, *, header: Header, now: datetime
) -> tuple[Sender, Ed25519PublicKey]:
    """Return the gateway a bundle names, and its registered key.

    Args:
        database: Where gateways are registered.
        header: The bundle's; nothing of it is verified yet.
        now: The collector's time, UTC.

    Raises:
        InvalidBundleError: The gateway is unknown or revoked.
    """
    found = await GatewayKeys().find(header.gateway_id, database=database, now=now)
    if found is None:
        raise InvalidBundleError(await _why_unknown(database, gateway=header.gateway_id))
    caller, key = found
    assert caller.site_key is not None  # noqa: S101 - a gateway is bound to a site
    assert caller.site is not None  # noqa: S101 - as above
    return Sender(caller.site_key, caller.site, caller.gateway_key), key


async def import_bundle(
    bundle: Bundle, *, ingest: Ingest, sender: Sender, progress: Callable[[int], None]
) -> Imported:
    """Store a verified bundle; doing it again, or after the network did it, stores nothing twice.

    Each batch is committed on its own: an import that was stopped midway is simply repeated.

    Args:
        bundle: `Bundle.verify` has accepted it.
        ingest: The door.
        sender: The gateway that has signed it.
        progress: Told the bytes that are stored in addition.

    Raises:
        InvalidBundleError: The file changed meanwhile; what was stored until then is genuine.
        DatabaseError: The database is away; what was stored until then stays.
    """
    header = bundle.header
    imported = Imported(
        gateway_id=header.gateway_id,
        site=sender.site,
        created_at=datetime.fromtimestamp(header.created_us / 1e6, UTC),
    )
    async with aclosing(_stored(bundle.segments(), ingest=ingest, sender=sender)) as verdicts:
        async for receipt, size in verdicts:
            imported.count(receipt)
            progress(size)
    return imported


async def _stored(
    segments: Iterable[bytes], *, ingest: Ingest, sender: Sender
) -> AsyncGenerator[tuple[SegmentReceipt, int], None]:
    """Yield what became of each segment, and its size."""
    together: list[list[bytes]] = [[]]
    size = 0
    for data in segments:
        if together[-1] and size + len(data) > BATCH_BYTES:
            if len(together) == _TOGETHER:
                for verdict in await _store(together, ingest=ingest, sender=sender):
                    yield verdict
                together.clear()
            together.append([])
            size = 0
        together[-1].append(data)
        size += len(data)
    for verdict in await _store(together, ingest=ingest, sender=sender):
        yield verdict


async def _store(together: Iterable[list[bytes]], *, ingest: Ingest, sender: Sender) -> _Verdicts:
    batches = (_batch(batch, ingest=ingest, sender=sender) for batch in together if batch)
    done = await asyncio.gather(*batches, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return [verdict for one in done if not isinstance(one, BaseException) for verdict in one]


async def _batch(batch: list[bytes], *, ingest: Ingest, sender: Sender) -> _Verdicts:
    """Store a batch; if the door refuses it as a whole, find out which segment is at fault."""
    try:
        receipt: Receipt = await ingest.segments(pack(batch), sender=sender, now=datetime.now(UTC))
    except BadBodyError as error:
        if len(batch) > 1:
            middle = len(batch) // 2
            halves = (batch[:middle], batch[middle:])
            return [v for half in halves for v in await _batch(half, ingest=ingest, sender=sender)]
        refused = SegmentReceipt(
            stream="", first_seq=0, last_seq=0, status="refused", reason=str(error)
        )
        return [(refused, len(batch[0]))]
    return [(one, len(data)) for one, data in zip(receipt.segments, batch, strict=True)]


async def _why_unknown(database: Database, *, gateway: str) -> str:
    shown = gateway[:80]
    try:
        found = await one_gateway(database, gateway=gateway)
    except ProblemError:
        return (
            f"the bundle is of gateway {shown!r}, which is not enrolled here; "
            "`collector gateway list` lists those that are"
        )
    return (
        f"the bundle is of gateway {shown!r}, which was revoked on "
        f"{found.revoked_at:%Y-%m-%d}: nothing of it is accepted"
    )
