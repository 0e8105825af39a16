"""What is said of what was salvaged, and of what was lost."""

import pytest

from edge_agent.outbox.salvage_report import Salvaged, told


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({}, "nothing is known to be lost;"),
        ({"lost_ranges": 2, "lost_rows": 60}, "2 ranges (60 rows) are declared lost;"),
        (
            {"lost_ranges": 2, "unknown_ranges": 2},
            "2 ranges (an unknown number of rows) are declared lost;",
        ),
        (
            {"lost_ranges": 3, "lost_rows": 60, "unknown_ranges": 2},
            "3 ranges (60 rows, and 2 ranges of unknown size) are declared lost;",
        ),
        (
            {"file_lost": True},
            "nothing is known to be lost, and nobody knows what else the file held;",
        ),
    ],
)
def test_a_loss_of_unknown_size_is_not_told_as_none(report, said):
    assert said in told(Salvaged(file="outbox.db", reason="a test", noticed_us=0, **report))
