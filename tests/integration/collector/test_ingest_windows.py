"""What detection made of windows, from segments to the table."""

from datetime import timedelta
from uuid import UUID

import numpy as np

from integration.collector.bodies import NOW, STREAM, body, segment
from shared.tables import Text

AT = NOW - timedelta(minutes=10)
MISSING_I2 = np.iinfo(np.int16).min


def windows(panels=("PANEL-001", "PANEL-002"), *, at=AT, seconds=60, kind="bypass_diode"):
    """One window of each panel; the first is a third low, the voltage of the others unknown."""
    count = len(panels)

    def share(first, others):
        return np.array([first, *[others] * (count - 1)], np.int16)

    return {
        "panel": Text.of(panels),
        "time_us": np.full(count, round(at.timestamp() * 1e6), np.int64),
        "seconds": np.full(count, seconds, np.int32),
        "voltage_residual_thousandths": share(-334, MISSING_I2),
        "current_thousandths": share(2, 0),
        "power_thousandths": share(-333, 1),
        "temperature_mc": np.full(count, 1_300, np.int32),
        "conversion_thousandths": share(0, 0),
        "voltage_thousandths": share(-334, MISSING_I2),
        "sigmas_tenths": share(412, 3),
        "probability_thousandths": share(MISSING_I2, MISSING_I2),
        "kind": Text.of([kind, *[""] * (count - 1)]),
        "quality": share(1, 16),
    }


async def test_windows_are_stored_and_what_is_not_known_is_null(ingest, sender, rows):
    receipt = await ingest.segments(body(segment(windows=windows())), sender=sender, now=NOW)
    assert receipt.rejected == []
    assert rows(
        "SELECT panel, time, seconds, voltage_residual_thousandths, power_thousandths, "
        "temperature_mc, sigmas_tenths, probability_thousandths, kind, quality "
        "FROM detection_window JOIN panel USING (panel_key) ORDER BY panel"
    ) == [
        ("PANEL-001", AT, 60, -334, -333, 1300, 412, None, "bypass_diode", 1),
        ("PANEL-002", AT, 60, None, 1, 1300, 3, None, None, 16),
    ]


async def test_windows_that_come_again_are_stored_once(ingest, sender, rows):
    statuses = []
    for stream in (STREAM, STREAM, UUID(int=9)):
        sent = body(segment(stream=stream, windows=windows()))
        receipt = await ingest.segments(sent, sender=sender, now=NOW)
        statuses.append(receipt.segments[0].status)
    assert statuses == ["stored", "duplicate", "stored"]
    assert rows("SELECT count(*) FROM detection_window") == [(2,)]


async def test_a_window_that_cannot_be_is_rejected_and_the_others_are_stored(ingest, sender, rows):
    ahead = windows(("PANEL-003",), at=NOW + timedelta(hours=1))
    strange = windows(("PANEL-004", "no panel"))
    for number, table in enumerate((ahead, strange)):
        sent = body(segment(seq=(number, number), windows=table))
        (rejected,) = (await ingest.segments(sent, sender=sender, now=NOW)).rejected
        assert (rejected.table, rejected.index) == ("windows", number)
        assert ("in the future" if number == 0 else "no panel id") in rejected.reason
    assert rows("SELECT panel FROM detection_window JOIN panel USING (panel_key)") == [
        ("PANEL-004",)
    ]


async def test_a_window_of_no_length_is_refused(ingest, sender, rows):
    sent = body(segment(windows=windows(seconds=0)))
    receipt = await ingest.segments(sent, sender=sender, now=NOW)
    assert receipt.segments[0].status == "refused"
    assert "1 to 86400 seconds" in receipt.segments[0].reason
    assert rows("SELECT count(*) FROM detection_window") == [(0,)]
