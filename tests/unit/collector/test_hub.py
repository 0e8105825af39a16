"""The hub lets no client hold up the others, and tells nobody more than was asked for."""

import asyncio

import numpy as np
import pytest

from collector.batch import Outcome, Part, Rows
from collector.errors import ProblemError
from collector.live.hub import MAX_CLIENTS, MAX_WAITING, Event, Hub
from collector.live.summaries import Summary, pack, summarise, unpack
from integration.collector.bodies import NOW
from shared.alerts import to_micros
from shared.readings import MISSING


def summary(readings=1, power=100_000):
    return Summary(readings, 0, 5, power * readings, readings)


async def test_a_client_that_takes_nothing_is_dropped_and_the_others_are_not():
    hub = Hub()
    with hub.watching(None) as slow, hub.watching(None) as quick:
        taken = []

        async def take():
            taken.extend([event.number async for event in quick.events()])

        async with asyncio.TaskGroup() as group:
            group.create_task(take())
            for number in range(MAX_WAITING + 1):
                hub.tell(Event("alert", "alpha", {}, number))
                await asyncio.sleep(0)
            assert slow.dropped
            assert not quick.dropped
            assert len(hub) == 1
            hub.end()
        assert [event async for event in slow.events()] == []
    assert taken == list(range(MAX_WAITING + 1))
    assert hub.dropped == 1


async def test_it_is_told_how_many_look_on_how_long_events_wait_and_who_was_too_slow():
    class Told:
        def __init__(self):
            self.counts, self.lags, self.dropped = [], [], 0

        def note_watching(self, count):
            self.counts.append(count)

        def note_dropped(self):
            self.dropped += 1

        def note_lag(self, seconds):
            self.lags.append(seconds)

    now, told = [100.0], Told()
    hub = Hub(clock=lambda: now[0], observer=told)
    with hub.watching(None) as watcher, hub.watching(None):
        events = watcher.events()
        hub.tell(Event("alert", "alpha", {}, 1))
        now[0] += 2.5
        await anext(events)
        for number in range(MAX_WAITING + 1):
            hub.tell(Event("alert", "alpha", {}, number))
    assert (told.counts, told.lags, told.dropped) == ([1, 2, 0, 0], [2.5], 2)


async def test_who_looks_at_readings_of_some_sites_is_told_of_alerts_of_all():
    hub = Hub()
    with hub.watching(None, readings={"alpha"}) as watcher, hub.watching(None, readings=()) as none:
        for site in ("beta", "alpha"):
            hub.tell(Event("readings", site, {}))
            hub.tell(Event("alert", site, {}))
        found = [await anext(watcher.events()) for _ in range(3)]
        assert [(one.kind, one.site) for one in found] == [
            ("alert", "beta"),
            ("readings", "alpha"),
            ("alert", "alpha"),
        ]
        assert (await anext(none.events())).kind == "alert"


async def test_readings_within_a_second_are_told_together():
    hub = Hub(clock=asyncio.get_running_loop().time)
    with hub.watching({"alpha"}) as watcher:
        events = watcher.events()
        hub.tell_readings("beta", summary())
        for readings in (1, 2, 3):
            hub.tell_readings("alpha", summary(readings))
        told = [(await anext(events)).body for _ in range(2)]
    assert [one["readings"] for one in told] == [1, 5]
    assert {one["mean_panel_power_watts"] for one in told} == {100.0}


async def test_one_client_too_many_is_turned_away():
    hub = Hub()
    watching = [hub.watching(None) for _ in range(MAX_CLIENTS)]
    for one in watching:
        one.__enter__()
    with pytest.raises(ProblemError, match=f"{MAX_CLIENTS} look on already"):
        hub.refuse_if_full()
    watching[0].__exit__(None, None, None)
    hub.refuse_if_full()


def test_what_is_told_of_many_sites_is_told_in_pieces_that_fit():
    told = {f"site-{number}": summary(number) for number in range(500)}
    texts = list(pack(told, limit=1_000))
    assert max(map(len, texts)) <= 1_000
    assert {site: one for text in texts for site, one in unpack(text)} == told


def test_backlog_counts_and_is_no_part_of_the_power():
    now_us = to_micros(NOW)
    rows = Rows(
        np.arange(4, dtype=np.int32),
        now_us - np.array([0, 1, 2, 600_000_000]),
        *(np.full(4, 1, np.int32) for _ in range(3)),
        np.array([100_000, 300_000, MISSING, 900_000], np.int32),
        np.zeros(4, np.int16),
    )
    parts = [Part(7, None, rows), Part(8, None, rows)]
    outcomes = [Outcome(False, 4, 0), Outcome(True, 0, 4)]
    ((site, found),) = summarise(parts, outcomes=outcomes, now=NOW).items()
    assert site == 7
    assert (found.fresh, found.backlog, found.newest_us) == (3, 1, now_us)
    assert found.body("alpha")["mean_panel_power_watts"] == 200.0
