"""What gateways declare lost and report, from their segments to the account."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from collector.ingest import open_ingest
from collector.queries.accounts import find_gateway
from collector.queries.resends import ask_resend
from integration.collector.bodies import NOW, STREAM, add_gateway, body, readings, segment
from shared.losses import Loss, LossReason, losses_table
from shared.tables import Text

OTHER = UUID(int=2)
NOW_US = round(NOW.timestamp() * 1e6)


def loss(first, last, *, rows=100, reason=LossReason.OVER_SIZE, stream=OTHER, **changes):
    values = {
        "stream": stream,
        "first_seq": first,
        "last_seq": last,
        "rows": rows,
        "from_us": NOW_US - 7_200_000_000,
        "to_us": NOW_US - 3_600_000_000,
        "reason": reason,
        "declared_us": NOW_US - 1_000_000,
    }
    return Loss(**values | changes)


def reports(*texts, minutes=0):
    times = [NOW_US - 60_000_000 * minutes + at for at in range(len(texts))]
    return {
        "time_us": np.array(times, np.int64),
        "report": Text.of([json.dumps(text) for text in texts]),
    }


@pytest.fixture
def send(ingest, sender):
    """`send(seq, *losses, some=None, **tables)`: one segment; returns its receipt."""

    async def send(seq, *losses, some=None, **tables):
        if losses:
            tables["losses"] = losses_table(losses)
        sent = body(segment(some, seq=(seq, seq), **tables))
        return await ingest.segments(sent, sender=sender, now=NOW)

    return send


@pytest.fixture
def account(database):
    async def account():
        return await find_gateway(database, gateway="gw-alpha")

    return account


@pytest.fixture
def ask(database):
    async def ask(*, gateway="gw-alpha", hours=2):
        return await ask_resend(
            database,
            gateway=gateway,
            start=NOW - timedelta(hours=hours),
            end=NOW - timedelta(hours=1),
            by="ann",
            now=NOW,
        )

    return ask


def streams_of(detail):
    return {one.stream: one for one in detail.streams}


async def test_losses_of_a_stream_never_heard_of_are_accounted(send, account):
    await send(0, loss(0, 9, rows=5000), loss(10, 10, rows=None, reason=LossReason.DAMAGED))

    detail = await account()
    lost = streams_of(detail)[OTHER]
    assert (lost.last_seq, lost.lost, lost.lost_rows, lost.lost_uncounted) == (None, 11, 5000, 1)
    assert (lost.outstanding, detail.gateway.lost_rows) == (0, 5000)
    first = min(detail.losses, key=lambda one: one.first_seq)
    assert (first.start, first.end) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert (first.declared_at, first.received_at) == (NOW - timedelta(seconds=1), NOW)


async def test_a_loss_declared_again_counts_once_and_may_learn_its_rows(send, account):
    for seq, rows in enumerate((None, 30, 30, None)):
        await send(seq, loss(0, 4, rows=rows))
    await send(9, loss(5, 5, rows=None), loss(5, 5, rows=7))

    (lost,) = (await account()).lost
    assert (lost.declarations, lost.rows, lost.uncounted) == (2, 37, 0)


async def test_a_known_segment_declares_nothing_twice(send, account):
    for _ in range(2):
        receipt = await send(0, loss(0, 4, rows=30))

    assert receipt.segments[0].status == "duplicate"
    assert (await account()).gateway.lost_rows == 30


@pytest.mark.parametrize("arrives_first", [True, False])
async def test_a_range_that_arrived_is_not_lost_whenever_it_was_declared(
    send, account, arrives_first
):
    damaged = loss(0, 2, rows=20, reason=LossReason.DAMAGED, stream=STREAM)
    if not arrives_first:
        await send(9, damaged)
        assert (await account()).gateway.lost_rows == 20
    for seq in range(3):
        start = NOW - timedelta(minutes=50 - seq)
        await send(seq, some=readings(panels=1, start=start))
    if arrives_first:
        await send(9, damaged)

    (stream,) = (await account()).streams
    assert (stream.lost, stream.lost_rows, stream.accepted) == (0, 0, 30)
    assert [(one.first_seq, one.last_seq) for one in stream.outstanding_ranges] == [(3, 8)]


async def test_what_thinning_took_is_lost_though_the_range_arrives(send, account):
    await send(1, loss(0, 0, rows=590, reason=LossReason.THINNED, stream=STREAM))
    assert (await account()).gateway.outstanding == 1
    await send(0, some=readings(panels=1))

    (stream,) = (await account()).streams
    assert (stream.outstanding, stream.lost, stream.lost_rows) == (0, 0, 590)


async def test_received_lost_and_outstanding_are_together_all_that_was_numbered(
    ingest, sender, account
):
    """Against an account kept by hand, over a random history of one stream in random order."""
    random = np.random.default_rng(7)
    fate = random.choice(["received", "lost", "both", "nothing"], 200)
    received = np.isin(fate, ["received", "both"])
    declared = np.isin(fate, ["lost", "both"])
    declarations = [
        segment(
            seq=(1000 + seq, 1000 + seq),
            stream=STREAM,
            losses=losses_table([loss(seq, seq, rows=1 + seq, reason=LossReason.DAMAGED)]),
        )
        for seq in np.flatnonzero(declared).tolist()
    ]
    arrivals = [segment(seq=(seq, seq), stream=OTHER) for seq in np.flatnonzero(received).tolist()]
    tail = segment(
        seq=(0, 0), stream=STREAM, health=reports({"stream": str(OTHER), "next_seq": 210})
    )
    sent = [declarations[0], *arrivals, *declarations, tail]
    for some in np.array_split(random.permutation(len(sent)), 5):
        await ingest.segments(body(*(sent[at] for at in some)), sender=sender, now=NOW)

    other = streams_of(await account())[OTHER]
    lost = declared & ~received
    assert (other.lost, other.lost_rows) == (lost.sum(), (1 + np.flatnonzero(lost)).sum())
    outstanding = [
        seq for one in other.outstanding_ranges for seq in range(one.first_seq, one.last_seq + 1)
    ]
    assert outstanding == [*np.flatnonzero(~declared & ~received).tolist(), *range(200, 210)]
    assert other.outstanding == len(outstanding)


async def test_a_loss_that_cannot_be_refuses_its_segment_and_no_other(ingest, sender, account):
    bad = segment(seq=(0, 0), losses=losses_table([loss(0, 4), loss(0, 4, rows=-1)]))
    good = segment(readings(), seq=(1, 1))

    receipt = await ingest.segments(body(bad, good), sender=sender, now=NOW)

    assert [one.status for one in receipt.segments] == ["refused", "stored"]
    assert "no negative rows" in receipt.segments[0].reason
    assert (await account()).losses == []


async def test_a_report_tells_how_far_a_stream_has_counted_and_never_takes_it_back(send, account):
    await send(0, health=reports({"stream": str(STREAM), "next_seq": 5}))
    await send(1, health=reports({"stream": str(STREAM), "next_seq": 3}, minutes=1))

    (stream,) = (await account()).streams
    assert [(one.first_seq, one.last_seq) for one in stream.outstanding_ranges] == [(2, 4)]


async def test_a_request_is_told_until_it_is_answered_and_only_to_its_gateway(
    ingest, send, ask, account, postgres_url
):
    other = add_gateway(postgres_url, site="alpha", gateway="gw-other")
    assert (await send(0)).resend == []
    asked = await ask()

    foreign = await ingest.segments(body(segment(seq=(0, 0))), sender=other, now=NOW)
    first, second = await send(1), await send(2)

    assert foreign.resend == []
    assert [(one.request, one.start, one.end) for one in first.resend] == [
        (asked.request, asked.start, asked.end)
    ]
    assert second.resend == first.resend
    (told,) = (await account()).resends
    assert (told.delivered_at, told.answered_at, told.held_rows) == (NOW, None, None)

    answer = {"request": asked.request, "segments": 3, "rows": 700}
    receipt = await send(3, health=reports({"resends": [answer]}))

    assert receipt.resend == []
    (told,) = (await account()).resends
    assert (told.answered_at, told.held_segments, told.held_rows) == (NOW, 3, 700)
    assert (await account()).gateway.open_resends == 0


async def test_a_gateway_answers_for_itself_only_and_its_first_answer_stays(
    ingest, send, ask, account, postgres_url
):
    other = add_gateway(postgres_url, site="alpha", gateway="gw-other")
    asked = await ask()
    answers = reports({"resends": [{"request": asked.request, "segments": 1, "rows": 1}]})
    await ingest.segments(body(segment(seq=(0, 0), health=answers)), sender=other, now=NOW)
    assert (await account()).gateway.open_resends == 1

    for seq, rows in enumerate((0, 5)):
        answer = {"request": asked.request, "segments": rows, "rows": rows}
        await send(seq, health=reports({"resends": [answer]}))
    (told,) = (await account()).resends
    assert (told.held_segments, told.held_rows) == (0, 0)


async def test_an_answer_in_an_older_report_of_a_merged_segment_counts(send, ask, account):
    asked = await ask()
    answer = {"request": asked.request, "segments": 1, "rows": 9}
    await send(0, health=reports({"resends": [answer], "outbox_rows": 4}, {"outbox_rows": 2}))

    detail = await account()
    assert detail.resends[0].held_rows == 9
    assert detail.gateway.state.backlog_rows == 2


async def test_a_request_made_at_one_collector_is_told_by_another(database, send, ask, sender):
    await send(0)
    asked = await ask()
    async with open_ingest(database) as replica:
        receipt = await replica.segments(body(segment(seq=(1, 1))), sender=sender, now=NOW)
    assert [one.request for one in receipt.resend] == [asked.request]


async def test_a_segment_that_is_known_brings_the_request_too(send, ask):
    await send(0)
    asked = await ask()
    assert [one.request for one in (await send(0)).resend] == [asked.request]


async def test_uploads_at_once_are_all_told_and_none_fails(ingest, sender, ask):
    for hours in range(2, 7):
        await ask(hours=hours)
    receipts = await asyncio.gather(
        *(
            ingest.segments(
                body(segment(seq=(seq, seq), stream=UUID(int=100 + seq))), sender=sender, now=NOW
            )
            for seq in range(40)
        )
    )
    assert [len(one.resend) for one in receipts] == [5] * 40


async def test_panels_beyond_what_a_site_may_have_are_refused_row_by_row(database, sender, rows):
    async with open_ingest(database, max_panels=3) as small:
        sent = readings(panels=5, count=2)
        sent.time_us[0] += 10**15  # rejected for its time; the others keep their positions
        receipt = await small.segments(body(segment(sent)), sender=sender, now=NOW)
        again = await small.readings(
            json.dumps(
                {
                    "readings": [
                        {
                            "panel_id": panel,
                            "timestamp": NOW.isoformat(),
                            "temperature_celsius": 1,
                            "voltage_volts": 1,
                            "current_amperes": 1,
                            "power_output_watts": 1,
                        }
                        for panel in ("NEW", "PANEL-000", "bad id", "PANEL-009")
                    ]
                }
            ).encode(),
            sender=sender,
            now=NOW,
        )

    assert (receipt.accepted, len(receipt.rejected)) == (5, 5)
    full = [one for one in receipt.rejected if "is new, and the site has 3 panels" in one.reason]
    assert [one.index for one in full] == [6, 7, 8, 9]
    assert rows("SELECT count(*) FROM panel") == [(3,)]
    assert again.accepted == 1
    assert [one.index for one in again.rejected] == [0, 2, 3]
    assert rows("SELECT rejected FROM ledger") == [(5,)]
