"""Who may do what, on every route there is."""

import asyncio
from datetime import timedelta

import pytest

from collector.roles import Access, Role
from collector.tokens import create_token, list_tokens, revoke_token

PEOPLE = {Role.VIEWER, Role.OPERATOR, Role.ADMIN}
# What each route asks; a route that is not here, or one here that is gone, fails the first test.
ROUTES = {
    ("POST", "/api/ingest"): Access.INGEST,
    ("POST", "/api/enroll"): Access.PUBLIC,
    ("GET", "/api/export"): Access.VIEWER,
    ("GET", "/api/fleet"): Access.VIEWER,
    ("GET", "/api/sites"): Access.VIEWER,
    ("GET", "/api/sites/{site}"): Access.VIEWER,
    ("GET", "/api/sites/{site}/panels"): Access.VIEWER,
    ("GET", "/api/sites/{site}/series"): Access.VIEWER,
    ("GET", "/api/panels/{panel_id}/readings"): Access.VIEWER,
    ("GET", "/api/panels/{panel_id}/efficiency"): Access.VIEWER,
    ("GET", "/api/panels/{panel_id}/windows"): Access.VIEWER,
    ("GET", "/api/alerts/recent"): Access.VIEWER,
    ("GET", "/api/alerts/{alert_id}"): Access.VIEWER,
    ("POST", "/api/alerts/actions"): Access.OPERATOR,
    ("POST", "/api/alerts/{alert_id}/acknowledge"): Access.OPERATOR,
    ("POST", "/api/alerts/{alert_id}/resolve"): Access.OPERATOR,
    ("POST", "/api/alerts/{alert_id}/reopen"): Access.OPERATOR,
    ("POST", "/api/alerts/{alert_id}/assign"): Access.OPERATOR,
    ("POST", "/api/alerts/{alert_id}/comment"): Access.OPERATOR,
    ("GET", "/api/search"): Access.VIEWER,
    ("GET", "/api/maintenance"): Access.VIEWER,
    ("POST", "/api/maintenance"): Access.OPERATOR,
    ("DELETE", "/api/maintenance/{maintenance_id}"): Access.OPERATOR,
    ("GET", "/api/live"): Access.VIEWER,
    ("GET", "/api/gateways"): Access.VIEWER,
    ("GET", "/api/gateways/{gateway_id}"): Access.VIEWER,
    ("POST", "/api/gateways/{gateway_id}/resend"): Access.OPERATOR,
    ("GET", "/api/models"): Access.MODELS,
    ("GET", "/api/models/{version}"): Access.MODELS,
    ("POST", "/session"): Access.PUBLIC,
    ("DELETE", "/session"): Access.PUBLIC,
    ("GET", "/health/live"): Access.PUBLIC,
    ("GET", "/health/ready"): Access.PUBLIC,
    ("GET", "/metrics"): Access.PUBLIC,
    ("GET", "/openapi.json"): Access.PUBLIC,
    ("GET", "/docs"): Access.PUBLIC,
    ("GET", "/docs/docs.js"): Access.PUBLIC,
    ("GET", "/docs/{path}"): Access.PUBLIC,
    ("GET", "/"): Access.PAGE,
    ("GET", "/alerts"): Access.PAGE,
    ("GET", "/alerts/{alert_id}"): Access.PAGE,
    ("GET", "/gateways"): Access.PAGE,
    ("GET", "/gateways/{gateway}"): Access.PAGE,
    ("GET", "/sign-in"): Access.PAGE,
    ("GET", "/sites/{site}"): Access.PAGE,
    ("GET", "/sites/{site}/panels/{panel}"): Access.PAGE,
}
GUARDED = [route for route, asked in ROUTES.items() if asked not in {Access.PUBLIC, Access.PAGE}]
ALLOWED = {
    Access.VIEWER: PEOPLE,
    Access.OPERATOR: {Role.OPERATOR, Role.ADMIN},
    Access.INGEST: {Role.INGEST},
    Access.MODELS: PEOPLE,
}
ARGUMENTS = {
    "site": "alpha",
    "panel_id": "PANEL-001",
    "alert_id": "1",
    "gateway_id": "gw-1",
    "version": "2026.11.1",
    "maintenance_id": "1",
}
# A stream would not end; a site that is not there is told so instead.
QUERIES = {"/api/live": "?site=nowhere", "/api/search": "?q=alpha"}


def methods_and_paths(app):
    for route in app.routes:
        path = route.path_format
        if not path.startswith("/static"):
            for method in route.methods - {"OPTIONS", "HEAD"}:
                yield method, path.rstrip("/") or "/"


async def test_every_route_is_in_the_matrix(client):
    assert set(methods_and_paths(client.app)) == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_a_route_serves_the_roles_that_are_enough_and_no_other(client, bearer, method, path):
    address = path.format(**ARGUMENTS) + QUERIES.get(path, "")
    for role in (*PEOPLE, Role.INGEST):
        answer = await client.request(method, address, headers=bearer(role))
        if role in ALLOWED[ROUTES[method, path]]:
            assert answer.status_code not in {401, 403}, (role, answer.text)
        else:
            assert answer.status_code == 403
            assert answer.json()["title"] == "forbidden"


@pytest.mark.parametrize(
    ("path", "role", "named"),
    [
        ("/api/alerts/1/resolve", Role.VIEWER, "role viewer; allowed is operator or admin"),
        ("/api/ingest", Role.ADMIN, "role admin; allowed is ingest or a gateway"),
    ],
)
async def test_who_may_not_is_told_their_role_and_who_may(client, bearer, path, role, named):
    answer = await client.post(path, headers=bearer(role))
    assert (answer.status_code, named in answer.json()["detail"]) == (403, True), answer.text
    for headers in ({}, {"Authorization": "Bearer hg_" + "x" * 43}):
        stranger = await client.post(path, headers=headers)
        assert (stranger.status_code, "allowed" in stranger.text) == (401, False)


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_without_a_token_a_route_says_only_that_one_is_needed(client, sites, method, path):
    assert sites
    answer = await client.request(method, path.format(**ARGUMENTS))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="heliograph"'
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"), [route for route, asked in ROUTES.items() if asked is Access.PUBLIC]
)
async def test_a_public_route_never_asks_for_a_token(client, method, path):
    answer = await client.request(method, path.format(path="x"))
    assert answer.status_code != 401


async def test_unknown_revoked_and_expired_tokens_get_the_same_answer(
    client, database, bearer, now
):
    expired, _ = await create_token(
        database, name="old", role=Role.ADMIN, site=None, expires_at=now - timedelta(seconds=1)
    )
    revoked = bearer(Role.ADMIN)
    assert (await client.get("/api/sites", headers=revoked)).status_code == 200
    number = next(t.token_id for t in await list_tokens(database) if t.name == "the admin")
    await revoke_token(database, token_id=number, now=now)
    async with asyncio.timeout(30):
        while (await client.get("/api/sites", headers=revoked)).status_code == 200:  # noqa: ASYNC110 - it is forgotten, nobody says so
            await asyncio.sleep(0.05)
    answers = [
        await client.get("/api/sites", headers=headers)
        for headers in (
            revoked,
            {"Authorization": f"Bearer {expired}"},
            {"Authorization": "Bearer hg_" + "x" * 43},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Bearer a.b.c"},
            {"Authorization": "Basic dXNlcjpwYXNz"},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["www-authenticate"] for answer in answers}) == 1


async def test_a_token_is_kept_as_its_hash_only(tokens, rows):
    kept = rows("SELECT name, token_hash, role FROM api_token")
    assert len(kept) == 4
    assert all(token.encode() not in bytes(row[1]) for token in tokens.values() for row in kept)


async def test_every_answer_keeps_the_browser_within_this_origin(client, bearer):
    for path in ("/", "/docs", "/api/sites", "/nothing", "/health/live"):
        answer = await client.get(path, headers=bearer(Role.VIEWER))
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert len(answer.headers.get_list("content-security-policy")) == 1


@pytest.mark.parametrize("path", ["/api/panels/a%00b/readings", "/api/panels/a/readings?site=%00"])
async def test_a_nul_character_is_refused_before_it_reaches_the_database(client, bearer, path):
    answer = await client.get(path, headers=bearer(Role.VIEWER))
    assert answer.status_code == 400


async def test_a_wrong_method_names_those_that_are_possible(client):
    answer = await client.delete("/api/sites")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "GET" in answer.json()["detail"]


async def test_a_wrong_address_leads_to_the_documentation(client):
    answer = await client.get("/api/nothing")
    assert answer.status_code == 404
    assert "/docs" in answer.json()["detail"]
