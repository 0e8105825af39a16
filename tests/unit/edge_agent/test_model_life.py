"""Real models beside a real detector: tried on the same windows, used, and given up."""

import asyncio
from datetime import UTC, datetime
from importlib import resources

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.config import (
    BufferSettings,
    Config,
    IdentitySettings,
    SiteSettings,
    UploadSettings,
)
from edge_agent.detect import Model, RuleSettings, SiteDetector
from edge_agent.detect.settings import ModelSettings
from edge_agent.identity import Card, IdentityFiles, load_or_make_key, write_card
from edge_agent.model_life import ModelLife
from edge_agent.models import Store, models_folder
from edge_agent.models.by_hand import use
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from programs.onnx_files import with_metadata
from shared.alerts import from_micros
from shared.model_card import ModelCard, key_text
from shared.sky import Sky

FIRST = datetime(2026, 5, 10, 8, tzinfo=UTC)
SHIPPED = (resources.files("models") / "artifacts" / "faults.onnx").read_bytes()
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


def offered(version="2099.1", **metadata):
    data = with_metadata(SHIPPED, version=version, **metadata)
    return ModelCard.sign(data, version=version, key=KEY), data


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "identity.pem"
    load_or_make_key(path)
    write_card(path, Card("gw-1", "alpha", "http://c", key_text(KEY.public_key())))
    return Config(
        site=SiteSettings(id="alpha"),
        upload=UploadSettings(collector_url="http://c"),
        buffer=BufferSettings(path=tmp_path / "outbox.db"),
        identity=IdentitySettings(path=path),
        detect=RuleSettings(model=ModelSettings(shadow_hours=2.0)),
    )


@pytest.fixture
def life(config):
    """`life()`: the models of an agent, and its detector."""

    async def start():
        detector = SiteDetector(RuleSettings(), sky=Sky(47.4, 8.5))
        agent = ModelLife(config, detector=detector, identity=IdentityFiles(config.identity.path))
        assert detector.summary().model_version is None  # until it is loaded, rules alone
        await agent.begin()
        return agent, detector

    return start


async def test_a_model_is_tried_on_the_windows_of_a_site_and_then_used(life):
    agent, detector = await life()
    shipped = detector.summary().model_version
    assert agent.models.report().source == "shipped"
    card, data = offered()
    await agent.models.take(card, data=data, now=0.0)
    reports = []
    simulation = Simulation(Site(panels=6, name="unit"))
    for block in simulation.telemetry(FIRST, seconds=3 * 3_600.0, interval=60.0):
        if not len(block.readings):
            continue
        detector.look(block.readings, now=from_micros(int(block.readings.time_us.max())))
        reports.append(agent.models.report())
        await agent.models.tick(now=0.0)
        if detector.summary().model_version == card.version:
            break
    assert shipped is not None
    assert (reports[-1].in_use, reports[-1].candidate) == (shipped, card.version)
    assert reports[-1].candidate_hours >= 2.0
    assert reports[-1].agreement == 1.0  # they are the same, but for their names
    assert agent.models.report().in_use == card.version
    again, other = await life()
    assert other.summary().model_version == card.version
    assert again.models.report().source == "collector"


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"golden": '{"features": [], "probability": [], "novelty": []}'}, "golden"),
        ({"features": '["moonlight"]'}, "not known here"),
        ({"thresholds": "no json"}, "cannot be read"),
    ],
)
async def test_a_model_that_does_not_prove_itself_is_named_and_never_asked(life, metadata, words):
    agent, detector = await life()
    shipped = detector.summary().model_version
    card, data = offered(**metadata)
    await agent.models.take(card, data=data, now=0.0)
    trouble = agent.models.report().trouble
    assert card.version in trouble
    assert words in trouble
    assert detector.summary().model_version == shipped


async def test_orders_by_hand_are_seen_by_a_running_agent(life, config):
    agent, detector = await life()
    card, data = offered()
    await agent.models.take(card, data=data, now=0.0)
    watching = asyncio.create_task(agent.watch())
    store = Store(models_folder(config.buffer.path))
    use(store, name=card.version, key=KEY.public_key(), check=Model.load, now=1.0)
    async with asyncio.timeout(20):
        while detector.summary().model_version != card.version:  # noqa: ASYNC110 - no event of it
            await asyncio.sleep(0.01)
    watching.cancel()
    assert agent.models.report().candidate is None
