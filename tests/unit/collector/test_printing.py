"""Tables on a terminal: narrow ones fold what does not fit."""

import sys
from uuid import UUID

import msgspec

from collector.cli.printing import show_rows


class Row(msgspec.Struct):
    gateway_id: str
    site: str


def test_a_narrow_terminal_shows_an_id_whole_on_several_lines(capsys, monkeypatch):
    gateway = str(UUID(int=7**40))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")

    show_rows([Row(gateway, "alpha")], columns=("gateway_id", "site"), as_json=False, empty="")

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert max(map(len, lines)) <= 30
    assert "".join(line.split("│")[1].strip() for line in lines) == gateway
