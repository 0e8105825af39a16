"""Open episodes survive a restart at any instant; a failing detector stops no reading."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest

from edge_agent.detection import Detection
from shared.alerts import Episode, Severity

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def episode(name, *, cleared=None):
    return Episode(
        episode=name, panel="P1", alert_type="over_temperature", severity=Severity.HIGH,
        title="hot", recommendation="look", raised_at=NOW, last_seen_at=NOW, cleared_at=cleared,
    )  # fmt: skip


class Scripted:
    """A detector that tells what it is given to tell, as a real one would."""

    def __init__(self, *script):
        self._script = list(script)
        self._open = {}

    def look(self, _readings, *, now):  # noqa: ARG002 - as the detector
        changed = self._script.pop(0)
        if isinstance(changed, Exception):
            raise changed
        for one in changed:
            self._open[one.episode] = one
            if one.cleared_at is not None:
                del self._open[one.episode]
        return changed

    def redate(self, shift_us, *, near_too):
        raise AssertionError((shift_us, near_too))

    def take_windows(self):
        return None

    def open_episodes(self):
        return list(self._open.values())

    def restore(self, episodes):
        self._open = {one.episode: one for one in episodes}


class Memory:
    def __init__(self):
        self.value = None
        self.written = asyncio.Event()

    async def remember(self, value):
        self.value = value
        self.written.set()

    def names(self):
        return [one.episode for one in msgspec.json.decode(self.value, type=list[Episode])]


async def test_a_raised_episode_is_remembered_before_it_can_be_sent():
    memory = Memory()
    detection = Detection(Scripted([episode("a")]), remember=memory.remember)
    changed = await detection.look(None, settled=asyncio.Event(), now=NOW)
    assert [one.episode for one in changed] == memory.names() == ["a"]


async def test_a_cleared_episode_is_forgotten_only_when_its_flush_is_safe():
    memory, settled = Memory(), asyncio.Event()
    detector = Scripted([episode("a")], [episode("a", cleared=NOW)])
    detection = Detection(detector, remember=memory.remember)
    await detection.look(None, settled=asyncio.Event(), now=NOW)
    await detection.look(None, settled=settled, now=NOW)
    assert memory.names() == ["a"]
    after_a_kill = Scripted()
    Detection(after_a_kill, remember=memory.remember).restore(memory.value)
    assert after_a_kill.open_episodes() == [episode("a")]
    memory.written.clear()
    forgetting = asyncio.create_task(detection.forget_cleared())
    settled.set()
    await memory.written.wait()
    assert memory.names() == []
    forgetting.cancel()
    with suppress(asyncio.CancelledError):
        await forgetting


async def test_a_failing_detector_stops_no_reading_and_is_loud(caplog):
    detection = Detection(
        Scripted(ValueError("broken"), ValueError("broken"), []), remember=Memory().remember
    )
    for _ in range(2):
        assert await detection.look(None, settled=asyncio.Event(), now=NOW) == []
    assert detection.trouble == "ValueError: broken"
    assert len(caplog.records) == 1
    await detection.look(None, settled=asyncio.Event(), now=NOW)
    assert detection.trouble is None


@pytest.mark.parametrize("remembered", [None, b"", b"{}", b"[5]"])
def test_a_damaged_memory_is_no_reason_not_to_start(remembered):
    detector = Scripted()
    Detection(detector, remember=Memory().remember).restore(remembered)
    assert detector.open_episodes() == []
