"""Models: what an operator adds, gateways are told of, and fetch in pieces."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from collector.api.models import range_of
from collector.cli.commands import app
from collector.enrollment import create_enrollment
from collector.errors import ProblemError
from collector.roles import Role
from programs.onnx_files import onnx_file
from shared.model_card import ModelCard, key_of
from shared.signing import sign

FILE = onnx_file("2026.11.1", size=10_000)


class Gateway:
    def __init__(self, client, *, site):
        self.client = client
        self.site = site
        self.key = Ed25519PrivateKey.generate()

    async def enroll(self, database):
        now = datetime.now(UTC)
        token, _ = await create_enrollment(
            database, site=self.site, lifetime=timedelta(days=1), now=now
        )
        raw = base64.urlsafe_b64encode(self.key.public_key().public_bytes_raw()).decode()[:43]
        answer = await self.client.post("/api/enroll", json={"token": token, "public_key": raw})
        self.id, self.model_key = answer.json()["gateway_id"], answer.json()["model_key"]
        return self

    async def get(self, path, **headers):
        token = sign(b"", key=self.key, gateway=self.id, now=datetime.now(UTC))
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}", **headers})


@pytest.fixture
async def gateway(client, database, sites):
    assert "alpha" in sites
    return await Gateway(client, site="alpha").enroll(database)


@pytest.fixture
def collector(postgres_url):
    async def run(*arguments):
        settings = {"HELIOGRAPH_DATABASE_URL": postgres_url}
        words = ["model", *map(str, arguments)]  # a command has a loop of its own
        return await asyncio.to_thread(CliRunner().invoke, app, words, env=settings)

    return run


@pytest.fixture
def added(collector, tmp_path):
    """`await added(data, offered=True)`: adds a file and offers it."""

    async def add(data=FILE, *, offered=True):
        file = tmp_path / "some.onnx"
        file.write_bytes(data)
        done = await collector("add", file, "--json")
        assert done.exit_code == 0, done.stderr
        version = json.loads(done.stdout)["version"]
        if offered:
            assert (await collector("offer", version)).exit_code == 0
        return version

    return add


async def test_what_is_offered_is_vouched_for_by_the_key_that_enrolment_told(gateway, added):
    await added()
    told = (await gateway.get("/api/models")).json()
    assert told["model_key"] == gateway.model_key
    assert told["models"] == []  # for a narrow link
    card = msgspec.convert(told["offered"], ModelCard)
    card.verify(key_of(gateway.model_key))
    file = await gateway.get(f"/api/models/{card.version}")
    assert (file.status_code, file.content) == (200, FILE)
    card.check(file.content)


async def test_pieces_put_together_are_the_file(gateway, added):
    await added()
    pieces, size = [], 3_000
    for start in range(0, len(FILE), size):
        answer = await gateway.get(
            "/api/models/2026.11.1", Range=f"bytes={start}-{start + size - 1}"
        )
        assert answer.status_code == 206
        end = min(start + size, len(FILE)) - 1
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(FILE)}"
        pieces.append(answer.content)
    assert b"".join(pieces) == FILE


async def test_the_rest_of_another_file_is_never_given(gateway, added):
    await added()
    etag = (await gateway.get("/api/models/2026.11.1")).headers["etag"]
    ours = {"Range": "bytes=9000-"}
    same = await gateway.get("/api/models/2026.11.1", **ours, **{"If-Range": etag})
    assert (same.status_code, same.content) == (206, FILE[9000:])
    other = await gateway.get("/api/models/2026.11.1", **ours, **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, FILE)


async def test_a_piece_after_the_end_is_a_problem_that_says_what_is_allowed(gateway, added):
    await added()
    answer = await gateway.get("/api/models/2026.11.1", Range="bytes=99999-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILE)}"
    assert f"allowed is within bytes 0 to {len(FILE) - 1}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("header", "piece"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=90-", (90, 10)),
        ("bytes=90-1000", (90, 10)),
        ("bytes=-10", (90, 10)),
        ("bytes=-1000", (0, 100)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
    ],
)
def test_a_range_means_what_rfc_9110_says(header, piece):
    assert range_of(header, size=100) == piece


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_of_the_file_is_refused(header):
    with pytest.raises(ProblemError, match="allowed is within bytes 0 to 99"):
        range_of(header, size=100)


async def test_a_site_may_try_a_model_before_the_others(
    client, database, gateway, added, collector
):
    await added()
    await added(onnx_file("2026.12.1"), offered=False)
    assert (await collector("offer", "2026.12.1", "--site", "alpha")).exit_code == 0
    beta = await Gateway(client, site="beta").enroll(database)

    async def offered(one):
        return (await one.get("/api/models")).json()["offered"]["version"]

    assert (await offered(gateway), await offered(beta)) == ("2026.12.1", "2026.11.1")
    listed = json.loads((await collector("list", "--json")).stdout)
    assert [(one["version"], one["offered_sites"]) for one in listed] == [
        ("2026.12.1", ["alpha"]),
        ("2026.11.1", []),
    ]
    withdrawn = json.loads((await collector("withdraw", "--site", "alpha", "--json")).stdout)
    assert withdrawn == {"withdrawn": "2026.12.1", "site": "alpha"}
    assert await offered(gateway) == "2026.11.1"
    assert (await collector("withdraw")).exit_code == 0
    assert (await gateway.get("/api/models")).json()["offered"] is None


async def test_a_version_is_one_file_for_ever(added, collector, tmp_path):
    await added()
    assert await added() == "2026.11.1"
    file = tmp_path / "other.onnx"
    file.write_bytes(onnx_file("2026.11.1", size=500))
    done = await collector("add", file)
    assert done.exit_code == 1
    assert "give the new one another version" in done.stderr


async def test_what_is_no_model_is_not_added(collector, tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(FILE[:-1])
    done = await collector("add", file)
    assert (done.exit_code, "no ONNX model, or cut short" in done.stderr) == (1, True)
    assert "cannot read" in (await collector("add", tmp_path / "missing.onnx")).stderr
    assert "no model is called '2026.1'" in (await collector("offer", "2026.1")).stderr


async def test_people_see_all_models_and_ingest_tokens_none(client, bearer, added):
    await added()
    for role in (Role.VIEWER, Role.ADMIN):
        told = (await client.get("/api/models", headers=bearer(role))).json()
        assert [one["version"] for one in told["models"]] == ["2026.11.1"]
        assert told["offered"]["version"] == "2026.11.1"
    answer = await client.get("/api/models", headers=bearer(Role.INGEST))
    assert answer.status_code == 403


async def test_a_gateway_that_was_not_enrolled_gets_nothing(client, sites, added):
    assert sites
    await added()
    stranger = Gateway(client, site="alpha")
    stranger.id = "gw-stranger"
    for path in ("/api/models", "/api/models/2026.11.1"):
        assert (await stranger.get(path)).status_code == 401


async def test_a_model_that_is_not_there_is_a_problem(gateway, added):
    await added()
    answer = await gateway.get("/api/models/2026.11.2")
    assert answer.status_code == 404
    assert answer.json()["nearest"] == ["2026.11.1"]
