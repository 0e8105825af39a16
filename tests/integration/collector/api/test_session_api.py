"""Sessions of the console: a cookie that is good for its own pages alone."""

import pytest

from collector.roles import Role
from collector.sessions import COOKIE
from collector.tokens import list_tokens, revoke_token
from integration.collector.api.apps import running

ALERT = "/api/alerts/1/acknowledge"


async def sign_in(client, token, **options):
    return await client.post("/session", json={"token": token}, **options)


async def test_a_session_stands_for_its_token_when_looking(client, tokens):
    answer = await sign_in(client, tokens[Role.ADMIN])
    assert answer.json() == {"name": "the admin", "role": "admin"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=hs_")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await client.get("/api/sites")).status_code == 200


async def test_a_session_changes_nothing_for_who_is_no_browser(client, tokens):
    await sign_in(client, tokens[Role.ADMIN])
    assert (await client.post(ALERT)).status_code == 401


async def test_a_session_ends_when_it_is_signed_out(client, tokens):
    await sign_in(client, tokens[Role.VIEWER])
    kept = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    answer = await client.delete("/session")
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await client.get("/api/sites", headers=kept)).status_code == 401


async def test_a_session_ends_with_its_token(client, tokens, database, now):
    await sign_in(client, tokens[Role.VIEWER])
    for token in await list_tokens(database):
        await revoke_token(database, token_id=token.token_id, now=now)
    assert (await client.get("/api/sites")).status_code == 401


@pytest.mark.parametrize(
    ("base_url", "secure"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:8000", False),
        ("https://heliograph.example", True),
        ("https://localhost", True),
    ],
)
async def test_the_cookie_is_secure_but_on_plain_loopback(settings, tokens, base_url, secure):
    async with running(settings, base_url=base_url) as client:
        answer = await sign_in(client, tokens[Role.VIEWER])
    assert ("Secure" in answer.headers["set-cookie"]) is secure


async def test_a_plain_address_whose_cookie_a_browser_would_drop_is_refused_with_the_reason(
    settings, tokens
):
    form = {"token": tokens[Role.VIEWER], "next": "/alerts"}
    async with running(settings, base_url="http://heliograph.example") as client:
        refused = await sign_in(client, tokens[Role.VIEWER])
        led = await client.post("/session", data=form)
        page = await client.get(led.headers["location"])
        proxied = await client.post("/session", data=form, headers={"Sec-Fetch-Site": "none"})
    assert (refused.status_code, refused.json()["title"]) == (403, "insecure address")
    assert "the console needs https, or 127.0.0.1" in refused.json()["detail"]
    assert led.headers["location"] == "/sign-in?failed=address&next_page=%2Falerts"
    assert "The console needs https, or 127.0.0.1" in page.text
    assert not {"set-cookie"} & {*refused.headers, *led.headers}
    assert "Secure" in proxied.headers["set-cookie"]


async def test_the_form_leads_back_to_where_one_came_from(client, tokens):
    form = {"token": tokens[Role.VIEWER], "next": "/sites/alpha"}
    answer = await client.post("/session", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/alpha")


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "x", "/a\r\nb"]
)
async def test_the_form_leads_to_no_other_origin(client, tokens, wanted):
    form = {"token": tokens[Role.VIEWER], "next": wanted}
    assert (await client.post("/session", data=form)).headers["location"] == "/"


async def test_the_form_says_that_a_token_was_not_accepted(client, tokens):
    assert tokens
    answer = await client.post("/session", data={"token": "hg_wrong", "next": "/alerts"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?failed=token&next_page=%2Falerts"
    assert "set-cookie" not in answer.headers


async def test_an_ingest_token_cannot_look(client, tokens):
    assert (await sign_in(client, tokens[Role.INGEST])).status_code == 401


async def test_another_site_cannot_sign_a_browser_in(client, tokens):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await sign_in(client, tokens[Role.VIEWER], headers=headers)).status_code == 403


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 2000, b'{"token": 3}'])
async def test_a_body_without_a_token_is_refused(client, content):
    assert (await client.post("/session", content=content)).status_code == 400


async def test_a_body_of_a_session_is_small(client):
    assert (await client.post("/session", content=b" " * 5000)).status_code == 413


async def test_refused_sign_ins_are_logged_by_address_and_without_the_token(client, tokens, caplog):
    await sign_in(client, "hg_guess")
    await sign_in(client, tokens[Role.INGEST])
    await sign_in(client, tokens[Role.VIEWER])

    told = [record.getMessage() for record in caplog.records if "sign in" in record.getMessage()]
    assert told == [
        "refused to sign in 127.0.0.1: its token is not known",
        "refused to sign in 127.0.0.1: a token of role ingest",
    ]
    assert "hg_" not in caplog.text


@pytest.mark.counts
async def test_failed_attempts_are_bounded(client, tokens):
    assert tokens
    answers = [await sign_in(client, "hg_guess") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) <= 61


async def test_too_many_failed_attempts_lead_a_form_back_with_the_reason(client, tokens):
    assert tokens
    answers = [await client.post("/session", data={"token": "hg_guess"}) for _ in range(11)]
    assert {answer.status_code for answer in answers} == {303}
    assert answers[-1].headers["location"] == "/sign-in?failed=attempts&next_page=%2F"
    assert "Too many failed attempts" in (await client.get(answers[-1].headers["location"])).text


async def test_failed_attempts_keep_out_neither_a_valid_token_nor_a_gateway(client, tokens):
    for _ in range(11):
        await sign_in(client, "hg_guess")
    assert (await sign_in(client, tokens[Role.VIEWER])).status_code == 200
    body = {"token": "he_guess", "public_key": "A" * 43}
    assert (await client.post("/api/enroll", json=body)).status_code == 403


async def test_an_open_console_gives_a_viewers_session_to_whoever_comes(open_client, sites):
    assert sites
    assert (await open_client.get("/api/sites")).status_code == 401
    page = await open_client.get("/")
    assert COOKIE in page.cookies
    assert (await open_client.get("/api/sites")).status_code == 200
    assert (await open_client.post(ALERT)).status_code == 401
    assert "set-cookie" not in (await open_client.get("/alerts")).headers


async def test_a_closed_console_gives_nothing(client):
    assert "set-cookie" not in (await client.get("/")).headers


async def test_closing_the_console_ends_the_sessions_it_gave(settings, open_client):
    await open_client.get("/")
    kept = {"Cookie": f"{COOKIE}={open_client.cookies[COOKIE]}"}
    async with running(settings) as closed:
        assert (await closed.get("/api/sites", headers=kept)).status_code == 401


@pytest.mark.counts
async def test_an_open_console_does_not_fill_the_database_for_a_client_without_cookies(
    open_client, rows
):
    for _ in range(35):
        open_client.cookies.clear()
        assert (await open_client.get("/")).status_code == 200
    assert rows("SELECT count(*) FROM console_session") == [(30,)]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Sec-Fetch-Site": "same-site"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({}, 401),
    ],
)
async def test_a_session_acts_from_the_consoles_own_pages_only(client, tokens, headers, status):
    await sign_in(client, tokens[Role.OPERATOR])
    answer = await client.post("/api/alerts/1/acknowledge", headers=headers)
    assert answer.status_code == status
