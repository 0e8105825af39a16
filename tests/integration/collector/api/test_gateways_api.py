"""Gateways by HTTP: their accounts, and asking them to send again."""

from datetime import timedelta

import pytest

from collector.roles import Role
from integration.collector.bodies import add_gateway

DAY = "2026-06-01T00:00:00Z"
HOUR = "2026-06-01T01:00:00Z"


@pytest.fixture
def gateway(postgres_url, sites):
    add_gateway(postgres_url, site="alpha", gateway="gw-1")
    return "gw-1"


@pytest.fixture
def resend(client, bearer, gateway):
    async def resend(body, *, role=Role.OPERATOR, to=gateway):
        path = f"/api/gateways/{to}/resend"
        return await client.post(path, json=body, headers=bearer(role))

    return resend


async def test_a_request_to_send_again_is_accepted_and_shown_with_the_gateway(resend, get, gateway):
    answer = await resend({"from": DAY, "to": HOUR})

    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["from"], asked["to"], asked["asked_by"]) == (DAY, HOUR, "the operator")
    assert asked["delivered_at"] is asked["answered_at"] is asked["held_rows"] is None
    detail = (await get(f"/api/gateways/{gateway}")).json()
    assert detail["resends"] == [asked]
    assert detail["gateway"]["open_resends"] == 1
    assert (await get("/api/gateways")).json() == [detail["gateway"]]
    site = detail["gateway"]["site"]
    assert (await get("/api/gateways", site=site)).json() == [detail["gateway"]]
    assert (await get("/api/gateways", site="beta")).json() == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"from": HOUR, "to": DAY}, "allowed is a from before the to"),
        ({"from": DAY, "to": DAY}, "allowed is a from before the to"),
        ({"from": DAY}, "missing required field `to`"),
        ({"from": DAY, "to": "soon"}, "to is 'soon', allowed is RFC 3339"),
        ({"from": "2026-06-01T00:00:00", "to": HOUR}, "RFC 3339 with a zone"),
        ({"from": "1950-06-01T00:00:00Z", "to": HOUR}, "allowed is 1970"),
        ({"from": DAY, "to": HOUR, "rows": 1}, "unknown field `rows`"),
        ([], "Expected `object`"),
    ],
)
async def test_a_range_that_cannot_be_is_refused_with_what_is_allowed(resend, body, told):
    answer = await resend(body)
    assert answer.status_code == 400
    assert told in answer.json()["detail"]


async def test_the_future_cannot_be_asked_for(resend, now):
    answer = await resend({"from": DAY, "to": (now + timedelta(minutes=5)).isoformat()})
    assert answer.status_code == 400
    assert "in the future" in answer.json()["detail"]
    assert (await resend({"from": DAY, "to": now.isoformat()})).status_code == 202


async def test_an_unknown_gateway_and_a_full_one_say_so(resend, rows):
    assert (await resend({"from": DAY, "to": HOUR}, to="gw-none")).status_code == 404
    rows(
        "INSERT INTO resend_request (gateway_key, from_at, to_at, asked_at, asked_by) "
        "SELECT gateway_key, to_timestamp(n), to_timestamp(n + 1), now(), '' "
        "FROM gateway, generate_series(1, 10) AS n"
    )
    answer = await resend({"from": DAY, "to": HOUR})
    assert (answer.status_code, answer.json()["title"]) == (409, "too many requests open")


async def test_a_viewer_may_not_ask(resend):
    assert (await resend({"from": DAY, "to": HOUR}, role=Role.VIEWER)).status_code == 403


async def test_the_accounts_fields_are_described(client):
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    for name in ("Gateway", "GatewayState", "Stream", "Lost", "DeclaredLoss", "Resend"):
        described = {
            field: "description" in one for field, one in schemas[name]["properties"].items()
        }
        assert all(described.values()), (name, described)
    assert {"from", "to"} <= set(schemas["DeclaredLoss"]["properties"])
