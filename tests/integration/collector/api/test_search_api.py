"""Search by HTTP: what is found, in which order, and what cannot be asked."""

import pytest

from integration.collector.bodies import add_gateway


@pytest.fixture
def found(get):
    """`found(q)`: kind, site and id of each hit."""

    async def found(text, **parameters):
        answer = await get("/api/search", q=text, **parameters)
        assert answer.status_code == 200, answer.text
        return [(hit["kind"], hit["site"], hit["id"]) for hit in answer.json()]

    return found


@pytest.fixture
def named(rows, sites, postgres_url):
    """More things whose names resemble each other; returns the id of an alert."""
    for site, panel in (("beta", "PANEL-001"), ("beta", "panel-00"), ("beta", "X-PANEL-00")):
        rows("INSERT INTO panel (site_key, panel) VALUES (%s, %s)", sites[site], panel)
    rows("INSERT INTO site (site, name) VALUES ('north-1', 'Old alpha, 100 %% sun')")
    add_gateway(postgres_url, site="alpha", gateway="gw-alpha")
    return rows(
        "INSERT INTO alert (site_key, alert_type, severity, episode, raised_at, last_seen_at, "
        "title, recommendation) VALUES (%s, 'site_down', 'high', 'e', now(), now(), 'No power', "
        "'R') RETURNING alert_key",
        sites["alpha"],
    )[0][0]


@pytest.mark.usefixtures("named")
async def test_the_exact_name_comes_before_those_that_begin_with_it_and_those_that_hold_it(found):
    assert await found("Panel-00") == [
        ("panel", "beta", "panel-00"),
        ("panel", "alpha", "PANEL-001"),
        ("panel", "beta", "PANEL-001"),
        ("panel", "alpha", "PANEL-002"),
        ("panel", "beta", "X-PANEL-00"),
    ]
    assert await found("ALPHA") == [
        ("site", "alpha", "alpha"),
        ("site", "north-1", "north-1"),
        ("gateway", "alpha", "gw-alpha"),
    ]


@pytest.mark.usefixtures("named")
async def test_a_slash_asks_for_panels_of_some_sites(found):
    assert await found("bet / 001") == [("panel", "beta", "PANEL-001")]
    assert await found("alpha/") == [
        ("panel", "alpha", "PANEL-001"),
        ("panel", "alpha", "PANEL-002"),
    ]
    assert await found("/panel-002") == [("panel", "alpha", "PANEL-002")]


async def test_an_alert_is_found_by_its_whole_id_and_each_hit_leads_to_its_page(get, named):
    async def hits(text):
        return [
            (hit["kind"], hit["label"], hit["path"])
            for hit in (await get("/api/search", q=text)).json()
        ]

    shown = [("alert", "No power", f"/alerts#alert-{named}")]
    assert await hits(f"#{named}") == shown
    assert [hit for hit in await hits(str(named)) if hit[0] == "alert"] == shown
    assert await hits("9" * 18) == await hits("9" * 100) == []
    assert (await hits("alpha"))[0] == ("site", "Alpha", "/sites/alpha")
    assert (await hits("gw-"))[0] == ("gateway", None, "/gateways/gw-alpha")
    assert (await hits("PANEL-002"))[0] == ("panel", None, "/sites/alpha/panels/PANEL-002")


@pytest.mark.usefixtures("named")
async def test_letters_that_mean_something_elsewhere_are_only_letters(found):
    assert await found("100 %") == [("site", "north-1", "north-1")]
    for text in ("%", "_", "panel_00", "'", "\\", ".*"):
        assert await found(text) == ([("site", "north-1", "north-1")] if text == "%" else [])


@pytest.mark.usefixtures("named")
async def test_no_more_hits_come_than_asked_for(found, rows):
    rows(
        "INSERT INTO panel (site_key, panel) SELECT site_key, 'many-' || n FROM site, "
        "generate_series(1, 60) AS n WHERE site = 'beta'"
    )
    assert len(await found("many")) == 20
    assert len(await found("many", limit=50)) == 50
    assert await found("many-7", limit=1) == [("panel", "beta", "many-7")]


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "'q'"),
        ({"q": ""}, "q is '', allowed is a text of 1 to 100 characters"),
        ({"q": "x" * 101}, "100"),
        ({"q": "  "}, "1 to 100 printable"),
        ({"q": "a\nb"}, "1 to 100 printable"),
        ({"q": "a\0"}, "NUL"),
        ({"q": "a", "limit": 0}, "limit"),
        ({"q": "a", "limit": 51}, "50"),
        ({"q": "a", "limit": "many"}, "limit"),
    ],
)
async def test_what_cannot_be_searched_for_is_refused_with_what_is_allowed(get, parameters, told):
    answer = await get("/api/search", **parameters)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


async def test_the_search_is_described(client):
    description = (await client.get("/openapi.json")).json()
    asked = {one["name"]: one for one in description["paths"]["/api/search"]["get"]["parameters"]}
    assert (asked["q"]["required"], asked["q"]["schema"]["maxLength"]) == (True, 100)
    assert asked["limit"]["schema"]["maximum"] == 50
    fields = description["components"]["schemas"]["Hit"]["properties"]
    assert all("description" in field for field in fields.values())
