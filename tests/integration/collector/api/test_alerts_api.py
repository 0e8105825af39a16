"""Dealing with alerts, and planned work."""

from datetime import timedelta

import pytest

from collector.roles import Role


@pytest.fixture
def alert(rows, sites, now):
    (number,) = rows(
        "INSERT INTO alert (site_key, panel_key, alert_type, severity, episode, raised_at, "
        "last_seen_at, title, recommendation) SELECT %s, panel_key, 'over_temperature', 'high', "
        "'e', %s, %s, 'T', 'R' FROM panel WHERE panel = 'PANEL-001' RETURNING alert_key",
        sites["alpha"],
        now,
        now,
    )[0]
    return number


@pytest.fixture
def act(client, bearer):
    """`act(path, body)`: posts as an operator and returns the answer."""

    async def act(path, body=None, *, role=Role.OPERATOR):
        return await client.post(path, json=body, headers=bearer(role))

    return act


async def test_who_did_what_when_is_kept(act, get, alert):
    path = f"/api/alerts/{alert}"
    await act(f"{path}/acknowledge")
    await act(f"{path}/assign", {"to": "mara"})
    await act(f"{path}/comment", {"text": "on my way"})
    await act(f"{path}/resolve", {"cause": "fixed", "note": "new diode"})
    await act(f"{path}/reopen", {"note": "not quite"})

    found = (await get(path)).json()
    assert [(one["action"], one["by"], one["note"]) for one in found["history"]] == [
        ("acknowledged", "the operator", None),
        ("assigned", "the operator", "mara"),
        ("commented", "the operator", "on my way"),
        ("resolved", "the operator", "new diode"),
        ("reopened", "the operator", "not quite"),
    ]
    kept = found["alert"]
    assert (kept["state"], kept["assigned_to"]) == ("open", "mara")
    assert (kept["resolved_by"], kept["acknowledged_by"]) == (None, None)
    assert found["times_in_30_days"] == 1


@pytest.fixture
def alerts(rows, sites, now):
    """Five alerts of alpha, two of them raised at the same time."""
    return [
        rows(
            "INSERT INTO alert (site_key, alert_type, severity, episode, raised_at, last_seen_at, "
            "title, recommendation) VALUES (%s, %s, 'high', %s, %s, %s, 'T', 'R') "
            "RETURNING alert_key",
            *(sites["alpha"], f"type-{number}", f"e-{number}"),
            *(now - timedelta(hours=min(number, 3)), now),
        )[0][0]
        for number in range(5)
    ]


async def test_many_are_dealt_with_at_once_and_one_that_cannot_be_hinders_no_other(
    act, get, alerts
):
    await act(f"/api/alerts/{alerts[1]}/resolve")
    body = {"action": "resolve", "cause": "fixed", "note": "storm"}
    answer = await act(
        "/api/alerts/actions", body | {"alert_ids": [*alerts[:3], 99_999, alerts[0]]}
    )

    assert answer.status_code == 200
    found = answer.json()
    assert [one["id"] for one in found["done"]] == [alerts[0], alerts[2]]
    assert {one["resolve_cause"] for one in found["done"]} == {"fixed"}
    assert [(one["id"], one["status"]) for one in found["refused"]] == [
        (alerts[1], 409),
        (99_999, 404),
    ]
    history = (await get(f"/api/alerts/{alerts[2]}")).json()["history"]
    assert [(one["action"], one["by"], one["note"]) for one in history] == [
        ("resolved", "the operator", "storm")
    ]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"action": "resolve", "alert_ids": []}, "length >= 1"),
        ({"action": "resolve", "alert_ids": list(range(1, 502))}, "length <= 500"),
        ({"action": "delete", "alert_ids": [1]}, "'delete'"),
        ({"action": "delete", "alert_ids": [1]}, "acknowledge, resolve, reopen, assign, comment"),
        ({"action": "acknowledge", "alert_ids": [1], "cause": "fixed"}, "cause"),
        ({"action": "assign", "alert_ids": [1], "text": "x"}, "to (a text of 1 to 200 characters"),
        ({"action": "comment", "alert_ids": [1]}, "text"),
        ({"action": "assign", "alert_ids": [0], "to": "mara"}, "alert_ids"),
    ],
)
async def test_a_bad_action_for_many_is_told_what_is_allowed(act, alert, body, named):
    answer = await act("/api/alerts/actions", body)
    assert (answer.status_code, named in answer.json()["detail"]) == (400, True), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert alert


async def test_alerts_come_in_pages_that_meet_also_where_times_are_the_same(
    get, client, bearer, alerts
):
    found, path = [], "/api/alerts/recent?limit=2&state=open"
    while path:
        page = await client.get(path, headers=bearer(Role.VIEWER))
        found += [one["id"] for one in page.json()]
        path = page.headers.get("link", "").partition(">")[0].lstrip("<")
        assert len(page.json()) == 2 or not path
    assert found == [*alerts[:3], alerts[4], alerts[3]]


async def test_a_cause_is_kept_with_what_is_resolved(act, alert):
    closed = await act(f"/api/alerts/{alert}/resolve", {"cause": "false_alarm"})
    assert closed.json()["resolve_cause"] == "false_alarm"


async def test_the_history_keeps_the_cause_of_each_end(act, get, alert):
    path = f"/api/alerts/{alert}"
    await act(f"{path}/resolve", {"cause": "fixed"})
    await act(f"{path}/reopen")
    await act(f"{path}/resolve", {"cause": "false_alarm"})

    history = (await get(path)).json()["history"]
    assert [(one["action"], one["cause"]) for one in history] == [
        ("resolved", "fixed"),
        ("reopened", None),
        ("resolved", "false_alarm"),
    ]


@pytest.mark.parametrize("action", ["acknowledge", "resolve", "assign"])
async def test_what_is_resolved_cannot_be_dealt_with_and_says_so(act, alert, action):
    await act(f"/api/alerts/{alert}/resolve")
    answer = await act(f"/api/alerts/{alert}/{action}", {"to": "x"} if action == "assign" else None)
    assert (answer.status_code, answer.json()["title"]) == (409, "already resolved")


async def test_what_is_open_cannot_be_reopened(act, alert):
    answer = await act(f"/api/alerts/{alert}/reopen")
    assert (answer.status_code, answer.json()["title"]) == (409, "not resolved")


async def test_one_is_not_reopened_beside_another_of_its_kind(act, alert, rows):
    await act(f"/api/alerts/{alert}/resolve")
    (other,) = rows(
        "INSERT INTO alert (site_key, panel_key, alert_type, severity, episode, raised_at, "
        "last_seen_at, title, recommendation) SELECT site_key, panel_key, alert_type, severity, "
        "'f', raised_at, last_seen_at, 'T', 'R' FROM alert RETURNING alert_key"
    )[0]
    answer = await act(f"/api/alerts/{alert}/reopen")
    assert answer.status_code == 409
    assert f"alert {other} " in answer.json()["detail"]


@pytest.mark.parametrize(
    ("action", "body", "named"),
    [
        ("resolve", {"cause": "bored"}, "bored"),
        ("resolve", {"cause": "bored"}, "fixed, false_alarm, natural_shade, other"),
        ("acknowledge", {"note": "x"}, "an object without fields"),
        ("assign", {}, "to"),
        ("comment", {"text": ""}, "length"),
        ("comment", {"text": "a\0b"}, "NUL"),
        ("comment", {"words": "x"}, "text"),
    ],
)
async def test_a_bad_body_is_told_what_is_allowed(act, alert, action, body, named):
    answer = await act(f"/api/alerts/{alert}/{action}", body)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/api/alerts/1/comment", "/api/alerts/1/reopen", "/api/maintenance"]
)
async def test_a_viewer_only_looks(act, path):
    assert (await act(path, {}, role=Role.VIEWER)).status_code == 403


async def test_planned_work_is_entered_listed_and_cancelled(act, get, client, bearer, sites, now):
    assert sites
    end = (now + timedelta(hours=2)).isoformat()
    wanted = {"site": "alpha", "panel_id": "PANEL-001", "to": end, "why": "cleaning"}
    made = await act("/api/maintenance", wanted | {"from": now.isoformat()})
    assert made.status_code == 201
    assert (made.json()["panel_id"], made.json()["created_by"]) == ("PANEL-001", "the operator")
    assert (await get("/api/maintenance", site="alpha")).json() == [made.json()]

    path = f"/api/maintenance/{made.json()['id']}"
    gone = [await client.delete(path, headers=bearer(Role.OPERATOR)) for _ in range(2)]
    assert [answer.status_code for answer in gone] == [204, 404]
    assert (await get("/api/maintenance")).json() == []


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"site": "alfa"}, 404, "alpha"),
        ({"panel_id": "PANEL-01"}, 404, "PANEL-001"),
        ({"from": "yesterday"}, 400, "RFC 3339"),
        ({"to": "2026-01-01T00:00:00Z"}, 400, "a from before the to"),
    ],
)
async def test_planned_work_that_cannot_be_is_told_what_is_allowed(
    act, sites, now, changes, status, named
):
    assert sites
    wanted = {
        "site": "alpha",
        "from": now.isoformat(),
        "to": (now + timedelta(hours=1)).isoformat(),
        "why": "cleaning",
    }
    answer = await act("/api/maintenance", wanted | changes)
    assert answer.status_code == status
    assert named in answer.json()["detail"]
