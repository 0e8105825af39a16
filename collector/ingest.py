"""The door: a body becomes checked rows under database keys, and after COMMIT a receipt."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from collector.batch import Claim, Outcome, Part
from collector.checks.checked import Checked
from collector.checks.posted import check_json
from collector.checks.segments import check_segment, decode_body
from collector.database.engine import Database
from collector.errors import BadBodyError, DatabaseRefusedError
from collector.keying import key
from collector.receipts import Receipt, Rejection, ResendOrder, SegmentReceipt, Sender
from collector.registry import MAX_PANELS, Registry
from collector.writer import Commit, Stored, Writer
from shared.errors import InvalidSegmentError
from shared.segments import Segment

__all__ = ["Ingest", "Receipt", "Rejection", "SegmentReceipt", "Sender", "open_ingest"]

_THREAD_FROM: Final = 4_096  # bytes; a smaller body is decoded before a thread would have begun

_LANES: Final = 2  # one prepares rows while the other's are copied

_T_co = TypeVar("_T_co", covariant=True)
_Judged = tuple[Segment | None, Checked | InvalidSegmentError]


class _Work(Protocol[_T_co]):
    def __call__(self, body: bytes, *, now: datetime) -> _T_co: ...


class Ingest:
    """Takes bodies and gives receipts."""

    def __init__(self, *, writer: Writer, registry: Registry) -> None:
        self._writer = writer
        self._registry = registry

    async def segments(self, body: bytes, *, sender: Sender, now: datetime) -> Receipt:
        """Store a body of segments.

        A segment that cannot be decoded is refused; the others are stored, together.

        Args:
            body: As `shared.segments.pack` makes it.
            sender: Whose it is; only a gateway's segments are entered into the ledger.
            now: The collector's time, UTC.

        Raises:
            BadBodyError: The body is damaged as a whole; nothing was stored.
            DatabaseAwayError: Nothing is known to be stored; the request may be repeated.
        """
        judged = await _aside(_judge_body, body=body, now=now)
        parts = {
            at: await self._part(checked, segment=segment, sender=sender)
            for at, (segment, checked) in enumerate(judged)
            if isinstance(checked, Checked)
        }
        written = await self._write(list(parts.values()), now=now)
        outcomes = dict(zip(parts, written, strict=True))
        receipts = [_receipt_of(one, outcome=outcomes.get(at)) for at, one in enumerate(judged)]
        return Receipt(
            accepted=sum(receipt.accepted for receipt in receipts),
            duplicates=sum(receipt.duplicates for receipt in receipts),
            rejected=[rejection for receipt in receipts for rejection in receipt.rejected],
            segments=receipts,
            resend=_resend(written),
        )

    async def readings(self, body: bytes, *, sender: Sender, now: datetime) -> Receipt:
        """Store ``{"readings": [...]}``; each element is judged alone, by its position.

        Raises:
            BadBodyError: The body is not such an object; nothing was stored.
            DatabaseAwayError: Nothing is known to be stored; the request may be repeated.
        """
        checked = await _aside(check_json, body=body, now=now)
        part = await self._part(checked, segment=None, sender=sender)
        (outcome,) = await self._write([part], now=now)
        return Receipt(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            rejected=sorted(checked.rejected, key=lambda rejection: rejection.index),
            segments=[],
        )

    async def _write(self, parts: Sequence[Part], *, now: datetime) -> list[Outcome]:
        try:
            return await self._writer.write(parts, now=now) if parts else []
        except DatabaseRefusedError as error:
            raise BadBodyError(f"body cannot be stored: {error}") from error

    async def _part(self, checked: Checked, *, segment: Segment | None, sender: Sender) -> Part:
        """Put database keys in the place of panel ids."""
        keyed = await key(checked, registry=self._registry, site_key=sender.site_key)
        return Part(
            site_key=sender.site_key,
            claim=_claim(segment, sender=sender),
            rows=keyed.rows,
            rejected=sum(rejection.table == "readings" for rejection in checked.rejected),
            weather=checked.weather,
            meter=checked.meter,
            windows=keyed.windows,
            panels=keyed.panels,
            episodes=keyed.episodes,
            report=checked.report,
            losses=checked.losses,
        )


@contextlib.asynccontextmanager
async def open_ingest(
    database: Database,
    *,
    max_panels: int = MAX_PANELS,
    observe: Callable[[Commit], None] | None = None,
    stored: Stored | None = None,
) -> AsyncIterator[Ingest]:
    """Run a writer for as long as the context lasts; should it fail, the context is cancelled.

    Args:
        database: Where readings go.
        max_panels: How many panels a site may have.
        observe: Called after each commit with its figures,
        stored: and with what it stored.
    """
    callbacks = {"observe": observe, "stored": stored}
    given: dict[str, Any] = {name: one for name, one in callbacks.items() if one is not None}
    writer = Writer(database, **given)
    async with asyncio.TaskGroup() as group:
        lanes = [
            group.create_task(writer.run(), name=f"writer-{number}") for number in range(_LANES)
        ]
        try:
            yield Ingest(writer=writer, registry=Registry(database, max_panels=max_panels))
        finally:
            for lane in lanes:
                lane.cancel()


def _judge_body(body: bytes, *, now: datetime) -> list[_Judged]:
    judged: list[_Judged] = []
    for segment in decode_body(body):
        if isinstance(segment, InvalidSegmentError):
            judged.append((None, segment))
            continue
        try:
            judged.append((segment, check_segment(segment, now=now)))
        except InvalidSegmentError as error:
            judged.append((segment, error))
    return judged


async def _aside(work: _Work[_T_co], *, body: bytes, now: datetime) -> _T_co:
    """Keep the loop live: numpy and the decompression let other threads run."""
    if len(body) < _THREAD_FROM:
        return work(body, now=now)
    return await asyncio.to_thread(work, body, now=now)


def _claim(segment: Segment | None, *, sender: Sender) -> Claim | None:
    if segment is None or sender.gateway_key is None:
        return None
    return Claim(sender.gateway_key, segment.stream, segment.first_seq, segment.last_seq)


def _resend(outcomes: Sequence[Outcome]) -> list[ResendOrder]:
    """Return what the gateway is to send again; all of its segments were told the same."""
    return [
        ResendOrder(request=order.request, start=order.from_at, end=order.to_at)
        for order in next((outcome.resend for outcome in outcomes), [])
    ]


def _receipt_of(judged: _Judged, *, outcome: Outcome | None) -> SegmentReceipt:
    segment, checked = judged
    place = (
        ("", 0, 0)
        if segment is None
        else (str(segment.stream), segment.first_seq, segment.last_seq)
    )
    stream, first_seq, last_seq = place
    if outcome is None or isinstance(checked, InvalidSegmentError):
        return SegmentReceipt(
            stream=stream,
            first_seq=first_seq,
            last_seq=last_seq,
            status="refused",
            reason=str(checked),
        )
    return SegmentReceipt(
        stream=stream,
        first_seq=first_seq,
        last_seq=last_seq,
        status="duplicate" if outcome.known else "stored",
        accepted=outcome.accepted,
        duplicates=outcome.duplicates,
        rejected=checked.rejected,
    )
