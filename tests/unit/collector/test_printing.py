"""What the command line prints for people."""

from datetime import datetime
from zoneinfo import ZoneInfo

from collector.cli.printing import show_facts


def test_a_time_of_any_zone_is_printed_as_utc(capsys):
    moment = datetime(2026, 6, 1, 2, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
    show_facts({"seen": moment}, as_json=False)
    assert capsys.readouterr().out == "seen: 2026-05-31 21:00:00Z\n"
