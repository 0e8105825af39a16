import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from collector.errors import BadBodyError
from collector.ingest import open_ingest
from integration.collector.bodies import NOW, add_gateway, body, readings, segment
from shared.readings import MISSING, concatenate

COUNT = "SELECT count(*) FROM reading_raw"


async def test_a_segment_is_stored_exactly_and_its_repetition_is_known(ingest, sender, rows):
    sent = body(segment(readings(), seq=(0, 4)))

    first = await ingest.segments(sent, sender=sender, now=NOW)
    again = await ingest.segments(sent, sender=sender, now=NOW)

    assert (first.accepted, first.duplicates, first.rejected) == (20, 0, [])
    assert (again.accepted, again.duplicates) == (0, 20)
    assert [first.segments[0].status, again.segments[0].status] == ["stored", "duplicate"]
    assert rows(
        "SELECT panel_id, count(*), min(temperature_celsius), max(power_output_watts), "
        "min(timestamp) FROM reading GROUP BY 1 ORDER BY 1"
    ) == [
        ("PANEL-000", 10, 25.3, 300.0, NOW - timedelta(minutes=10)),
        ("PANEL-001", 10, 25.3, 300.0, NOW - timedelta(minutes=10)),
    ]
    assert rows("SELECT received::text, accepted, duplicates FROM ledger") == [("{[0,5)}", 20, 20)]


async def test_missing_values_are_null(ingest, sender, rows):
    sent = readings(panels=3, count=50, missing=True)
    sent.temperature_mc[::7] = MISSING
    sent.current_ma[:] = MISSING

    await ingest.segments(body(segment(sent)), sender=sender, now=NOW)

    absent = [int((column == MISSING).sum()) for column in (sent.power_mw, sent.temperature_mc)]
    assert rows(
        "SELECT count(*) FILTER (WHERE power_mw IS NULL), "
        "count(*) FILTER (WHERE temperature_mc IS NULL), count(current_ma), min(power_mw), "
        "min(voltage_mv), min(temperature_mc) FROM reading_raw"
    ) == [(*absent, 0, 300_000, 40_000, 25_300)]


async def test_the_same_readings_in_another_stream_are_counted_as_duplicates(ingest, sender, rows):
    await ingest.segments(body(segment(readings(count=10))), sender=sender, now=NOW)

    more = segment(readings(count=15), stream=UUID(int=2))
    receipt = await ingest.segments(body(more), sender=sender, now=NOW)

    assert (receipt.accepted, receipt.duplicates) == (10, 20)
    assert rows(COUNT) == [(30,)]


async def test_rows_repeated_inside_a_body_are_counted_exactly_for_each_segment(
    ingest, sender, rows
):
    once = readings(panels=1, count=4)
    parts = [
        segment(concatenate([once, once]), seq=(0, 0)),
        segment(readings(panels=1, count=6), seq=(1, 1)),
        segment(readings(panels=1, count=6), seq=(1, 1)),
    ]

    receipt = await ingest.segments(body(*parts), sender=sender, now=NOW)

    told = [(one.status, one.accepted, one.duplicates) for one in receipt.segments]
    assert told == [("stored", 4, 4), ("stored", 2, 4), ("duplicate", 0, 6)]
    assert rows(COUNT) == [(6,)]


async def test_one_damaged_segment_does_not_stop_the_others(ingest, sender, rows):
    receipt = await ingest.segments(
        body(segment(readings()), b"\xffnot a segment"), sender=sender, now=NOW
    )

    assert [one.status for one in receipt.segments] == ["stored", "refused"]
    assert "not a segment" in receipt.segments[1].reason
    assert rows(COUNT) == [(20,)]


async def test_there_is_one_receipt_for_each_segment_in_the_order_they_were_sent(ingest, sender):
    """Agents match receipts by position: one that cannot be decoded has no stream to go by."""
    one = [segment(readings(panels=1, count=1 + n), seq=(n, n)) for n in range(3)]
    sent = [b"junk", one[2], b"\xff", one[0], one[0][:-9], one[1], one[0], b"x"]

    receipt = await ingest.segments(body(*sent), sender=sender, now=NOW)

    assert [(each.status, each.first_seq) for each in receipt.segments] == [
        ("refused", 0),
        ("stored", 2),
        ("refused", 0),
        ("stored", 0),
        ("refused", 0),
        ("stored", 1),
        ("duplicate", 0),
        ("refused", 0),
    ]
    assert all((each.reason is None) == (each.status != "refused") for each in receipt.segments)


@pytest.mark.parametrize("damaged", [b"", b"\0\0\0\x09short", b"{}"])
async def test_a_body_without_a_frame_is_bad(ingest, sender, damaged):
    with pytest.raises(BadBodyError):
        await ingest.segments(damaged, sender=sender, now=NOW)


async def test_rows_of_impossible_times_are_rejected_one_by_one_with_their_reason(
    ingest, sender, rows
):
    sent = readings(panels=1, count=5)
    sent.time_us[3] += 10**15
    sent.time_us[4] = np.iinfo(np.int64).min + 1

    receipt = await ingest.segments(body(segment(sent)), sender=sender, now=NOW)

    assert receipt.accepted == 3
    reasons = sorted(one.reason for one in receipt.rejected)
    assert sum("future" in reason for reason in reasons) == 1
    assert sum("years ago" in reason for reason in reasons) == 1
    assert rows("SELECT accepted, rejected FROM ledger") == [(3, 2)]


async def test_a_row_rejected_as_future_is_stored_when_a_repetition_finds_it_past(
    ingest, sender, rows
):
    """The first receipt may have been lost: the last one has to be true of every row."""
    sent = readings(panels=1, count=2)
    sent.time_us[1] = round((NOW + timedelta(minutes=6)).timestamp() * 1e6)

    first = await ingest.segments(body(segment(sent)), sender=sender, now=NOW)
    later = NOW + timedelta(minutes=2)
    again = await ingest.segments(body(segment(sent)), sender=sender, now=later)

    assert (first.accepted, len(first.rejected)) == (1, 1)
    assert (again.segments[0].status, again.accepted, again.rejected) == ("duplicate", 1, [])
    assert rows(COUNT) == [(2,)]


async def test_values_a_gateway_let_pass_by_its_own_limits_are_stored(ingest, sender, rows):
    sent = readings(panels=1, count=2)
    sent.voltage_mv[:] = (200_000, 2_147_483_647)

    receipt = await ingest.segments(body(segment(sent)), sender=sender, now=NOW)

    assert (receipt.accepted, receipt.rejected) == (2, [])
    assert rows("SELECT voltage_mv FROM reading_raw ORDER BY time") == [
        (200_000,),
        (2_147_483_647,),
    ]


async def test_panel_ids_that_no_url_could_name_are_rejected(ingest, sender, rows):
    sent = replace(readings(panels=2, count=3), panel_ids=("PANEL-000", "../etc"))

    receipt = await ingest.segments(body(segment(sent)), sender=sender, now=NOW)

    assert (receipt.accepted, len(receipt.rejected)) == (3, 3)
    assert rows("SELECT panel FROM panel") == [("PANEL-000",)]


async def test_two_sites_may_name_their_panels_alike(ingest, sender, postgres_url, rows):
    other = add_gateway(postgres_url, site="beta", gateway="gw-beta")

    for one in (sender, other):
        receipt = await ingest.segments(body(segment(readings())), sender=one, now=NOW)
        assert receipt.accepted == 20

    assert rows("SELECT count(*), count(DISTINCT panel_key) FROM reading_raw") == [(40, 4)]


async def test_two_collectors_share_a_database_without_deadlock_or_loss(
    database, sender, postgres_url, rows
):
    other = add_gateway(postgres_url, site="alpha", gateway="gw-other")
    bodies = [
        body(
            segment(
                readings(panels=5, count=200, start=NOW - timedelta(seconds=1000 - 60 * number)),
                seq=(number, number),
            )
        )
        for number in range(12)
    ]
    async with open_ingest(database) as one, open_ingest(database) as two:
        receipts = await asyncio.gather(
            *(one.segments(sent, sender=sender, now=NOW) for sent in bodies),
            *(two.segments(sent, sender=other, now=NOW) for sent in reversed(bodies)),
            *(two.segments(sent, sender=sender, now=NOW) for sent in bodies),
        )

    ((stored,),) = rows(COUNT)
    assert stored == 5 * (200 + 60 * 11)
    assert sum(receipt.accepted for receipt in receipts) == stored
    assert sum(r.accepted + r.duplicates for r in receipts) == 3 * 12 * 1000
    assert {state for (state,) in rows("SELECT received::text FROM ledger")} == {"{[0,12)}"}
