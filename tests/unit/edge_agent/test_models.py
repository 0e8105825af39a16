"""The life of a model at the edge: tried, used, given up, and never a reason to stop."""

import contextlib
import stat

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.errors import ModelError
from edge_agent.models import Limits, Models, Seen, Sources, Store
from edge_agent.models.by_hand import lines, rollback, use
from programs.onnx_files import onnx_file
from unit.edge_agent.model_doubles import KEY, TestModel, signed

NOW = 1_780_000_000.0
MINUTE_US = 60_000_000
LIMITS = Limits(
    shadow_hours=1.0,
    max_call_milliseconds=500.0,
    max_alarms_per_panel_day=1.0,
    max_more_alarms_per_panel_day=0.5,
    min_agreement=0.9,
)
PANELS = 10


class Agent:
    """What an agent does with models: it lets them look at windows."""

    def __init__(self, folder, *, limits=LIMITS, shipped=None, key=KEY):
        self.store = Store(folder / "models")
        self.key = None if key is None else key.public_key()
        self.shipped = onnx_file("2026.1") if shipped is None else shipped
        self.used = []
        self.windows = 0
        self.models = Models(
            self.store,
            limits=limits,
            sources=Sources(
                load=TestModel,
                shipped=lambda: TestModel(self.shipped),
                names=lambda model, seen: model.score(seen.features),
                use=self.used.append,
                key=lambda: self.key,
            ),
        )

    @property
    def version(self):
        return None if self.used[-1] is None else self.used[-1].version

    def look(self, minutes, *, light=1.0, fault=-1):
        """Let windows pass in which each panel has this light, and the rules see this fault."""
        for _ in range(minutes):
            features = np.full((PANELS, 3), light, np.float32)
            ruled = named = np.full(PANELS, fault, np.int8)
            if self.used[-1] is not None:
                with contextlib.suppress(ModelError):
                    named = np.maximum(named, self.used[-1].score(features))
            begin = round(NOW * 1e6) + self.windows * MINUTE_US
            self.windows += 1
            self.models.observe(Seen(features, ruled, named, begin, begin + MINUTE_US))

    async def offer(self, version, **behaviour):
        card, data = signed(version, **behaviour)
        if self.models.wants(card):
            await self.models.take(card, data=data, now=NOW)
        return card

    async def tick(self, later=0.0):
        await self.models.tick(now=NOW + later)

    def lines(self):
        found = lines(self.store, key=self.key, shipped="2026.1")
        return {line.name: line for line in found}


async def begun(folder, **options):
    """An agent that has loaded what it uses."""
    agent = Agent(folder, **options)
    await agent.models.begin(now=NOW)
    return agent


@pytest.fixture
async def agent(tmp_path):
    return await begun(tmp_path)


async def test_an_agent_begins_with_the_model_that_came_with_it(agent):
    assert agent.version == "2026.1"
    assert agent.models.report().source == "shipped"
    assert agent.store.written_at() is None  # nothing to write down


async def test_a_new_model_is_used_after_its_trial_and_not_before(agent):
    await agent.offer("2026.2")
    agent.look(59)
    await agent.tick()
    assert agent.version == "2026.1"
    report = agent.models.report()
    assert (report.candidate, report.agreement) == ("2026.2", 1.0)
    assert report.candidate_hours == pytest.approx(59 / 60, abs=0.01)
    agent.look(1)
    await agent.tick()
    assert agent.version == "2026.2"
    report = agent.models.report()
    assert (report.in_use, report.source, report.candidate) == ("2026.2", "collector", None)
    assert agent.lines()["shipped"].state == "previous"


async def test_a_trial_goes_on_after_a_restart(agent, tmp_path):
    await agent.offer("2026.2")
    agent.look(40)
    agent.models.save(now=NOW)
    again = await begun(tmp_path)
    assert (again.version, again.models.report().candidate) == ("2026.1", "2026.2")
    again.windows = agent.windows
    again.look(21)
    await again.tick()
    assert again.version == "2026.2"
    assert (await begun(tmp_path)).version == "2026.2"


async def test_a_model_that_cries_wolf_on_trial_is_never_used_and_not_tried_again(agent):
    card = await agent.offer("2026.2", below="2")
    agent.look(60)
    await agent.tick()
    assert agent.version == "2026.1"
    assert "it alarmed" in agent.models.report().trouble
    assert agent.lines()["2026.2"].state == "refused"
    assert not agent.models.wants(card)
    assert "was given up: on trial it alarmed" in agent.models.report().trouble


async def test_a_model_that_says_other_things_than_the_one_in_use_is_not_used(tmp_path):
    agent = await begun(tmp_path, shipped=onnx_file("2026.1", below="0.5"))
    await agent.offer("2026.2", below="0.5", fault="2")
    agent.look(30)
    agent.look(30, light=0.1)
    await agent.tick()
    assert agent.version == "2026.1"
    assert "agreed with model 2026.1 on 50.0%" in agent.models.report().trouble


async def test_a_model_that_alarms_too_often_within_a_day_is_given_up_at_once(tmp_path):
    agent = await begun(tmp_path, limits=LIMITS._replace(shadow_hours=0.0))
    await agent.offer("2026.2", below="0.5")
    await agent.tick()
    assert agent.version == "2026.2"
    for _ in range(2):  # each panel twice: over one a day
        agent.look(5, light=0.1)
        agent.look(6)
        await agent.tick()
    assert agent.version == "2026.1"
    assert (
        "alarms too often: 20 times for 10 panels within a day, the rules alone 0"
        in agent.models.report().trouble
    )
    assert (await begun(tmp_path)).version == "2026.1"


async def test_a_model_is_not_given_up_for_what_the_rules_alone_say_as_often(tmp_path):
    agent = await begun(tmp_path)
    for _ in range(3):  # a hailstorm
        agent.look(5, fault=2)
        agent.look(6)
        await agent.tick()
    assert agent.version == "2026.1"
    assert agent.models.report().trouble is None


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [({"milliseconds": "900"}, "too slow"), ({"fails_after": "30"}, "out of its depth")],
)
async def test_a_model_that_is_slow_or_fails_is_rolled_back(tmp_path, behaviour, words):
    agent = await begun(tmp_path, limits=LIMITS._replace(shadow_hours=0.0))
    card = await agent.offer("2026.2", **behaviour)
    await agent.tick()
    assert agent.version == "2026.2"
    agent.look(40)
    await agent.tick()
    assert agent.version == "2026.1"
    assert words in agent.models.report().trouble
    assert not agent.models.wants(card)


async def test_a_candidate_that_is_slow_or_fails_ends_its_trial(agent):
    await agent.offer("2026.2", fails_after="5")
    agent.look(10)
    await agent.tick()
    assert agent.models.report().candidate is None
    assert "out of its depth" in agent.lines()["2026.2"].reason


async def test_without_any_model_the_rules_go_on(tmp_path):
    agent = await begun(tmp_path, shipped=onnx_file("2026.1", broken="no such file"))
    assert agent.version is None
    agent.look(3)
    report = agent.models.report()
    assert (report.in_use, report.source) == (None, "rules")
    assert "rules alone: the model cannot be read: no such file" in report.trouble
    await agent.offer("2026.2")
    agent.look(60)
    await agent.tick()
    assert agent.version == "2026.2"


async def test_a_shipped_model_that_was_given_up_comes_back_in_a_newer_version(tmp_path):
    agent = await begun(tmp_path, shipped=onnx_file("2026.1", milliseconds="900"))
    agent.look(30)
    await agent.tick()
    assert agent.version is None
    assert (await begun(tmp_path)).version is None
    assert (await begun(tmp_path, shipped=onnx_file("2026.3"))).version == "2026.3"


async def test_a_file_that_cannot_be_loaded_is_refused_with_its_reason(agent):
    card = await agent.offer("2026.2", broken="its golden rows differ")
    assert "its golden rows differ" in agent.models.report().trouble
    assert not agent.models.wants(card)
    assert agent.version == "2026.1"


async def test_a_file_of_another_version_than_it_was_signed_for_is_refused(agent):
    card, data = signed("2026.2")
    other = msgspec.structs.replace(card, version="2026.3")
    await agent.models.take(other, data=data, now=NOW)
    assert "says it is 2026.2" in agent.models.report().trouble


@pytest.mark.parametrize("how", ["tampered", "gone", "key"])
async def test_a_file_that_is_not_what_was_signed_is_not_used_after_a_restart(tmp_path, how):
    agent = await begun(tmp_path, limits=LIMITS._replace(shadow_hours=0.0))
    await agent.offer("2026.2")
    await agent.tick()
    file, key = tmp_path / "models" / "2026.2.onnx", KEY
    if how == "tampered":
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    elif how == "gone":
        file.unlink()
    else:
        key = Ed25519PrivateKey.generate()
    again = await begun(tmp_path, key=key)
    assert again.version == "2026.1"
    words = {"tampered": "was changed", "gone": "cannot read", "key": "not by the collector's key"}
    assert words[how] in again.lines()["2026.2"].reason


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"in_use": 7}', b"[]"])
async def test_a_damaged_record_is_no_reason_to_stop(tmp_path, content):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "record.json").write_bytes(content)
    assert (await begun(tmp_path)).version == "2026.1"


async def test_where_nothing_can_be_written_models_change_in_memory(tmp_path):
    agent = await begun(tmp_path, limits=LIMITS._replace(shadow_hours=0.0))
    await agent.offer("2026.2", milliseconds="900")
    await agent.tick()
    (tmp_path / "models").rename(tmp_path / "gone")
    (tmp_path / "models").write_bytes(b"in the way of a folder")
    agent.look(30)
    await agent.tick()
    assert agent.version == "2026.1"
    card, data = signed("2026.4")
    with pytest.raises(ModelError, match="cannot write"):
        await agent.models.take(card, data=data, now=NOW)
    assert agent.version == "2026.1"


async def test_files_are_for_us_alone(agent, tmp_path):
    await agent.offer("2026.2")
    folder = tmp_path / "models"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_a_model_by_hand_is_used_at_once_beside_a_running_agent(agent):
    await agent.offer("2026.2")
    use(agent.store, name="2026.2", key=agent.key, check=TestModel, now=NOW)
    await agent.tick()
    assert agent.version == "2026.2"
    assert agent.models.report().candidate is None


async def test_rolling_back_goes_to_the_model_before_then_to_the_shipped_then_to_the_rules(agent):
    for version in ("2026.2", "2026.3"):
        await agent.offer(version)
        use(agent.store, name=version, key=agent.key, check=TestModel, now=NOW)
        await agent.tick()
    seen = []
    for _ in range(3):
        gone, _ = rollback(agent.store, shipped="2026.1", now=NOW)
        await agent.tick()
        seen.append((gone, agent.version))
    assert seen == [("2026.3", "2026.2"), ("2026.2", "2026.1"), ("shipped", None)]
    with pytest.raises(ModelError, match="nothing to go back to"):
        rollback(agent.store, shipped="2026.1", now=NOW)
    states = {name: line.state for name, line in agent.lines().items()}
    assert states == {
        "rules": "in use", "shipped": "refused", "2026.2": "refused", "2026.3": "refused"
    }  # fmt: skip


async def test_what_a_person_rolled_back_does_not_come_again_but_by_hand(agent):
    card = await agent.offer("2026.2")
    use(agent.store, name="2026.2", key=agent.key, check=TestModel, now=NOW)
    await agent.tick()
    rollback(agent.store, shipped="2026.1", now=NOW)
    await agent.tick()
    assert not agent.models.wants(card)
    assert agent.lines()["2026.2"].reason == "rolled back by hand"
    use(agent.store, name="2026.2", key=agent.key, check=TestModel, now=NOW)
    await agent.tick()
    assert agent.version == "2026.2"


async def test_a_persons_choice_is_not_overruled_by_the_offer_it_was_made_against(agent):
    card = await agent.offer("2026.2")
    use(agent.store, name="rules", key=agent.key, check=TestModel, now=NOW)
    await agent.tick()
    assert (agent.version, agent.models.report().candidate) == (None, None)
    assert not agent.models.wants(card)
    await agent.offer("2026.3")
    assert agent.models.report().candidate == "2026.3"


def test_a_version_that_is_not_here_cannot_be_used(agent):
    with pytest.raises(ModelError, match=r"no model '2026\.9' is here; there are shipped, rules"):
        use(agent.store, name="2026.9", key=agent.key, check=TestModel, now=NOW)
    assert agent.store.written_at() is None


async def test_a_tampered_file_cannot_be_used_by_hand_and_is_named(agent, tmp_path):
    await agent.offer("2026.2")
    file = tmp_path / "models" / "2026.2.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"model 2026\.2 was changed: its SHA-256"):
        use(agent.store, name="2026.2", key=agent.key, check=TestModel, now=NOW)
    assert "was changed" in agent.lines()["2026.2"].signature


async def test_a_newer_offer_takes_the_place_of_the_one_on_trial(agent):
    await agent.offer("2026.2")
    await agent.offer("2026.3")
    assert agent.models.report().candidate == "2026.3"
    assert agent.lines()["2026.2"].state == "ready"


async def test_files_nobody_goes_back_to_are_deleted(agent, tmp_path):
    for number in range(2, 12):
        await agent.offer(f"2026.{number}")
    files = {file.stem for file in (tmp_path / "models").glob("*.onnx")}
    assert len(files) <= 4
    assert "2026.11" in files
    assert agent.lines()["2026.2"].signature == "file gone"


async def test_the_nights_count_for_a_trial_and_a_pause_of_weeks_does_not(tmp_path):
    agent = await begun(tmp_path, limits=replace_hours(30.0))
    await agent.offer("2026.2")
    agent.look(10)
    agent.windows += 14 * 60  # a night
    agent.look(10)
    agent.windows += 60 * 24 * 20  # nobody home
    agent.look(10)
    assert agent.models.report().candidate_hours == pytest.approx(14.5, abs=0.1)


def replace_hours(hours):
    return LIMITS._replace(shadow_hours=hours)


def test_an_interrupted_write_leaves_the_record_as_it_was(tmp_path):
    store = Store(tmp_path / "models")
    store.change(lambda one: msgspec.structs.replace(one, offered="1"))
    (tmp_path / "models" / ".record.json.new").write_bytes(b"half")
    assert store.read().offered == "1"
    store.change(lambda one: msgspec.structs.replace(one, offered="2"))
    assert store.read().offered == "2"
    assert not (tmp_path / "models" / ".record.json.new").exists()
