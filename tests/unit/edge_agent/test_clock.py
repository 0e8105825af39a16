"""Whether our clock is trusted, over what can happen to it."""

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.clock import HOLD_US, Clock, Trust
from edge_agent.kernel import Kernel
from programs.clocks import SECOND, YEAR, SetClocks


@pytest.fixture
def clocks():
    return SetClocks()


@pytest.fixture
def clock(clocks):
    return Clock(clocks)


def true_time(clocks):
    """What a collector's ``Date`` says: the second that has begun."""
    return datetime.fromtimestamp(clocks.true_us // SECOND, UTC)


def hears(clock, clocks, *, took=0.1, off=0.0):
    sent = clocks.since_boot_us()
    clocks.passes(took)
    theirs = true_time(clocks) + timedelta(seconds=off)
    clock.heard(theirs, sent_us=sent, received_us=clocks.since_boot_us())


def test_a_clock_nobody_has_confirmed_is_not_trusted(clock):
    assert not clock.trusted
    assert clock.flush().judge is None


def test_a_clock_the_kernel_calls_synchronised_is_trusted_from_the_start(clocks):
    clocks.synced = True
    assert Clock(clocks).flush().dating.trust is Trust.TRUSTED


def test_a_collector_whose_clock_agrees_proves_ours_right(clock, clocks):
    hears(clock, clocks)
    assert clock.trusted
    assert "collector" in clock.why


@pytest.mark.parametrize("ahead", [-10.0, -4.0, 2.0, 10.0, 3 * 365 * 86_400.0])
def test_a_collector_whose_clock_differs_proves_nothing(clock, clocks, ahead):
    hears(clock, clocks, off=ahead)
    assert not clock.trusted
    assert ("differs" in clock.why) == (abs(ahead) > 5), "it tells whole seconds"


def test_an_answer_that_took_long_proves_nothing(clock, clocks):
    hears(clock, clocks, took=2.5)
    assert not clock.trusted


def test_two_clocks_that_were_never_set_agree_and_are_both_wrong(clocks):
    clocks.error_us = -56 * YEAR
    clock = Clock(clocks)
    theirs = datetime.fromtimestamp(clock.wall_us(clocks.up_us) / SECOND, UTC)
    clock.heard(theirs, sent_us=clocks.up_us, received_us=clocks.up_us)
    clocks.synced = True
    clock.look()
    assert not clock.trusted


@pytest.mark.parametrize("jump", [-YEAR, -2 * SECOND, 2 * SECOND, YEAR])
def test_a_jump_takes_the_trust_until_it_is_given_anew(clock, clocks, jump):
    hears(clock, clocks)
    clocks.error_us += jump
    clock.look()
    assert not clock.trusted
    assert clock.jumps == 1
    assert "jumped" in clock.why
    clocks.error_us -= jump
    hears(clock, clocks)
    assert clock.trusted


def test_small_corrections_are_no_jumps_however_many(clock, clocks):
    hears(clock, clocks)
    for _ in range(20):
        clocks.error_us += 900_000
        clock.look()
    assert clock.trusted
    assert clock.jumps == 0


def test_a_site_that_is_offline_for_weeks_keeps_its_trust(clock, clocks):
    clocks.synced = True
    clock.look()
    clocks.synced = False  # the kernel's error estimate grows over its limit in some hours
    clocks.passes(30 * 86_400)
    assert clock.flush().dating.trust is Trust.TRUSTED


def test_suspending_the_computer_is_no_jump(clock, clocks):
    clocks.passes(8 * 3600)
    clock.look()
    assert clock.jumps == 0


def test_what_came_before_a_jump_is_dated_by_the_clock_of_then(clocks):
    clocks.error_us = -3 * YEAR
    clock = Clock(clocks)
    clock.flush()
    clocks.passes(1)
    arrived = clock.now()
    clocks.is_set_right()
    clock.look()
    clocks.passes(1)
    late = clock.now()
    moment = clock.flush()
    assert moment.dating.offset_us == clocks.offset_us() - 3 * YEAR
    assert moment.dating.trust is Trust.HOLDING
    assert late - arrived == pytest.approx(1.0), "arrivals of one flush are on one clock"
    assert moment.since_us <= arrived * SECOND <= late * SECOND <= moment.now_us
    assert moment.moved_us == 3 * YEAR
    after = clock.flush()
    assert after.dating.trust is Trust.TRUSTED
    assert after.now_us == clocks.true_us
    assert after.moved_us == 0


def test_a_right_clock_that_is_set_wrong_stays_right_for_what_came_before(clock, clocks):
    hears(clock, clocks)
    clock.flush()
    clocks.error_us = YEAR
    moment = clock.flush()
    assert moment.dating.trust is Trust.TRUSTED
    assert moment.now_us == clocks.true_us
    assert clock.flush().dating.trust is Trust.HOLDING


def test_time_goes_on_while_the_flush_waits_for_room(clock, clocks):
    clock.flush()
    clocks.passes(3600)
    moment = clock.flush()
    assert moment.now_us - moment.since_us == 3600 * SECOND


def test_holding_ends_some_minutes_after_the_collector_first_answered(clock, clocks):
    clocks.passes(7 * 86_400)
    assert clock.trust is Trust.HOLDING, "without a collector nothing could go anyway"
    hears(clock, clocks, off=60)
    clocks.passes(HOLD_US / SECOND - 1)
    assert clock.trust is Trust.HOLDING
    clocks.passes(2)
    assert clock.trust is Trust.SUSPECT
    clocks.error_us = 5 * SECOND
    clock.look()
    assert clock.trust is Trust.HOLDING, "somebody sets it: there is hope again"


def test_the_kernels_clocks_are_read():
    kernel = Kernel()
    before = datetime.now(UTC).timestamp()
    ours = (kernel.since_boot_us() + kernel.offset_us()) / SECOND
    assert before - 0.1 <= ours <= datetime.now(UTC).timestamp() + 0.1
    assert len(kernel.boot()) == 16
    assert kernel.boot() == kernel.boot()
    assert kernel.synchronised() in {True, False}
