import pytest

from edge_agent.diagnosis import problems
from edge_agent.status import DiskStatus

MUCH = {"recent_readings": 10, "recent_quarantined": 9, "quarantine_entries": 2}
FUTURE = "timestamp is 2030, more than 5 minutes in the future"


def wrong(status):
    return problems(status, now=status.written_at)


def test_nothing_wrong_means_all_is_well(status_of):
    assert wrong(status_of(recent_readings=1000, recent_quarantined=5)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"broker_connected": False}, "no MQTT broker: not connected yet"),
        ({"quarantine_dropped_now": 7}, "7 entries of it were dropped"),
        (MUCH, "9 of the last 10 readings"),
        (
            MUCH | {"quarantine_reason": FUTURE},
            "in the future; is the clock",
        ),
    ],
)
def test_each_trouble_is_said(status_of, changes, said):
    [problem] = wrong(status_of(**changes))
    assert said in problem


def test_what_was_quarantined_is_no_trouble_any_more_once_it_is_discarded(status_of):
    assert wrong(status_of(**MUCH | {"quarantine_entries": 0})) == []


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (
            {"free_bytes": 20_000, "min_free_megabytes": 100},
            "the disk of /o.db has 0.0 MB free, less than min_free_megabytes = 100; make room",
        ),
        ({"free_bytes": 20_000}, "0.0 MB free and takes no more; make room on that disk"),
        ({"file_bytes": 990_000_000}, "it has reached max_megabytes = 1024, and the disk"),
    ],
)
def test_a_full_outbox_is_told_by_the_limit_that_binds(status_of, room, said):
    usual = {"free_bytes": 10**10, "file_bytes": 40_000, "max_megabytes": 1024}
    disk = DiskStatus(**({"min_free_megabytes": 0} | usual | room))
    [problem] = wrong(status_of(outbox_full=True, disk=disk))
    assert problem.startswith("the outbox is full, the broker holds readings back: ")
    assert said in problem


def test_a_disk_with_less_room_than_is_to_be_left_is_said_before_the_outbox_is_full(status_of):
    disk = DiskStatus(free_bytes=10**6, file_bytes=0, max_megabytes=1024, min_free_megabytes=100)
    [problem] = wrong(status_of(disk=disk))
    assert "the outbox cannot grow: the disk of /o.db has 1.0 MB free" in problem


def test_an_agent_that_is_not_there_is_told_from_one_that_was_stopped_and_one_that_hangs(status_of):
    def said(*, running, age=1.0, **changes):
        return problems(status_of(**changes), now=1000.0 + age, running=running)[0]

    assert "ended without being stopped" in said(running=False)
    assert "was stopped: nothing is collected since" in said(running=False, stopped=True)
    assert "gives no sign of life" in said(running=None, age=30.0)
    assert "runs but cannot write its status, or hangs, since" in said(running=True, age=30.0)


def test_an_identity_that_cannot_be_used_is_no_outage_of_the_collector(status_of):
    trouble = {"identity_trouble": "its identity is damaged", "collector_trouble": "the same"}
    status = status_of(gateway_id=None, collector_there=False, outbox_rows=5, **trouble)
    assert wrong(status) == ["its identity is damaged; 5 rows are kept"]


def test_what_was_dropped_in_an_earlier_run_is_no_trouble_now(status_of):
    assert wrong(status_of(quarantine_dropped=7)) == []


def test_what_was_given_up_since_the_start_is_said_with_its_reason(status_of):
    assert problems(status_of(lost_rows={"thinned": 5}), now=1000.0) == []
    [problem] = problems(
        status_of(lost_rows={"thinned": 9}, lost_rows_now={"thinned": 4, "over_age": 2}), now=1000.0
    )
    assert "4 thinned to one-minute means" in problem
    assert "2 given up because they were too old" in problem


def test_a_clock_that_is_not_trusted_is_a_problem_with_its_reason(status_of):
    status = status_of(
        clock_trusted=False, clock_why="it jumped by +60.0 s", clock_since=900.0, held_segments=7
    )
    [problem] = problems(status, now=1001.0)
    assert problem == (
        "our clock is not trusted since 1970-01-01 00:15:00Z: it jumped by +60.0 s; "
        "7 pieces of data are held back until it is"
    )
