"""What the command line prints for people."""

import sys
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from collector.cli.printing import show_facts, show_rows


class Row(msgspec.Struct):
    gateway_id: str
    site: str


def test_a_time_of_any_zone_is_printed_as_utc(capsys):
    moment = datetime(2026, 6, 1, 2, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
    show_facts({"seen": moment}, as_json=False)
    assert capsys.readouterr().out == "seen: 2026-05-31 21:00:00Z\n"


def test_a_narrow_terminal_shows_an_id_whole_on_several_lines(capsys, monkeypatch):
    gateway = str(UUID(int=7**40))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")

    show_rows([Row(gateway, "alpha")], columns=("gateway_id", "site"), as_json=False, empty="")

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert max(map(len, lines)) <= 30
    assert "".join(line.split("│")[1].strip() for line in lines) == gateway
