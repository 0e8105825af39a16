"""Ingest by HTTP: signed segments, JSON with a token, and what is refused."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.enrollment import create_enrollment
from collector.queries.gateways import revoke_gateway
from collector.roles import Role
from integration.collector.api.apps import running
from integration.collector.bodies import body, readings, segment
from shared.segments import CONTENT_TYPE
from shared.signing import sign

JSON = {"Content-Type": "application/json"}


def reading(**changes):
    stamp = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
    return {
        "panel_id": "PANEL-001",
        "timestamp": stamp,
        "temperature_celsius": 25.3,
        "voltage_volts": 48.2,
        "current_amperes": 8.5,
        "power_output_watts": 409.7,
        **changes,
    }


class Gateway:
    def __init__(self, client, database):
        self.client = client
        self.database = database
        self.key = Ed25519PrivateKey.generate()
        self.id = None

    @property
    def public_key(self):
        return base64.urlsafe_b64encode(self.key.public_key().public_bytes_raw()).decode()[:43]

    async def enroll(self, token, *, key=None):
        return await self.client.post(
            "/api/enroll", json={"token": token, "public_key": key or self.public_key}
        )

    async def upload(self, data, *, now=None, key=None, signed=None, gateway=None, **headers):
        token = sign(
            data if signed is None else signed,
            key=key or self.key,
            gateway=gateway or self.id,
            now=now or datetime.now(UTC),
        )
        headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE, **headers}
        return await self.client.post("/api/ingest", content=data, headers=headers)


@pytest.fixture
async def enrollment(database, sites, now):
    assert "alpha" in sites
    token, _ = await create_enrollment(database, site="alpha", lifetime=timedelta(days=7), now=now)
    return token


@pytest.fixture
async def gateway(client, database, enrollment):
    gateway = Gateway(client, database)
    gateway.id = (await gateway.enroll(enrollment)).json()["gateway_id"]
    return gateway


@pytest.fixture
def data(now):
    return body(segment(readings(start=now - timedelta(minutes=1))))


async def test_an_enrolled_gateways_segment_is_stored_once_however_often_it_is_sent(
    gateway, data, rows
):
    first = await gateway.upload(data)
    again = await gateway.upload(data)
    assert first.status_code == again.status_code == 200
    assert (first.json()["accepted"], again.json()["accepted"]) == (20, 0)
    assert first.json()["segments"][0]["status"] == "stored"
    assert again.json()["segments"][0]["status"] == "duplicate"
    assert rows("SELECT count(*) FROM reading WHERE site = 'alpha'") == [(20,)]


async def test_a_signature_for_another_body_by_another_key_or_of_nobody_is_refused_alike(
    gateway, data, rows
):
    answers = [
        await gateway.upload(data, signed=b"another"),
        await gateway.upload(data, key=Ed25519PrivateKey.generate()),
        await gateway.upload(data, gateway="gw-nobody"),
        await gateway.upload(data, gateway="\0"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert rows("SELECT count(*) FROM reading_raw") == [(0,)]


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_gateway_with_a_wrong_clock_is_told_the_time(gateway, data, now, hours):
    answer = await gateway.upload(data, now=now + timedelta(hours=hours))
    problem = answer.json()
    assert answer.status_code == 401
    assert problem["type"] == "https://heliograph.dev/problems/clock"
    assert problem["title"] == "clock"
    corrected = datetime.fromisoformat(problem["server_time"])
    assert (await gateway.upload(data, now=corrected)).status_code == 200


async def test_a_wrong_clock_of_a_forged_token_is_not_told_apart(gateway, data, now):
    stranger = Ed25519PrivateKey.generate()
    answer = await gateway.upload(data, key=stranger, now=now + timedelta(hours=5))
    assert answer.json()["title"] == "unauthorized"


async def test_a_revoked_gateway_is_refused_and_cannot_enrol_again(
    gateway, database, enrollment, data, now
):
    await revoke_gateway(database, gateway=gateway.id, now=now)
    assert (await gateway.upload(data)).status_code == 401
    assert (await gateway.enroll(enrollment)).status_code == 403


async def test_enrolling_again_with_the_same_key_is_answered_again(gateway, enrollment):
    again = await gateway.enroll(enrollment)
    assert again.status_code == 200
    assert again.json()["gateway_id"] == gateway.id
    assert again.json()["site"] == "alpha"
    assert again.json()["server_time"].endswith("Z")


async def test_tokens_that_cannot_be_redeemed_are_refused_alike(
    client, gateway, database, enrollment, now
):
    expired, _ = await create_enrollment(
        database, site="alpha", lifetime=timedelta(seconds=1), now=now - timedelta(days=1)
    )
    other = Gateway(client, database)
    answers = [
        await other.enroll(enrollment),
        await other.enroll(expired),
        await other.enroll("he_" + "x" * 43),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1
    assert gateway.id


async def test_a_key_of_one_site_cannot_enrol_at_another(gateway, database, now):
    token, _ = await create_enrollment(database, site="beta", lifetime=timedelta(days=1), now=now)
    assert (await gateway.enroll(token)).status_code == 403


async def test_a_key_that_enrols_at_its_site_again_stays_the_same_gateway(gateway, database, now):
    token, _ = await create_enrollment(database, site="alpha", lifetime=timedelta(days=1), now=now)
    assert (await gateway.enroll(token)).json()["gateway_id"] == gateway.id


async def test_a_refused_enrolment_is_logged_by_address_and_without_the_token(gateway, caplog):
    assert (await gateway.enroll("he_guess")).status_code == 403

    (told,) = [one.getMessage() for one in caplog.records if one.name == "collector.api.enroll"]
    assert told.startswith("refused to enrol a gateway from 127.0.0.1: the enrolment token is not")
    assert "he_guess" not in caplog.text
    assert gateway.public_key not in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 3000,
        b'{"token": "x"}',
        b'{"token": "x", "public_key": "short"}',
        b'{"token": "x", "public_key": "\xff"}',
        json.dumps({"token": "x", "public_key": "A" * 43, "site": "beta"}).encode(),
    ],
)
async def test_an_enrolment_that_is_none_is_refused(client, sites, content):
    assert sites
    answer = await client.post("/api/enroll", content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.counts
async def test_failed_enrolments_are_bounded(client, database, sites):
    assert sites
    stranger = Gateway(client, database)
    answers = [await stranger.enroll("he_guess") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_json_is_judged_reading_by_reading(client, bearer, rows):
    posted = {"readings": [reading(), reading(power_output_watts="a lot"), reading(panel_id="P2")]}
    answer = await client.post("/api/ingest", json=posted, headers=bearer("ingest"))
    receipt = answer.json()
    assert answer.status_code == 200
    assert (receipt["accepted"], receipt["duplicates"]) == (2, 0)
    (rejection,) = receipt["rejected"]
    assert rejection["index"] == 1
    assert "power_output_watts" in rejection["reason"]
    assert rows("SELECT site, count(*) FROM reading GROUP BY 1") == [("alpha", 2)]


async def test_a_posted_reading_is_there_to_be_asked_for(client, bearer, get):
    await client.post("/api/ingest", json={"readings": [reading()]}, headers=bearer("ingest"))
    (row,) = (await get("/api/panels/PANEL-001/readings", interval="raw")).json()
    assert row["power_output_watts"] == 409.7
    sites = {site["site"]: site for site in (await get("/api/sites")).json()}
    assert sites["alpha"]["power_watts"] == 409.7


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"readings": 3}', b'{"lectures": []}', b"[" * 100_000, b"\xff\xfe"],
)
async def test_a_body_that_is_no_readings_is_refused_whole(client, bearer, content):
    answer = await client.post("/api/ingest", content=content, headers=JSON | bearer("ingest"))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_damaged_body_of_segments_is_refused_whole(gateway, data):
    assert (await gateway.upload(data[:-1])).status_code == 400
    assert (await gateway.upload(b"")).status_code == 400


async def test_a_token_posts_json_only(client, bearer, data):
    headers = bearer("ingest") | {"Content-Type": CONTENT_TYPE}
    answer = await client.post("/api/ingest", content=data, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Content-Type": "text/csv"}, CONTENT_TYPE),
        ({"Content-Type": ""}, "application/json"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "none"),
    ],
)
async def test_another_kind_of_body_is_refused_and_told_what_is_allowed(
    client, bearer, headers, named
):
    answer = await client.post("/api/ingest", content=b"{}", headers=bearer("ingest") | headers)
    assert answer.status_code == 415
    assert named in answer.json()["detail"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused(settings, bearer, announced):
    async def pieces():
        for _ in range(4):
            yield b" " * 1024

    async with running(replace(settings, max_body_bytes=2048)) as client:
        answer = await client.post(
            "/api/ingest",
            content=b" " * 4096 if announced else pieces(),
            headers=JSON | bearer("ingest"),
        )
    assert answer.status_code == 413
    assert "HELIOGRAPH_MAX_BODY_BYTES" in answer.json()["detail"]


@pytest.mark.counts
async def test_figures_count_what_came_in_and_name_no_site(client, bearer, gateway, data):
    await client.post("/api/ingest", json={"readings": [reading(), {}]}, headers=bearer("ingest"))
    await gateway.upload(data)
    figures = (await client.get("/metrics")).text
    assert 'heliograph_ingest_readings_total{verdict="accepted"} 21.0' in figures
    assert 'heliograph_ingest_readings_total{verdict="rejected"} 1.0' in figures
    assert 'heliograph_ingest_segments_total{status="stored"} 1.0' in figures
    assert "heliograph_commit_seconds_count 2.0" in figures
    assert "heliograph_commit_readings_sum 21.0" in figures
    assert 'route="/api/ingest",status="200"} ' in figures
    assert "alpha" not in figures


async def test_a_receipt_is_as_the_contract_names_it(gateway, data):
    receipt = msgspec.json.decode((await gateway.upload(data)).content)
    assert set(receipt) == {"accepted", "duplicates", "rejected", "segments"}
    assert set(receipt["segments"][0]) == {
        "stream",
        "first_seq",
        "last_seq",
        "status",
        "accepted",
        "duplicates",
        "rejected",
        "reason",
    }


async def test_a_receipt_carries_what_the_gateway_is_to_send_again_as_the_contract_names_it(
    gateway, data, client, bearer
):
    asked = await client.post(
        f"/api/gateways/{gateway.id}/resend",
        json={"from": "2026-06-01T00:00:00Z", "to": "2026-06-01T01:00:00Z"},
        headers=bearer(Role.OPERATOR),
    )
    receipt = msgspec.json.decode((await gateway.upload(data)).content)
    assert receipt["resend"] == [
        {
            "request": asked.json()["request"],
            "from": "2026-06-01T00:00:00Z",
            "to": "2026-06-01T01:00:00Z",
        }
    ]


async def test_a_gateway_is_listed_with_what_it_sent(gateway, data, get):
    await gateway.upload(data)
    (row,) = (await get("/api/gateways")).json()
    assert (row["gateway_id"], row["site"], row["accepted"]) == (gateway.id, "alpha", 20)
    detail = (await get(f"/api/gateways/{gateway.id}")).json()
    assert detail["streams"][0]["outstanding"] == 0
    assert (await get("/api/gateways/gw-none")).status_code == 404
