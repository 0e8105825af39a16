"""A browser, and the console served with canned answers of the JSON API."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
import pytest_asyncio
import uvicorn
from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from collector.console.pages import console_router
from collector.live.hub import Event, Hub
from programs.browser import ARGUMENTS, chromium

# What a page shows in a second on a quiet machine takes ten where eight tests run on two cores.
expect.set_options(timeout=20_000)

_PANEL_WATTS = 330.0


class Sky:
    """A clear day with clouds, at its noon whenever the tests run."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        hour = now.hour + now.minute / 60
        self.longitude = (12.3 - hour) * 15

    def watts(self, when: datetime, seed: float = 0.0) -> float:
        """Power of one panel, from the hours since this noon."""
        hours = (when - self.now) / timedelta(hours=1) % 24
        hours = hours - 24 if hours > 12 else hours
        height = max(0.0, math.cos(hours / 7 * math.pi / 2) if abs(hours) < 7 else 0.0)
        t = when.timestamp() / 60
        cloud = max(0.0, math.sin(t / 37 + seed) * math.sin(t / 11.3 + 2 * seed) - 0.35)
        return round(_PANEL_WATTS * 0.88 * height**1.2 * (1 - 0.9 * cloud), 1)


@dataclass
class Fleet:
    """What the canned API answers; tests change it while a page is open."""

    sky: Sky
    sites: list[dict[str, Any]] = field(default_factory=list)
    panels: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    hole: tuple[timedelta, timedelta] = (timedelta(minutes=150), timedelta(minutes=115))
    away: bool = False
    signed_in: bool = True
    hub: Hub = field(default_factory=Hub)
    streamless: bool = False
    methods: list[str | None] = field(default_factory=lambda: ["performance_ratio"])

    def tell(self, kind: str, site: str, **body: Any) -> None:
        """Let an event go out to the pages that look on."""
        self.hub.tell(Event(kind, site, {"site": site, **body}))

    def series(self, site: str, start: datetime, end: datetime, step: int) -> dict[str, Any]:
        """Columns of a site's power, with a hole in beta's."""
        scale = sum(p["power_watts"] for p in self.panels[site]) / self.sky.watts(
            self.sky.now, len(site)
        )
        seconds = range(int(start.timestamp()) // step * step, int(end.timestamp()), step)
        silent = self.sky.now - timedelta(minutes=26)
        newest = {"gamma": silent.timestamp()}.get(site, end.timestamp())
        empty = [t > newest or (site == "beta" and self._in_hole(t)) for t in seconds]
        at = [datetime.fromtimestamp(t, UTC) for t in seconds]
        means = [
            None if e else self.sky.watts(m, len(site)) for m, e in zip(at, empty, strict=True)
        ]
        return {
            "metric": "power",
            "t": list(seconds),
            "avg": [w and scale * w for w in means],
            "min": [w and scale * w * 0.86 for w in means],
            "max": [w and scale * w * 1.07 for w in means],
        }

    def _in_hole(self, t: int) -> bool:
        ago = self.sky.now - datetime.fromtimestamp(t, UTC)
        return self.hole[1] < ago < self.hole[0]


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _panel(sky: Sky, number: int, seed: int, *, now: datetime) -> dict[str, Any]:
    share = 0.64 if (number, seed) == (3, 5) else 1 + 0.02 * math.sin(number * 7)
    group = "south" if number <= 6 else "west"
    power = sky.watts(now, seed) * share * (1 if group == "south" else 0.62)
    return {
        "panel_id": f"PANEL-{number:03}", "model": "Mono 330", "rated_watts": _PANEL_WATTS,
        "group": group, "last_reading_at": _iso(now), "power_watts": power,
        "voltage_volts": 33.4 * (0.67 if share < 0.7 else 1), "current_amperes": power / 33.4,
        "temperature_celsius": 41.2 + number / 10,
    }  # fmt: skip


def _site(fleet: Fleet, site: str, name: str, count: int, *alerts: str) -> None:
    sky, now = fleet.sky, fleet.sky.now
    fleet.panels[site] = [_panel(sky, i + 1, len(site), now=now) for i in range(count)]
    fleet.sites.append({
        "site": site, "name": name, "timezone": "Europe/Berlin", "latitude": 0.0,
        "longitude": sky.longitude, "panel_count": count, "rated_kwp": count * _PANEL_WATTS / 1000,
        "power_watts": sum(p["power_watts"] for p in fleet.panels[site]),
        "last_reading_at": _iso(now), "energy_today_wh": count * 912.4,
        "open_alerts": {s: alerts.count(s) for s in ("info", "low", "medium", "high", "critical")},
    })  # fmt: skip


_ADVICE = {
    "medium": "Look for soiling or new shade at the next visit.",
    "critical": "Inspect the bypass diodes and the junction box. Isolate the string first.",
    "low": "Check the gateway's NTP server.",
    "high": "Check the ventilation behind the module.",
}


def _alert(key: int, severity: str, title: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": key, "site": "alpha", "panel_id": None, "alert_type": "rule", "severity": severity,
        "state": "open", "title": title, "recommendation": _ADVICE[severity], "cleared_at": None,
        **more,
    }  # fmt: skip


def make_fleet() -> Fleet:
    """Two live sites, one with a critical and a medium alert, and one that fell silent."""
    now = datetime.now(UTC)
    fleet = Fleet(Sky(now))
    _site(fleet, "alpha", "Alpha roof", 10, "critical", "medium")
    _site(fleet, "beta", "Beta carport", 8)
    _site(fleet, "gamma", "Gamma school", 12, "low")
    gone = _iso(now - timedelta(minutes=26))
    fleet.sites[2].update(last_reading_at=gone, power_watts=None)
    for panel in [*fleet.panels["gamma"], fleet.panels["alpha"][8]]:
        panel.update(last_reading_at=gone)
    raised = now - timedelta(minutes=47)
    seen = {"raised_at": _iso(raised), "last_seen_at": _iso(now)}
    over = {
        "state": "resolved",
        "cleared_at": _iso(now),
        "raised_at": _iso(now - timedelta(hours=5)),
        "resolved_at": _iso(now),
        "resolved_by": "ben",
        "resolve_cause": "fixed",
    }
    fleet.alerts = [
        _alert(1, "medium", "Power stays 14 % under the group", seen | {"panel_id": "PANEL-007"}),
        _alert(2, "critical", "Bypass diode short", seen | {"panel_id": "PANEL-003"}),
        _alert(3, "low", "Gateway clock is 94 s ahead", seen | {"site": "gamma"}),
        _alert(4, "high", "Over-temperature, 91 °C", seen | over | {"panel_id": "PANEL-005"}),
    ]
    return fleet


@get("/api/sites")
async def _sites(state: State) -> Response[Any]:
    fleet: Fleet = state.fleet
    if not fleet.signed_in:
        return Response({"status": 401, "detail": "Sign in."}, status_code=401)
    if fleet.away:
        return Response({"status": 503, "detail": "The database is away."}, status_code=503)
    live = {"last_reading_at": _iso(datetime.now(UTC))}
    return Response([s | live if s["power_watts"] is not None else s for s in fleet.sites])


@get("/api/sites/{site:str}")
async def _one_site(state: State, site: FromPath[str]) -> Response[Any]:
    for row in (await _sites.fn(state)).content:
        if row["site"] == site:
            return Response(row)
    return Response({"status": 404, "detail": f"There is no site {site}."}, status_code=404)


@get("/api/sites/{site:str}/panels")
async def _panels(state: State, site: FromPath[str]) -> list[dict[str, Any]]:
    fleet: Fleet = state.fleet
    old = datetime.now(UTC) - timedelta(minutes=15)
    live = {"last_reading_at": _iso(datetime.now(UTC))}
    heard = [datetime.fromisoformat(p["last_reading_at"]) > old for p in fleet.panels[site]]
    return [p | live if ok else p for p, ok in zip(fleet.panels[site], heard, strict=True)]


@get("/api/fleet")
async def _fleet(state: State, cursor: FromQuery[str] = "") -> Response[Any]:
    """Two pages, so that pages have to be followed."""
    fleet: Fleet = state.fleet
    rows = [
        {
            "site": row["site"], "energy_yesterday_wh": row["panel_count"] * 1402.5,
            "specific_yield_yesterday_kwh_per_kwp": 4.25, "completeness_yesterday": 0.984,
            "gateways": 1, "gateways_behind": int(row["site"] == "alpha"),
            "gateways_silent": int(row["site"] == "gamma"),
        }
        for row in fleet.sites
    ]  # fmt: skip
    if cursor or len(rows) < 2:
        return Response(rows[1:] if cursor else rows)
    return Response(rows[:1], headers={"Link": '</api/fleet?cursor=1>; rel="next"'})


_SECONDS = {"1m": 60, "5m": 300, "30m": 1800, "1h": 3600, "2h": 7200, "1d": 86400, "day": 86400}


@get("/api/sites/{site:str}/series")
async def _series(
    *,
    state: State,
    site: FromPath[str],
    start_time: FromQuery[datetime],
    end_time: FromQuery[datetime],
    interval: FromQuery[str],
    metric: FromQuery[str],
    panels: FromQuery[str] = "",
) -> dict[str, Any]:
    fleet: Fleet = state.fleet
    columns = fleet.series(site, start_time, end_time, _SECONDS[interval])
    columns["coverage"] = [None if w is None else 0.97 for w in columns["avg"]]
    if panels:
        compared = [w and w / 8 for w in columns["avg"]]
        return {"t": columns["t"], "panels": [{"panel_id": panels, "compare": compared}]}
    if metric == "power":
        return columns
    return columns | {"avg": [w and w * _SECONDS[interval] / 3600 for w in columns["avg"]]}


@get("/api/panels/{panel:str}/readings")
async def _readings(
    state: State,
    panel: FromPath[str],
    start_time: FromQuery[datetime],
    end_time: FromQuery[datetime],
    interval: FromQuery[str],
) -> list[dict[str, Any]]:
    fleet: Fleet = state.fleet
    columns = fleet.series("alpha", start_time, end_time, _SECONDS[interval])
    rows = zip(columns["t"], columns["avg"], columns["min"], columns["max"], strict=True)
    return [
        {
            "panel_id": panel, "timestamp": _iso(datetime.fromtimestamp(t, UTC)),
            "avg_power": mean / 10, "min_power": low / 10, "max_power": high / 10,
            "avg_voltage": 33.4 + math.sin(t / 900) * 0.6, "avg_current": mean / 334,
            "avg_temperature": 22 + mean / 150,
        }
        for t, mean, low, high in rows
    ][::-1]  # fmt: skip


@get("/api/panels/{panel:str}/windows")
async def _windows(
    panel: FromPath[str],
    start_time: FromQuery[datetime],
    end_time: FromQuery[datetime],
    limit: FromQuery[int],
) -> list[dict[str, Any]]:
    """A bypass diode that is short since half an hour before the end."""
    minutes = int((end_time - start_time) / timedelta(minutes=1))
    return [
        {
            "panel_id": panel, "timestamp": _iso(end_time - timedelta(minutes=ago)), "seconds": 60,
            "voltage_residual_share": -0.33 if ago < 30 else 0.004 * math.sin(ago),
            "power_against_siblings_share": -0.35 if ago < 30 else 0.02 * math.sin(ago / 3),
            "probability": 0.97 if ago < 30 else None, "quality": 0,
        }
        for ago in range(1, min(minutes, limit))
    ]  # fmt: skip


@get("/api/panels/{panel:str}/efficiency")
async def _efficiency(state: State, panel: FromPath[str]) -> list[dict[str, Any]]:
    today = state.fleet.sky.now.date()
    methods = state.fleet.methods
    return [
        {
            "date": str(today - timedelta(days=ago)),
            "efficiency_percentage": methods[ago % len(methods)] and 82.0 - ago,
            "method": methods[ago % len(methods)], "energy_wh": 1402.0 - ago, "coverage": 0.99,
            "specific_yield_kwh_per_kwp": 4.25, "availability_percentage": 98.0,
        }
        for ago in range(7)
    ]  # fmt: skip


@get("/api/alerts/recent")
async def _alerts(
    state: State,
    limit: FromQuery[int],
    wanted: Annotated[str, QueryParameter(name="state")] = "",
    site: FromQuery[str] = "",
    panel: FromQuery[str] = "",
) -> list[dict[str, Any]]:
    fleet: Fleet = state.fleet
    return [
        alert
        for alert in fleet.alerts
        if (not wanted or alert["state"] in wanted.split(","))
        and site in {"", alert["site"]}
        and panel in {"", alert["panel_id"]}
    ][:limit]


def make_history(alert: dict[str, Any]) -> list[dict[str, Any]]:
    """It was told two hours late, somebody spoke of it, and dealt with it if it is resolved."""
    at = datetime.fromisoformat(alert["raised_at"]) + timedelta(hours=2)
    deeds: list[tuple[str, str | None, str | None]] = [
        ("raised", None, None),
        ("acknowledged", "mara", None),
        ("assigned", "mara", "ben"),
        ("commented", "ben", "<b>On my way</b>"),
    ]
    if alert["state"] == "resolved":
        deeds.append(("resolved", "ben", "Fan was stuck"))
    return [
        {"at": _iso(at + timedelta(minutes=n)), "action": action, "by": by, "note": note,
         "severity": alert["severity"],
         "cause": alert["resolve_cause"] if action == "resolved" else None}
        for n, (action, by, note) in enumerate(deeds)
    ]  # fmt: skip


@get("/api/alerts/{alert_id:int}")
async def _one_alert(state: State, alert_id: FromPath[int]) -> Response[Any]:
    """Those of the lists, and one that was resolved long ago."""
    old = _alert(99, "high", "Long gone", state.fleet.alerts[3] | {"id": 99, "title": "Long gone"})
    for alert in (*state.fleet.alerts, old):
        if alert["id"] == alert_id:
            history = make_history(alert)
            return Response({"alert": alert, "history": history, "times_in_30_days": 3})
    return Response({"status": 404, "detail": f"No alert {alert_id}."}, status_code=404)


@get("/api/search")
async def _search(state: State, q: FromQuery[str], limit: FromQuery[int]) -> Response[Any]:
    fleet: Fleet = state.fleet
    if fleet.away:
        return Response({"status": 503, "detail": "The database is away."}, status_code=503)
    hits = [
        *(("site", row["site"], row["site"], row["name"], "/sites/{1}") for row in fleet.sites),
        *(
            ("gateway", row["gateway_id"], row["site"], None, "/gateways/{1}")
            for row in make_gateways(fleet.sky.now)
        ),
        *(
            ("panel", panel["panel_id"], site, None, "/sites/{2}/panels/{1}")
            for site, panels in fleet.panels.items()
            for panel in panels
        ),
    ]
    found = [hit for hit in hits if q.lower() in f"{hit[1]} {hit[3]}".lower()]
    found += [
        ("alert", q, alert["site"], alert["title"], "/alerts#alert-{1}")
        for alert in fleet.alerts
        if str(alert["id"]) == q
    ]
    names = ("kind", "id", "site", "label", "path")
    return Response(
        [dict(zip(names, (*hit[:4], hit[4].format(*hit)), strict=True)) for hit in found[:limit]]
    )


def make_gateways(now: datetime) -> list[dict[str, Any]]:
    """One that is well, one that drains a backlog after losses, and one that fell silent."""
    well = {
        "gateway_id": "gw-beta-01", "site": "beta", "enrolled_at": _iso(now - timedelta(days=90)),
        "last_seen_at": _iso(now), "revoked_at": None, "accepted": 7_321_004, "duplicates": 0,
        "rejected": 0, "lost_rows": 0, "lost_uncounted": 0, "outstanding": 0,
        "unacknowledged": 0, "open_resends": 0,
        "health_at": _iso(now), "health": {},
        "state": {
            "version": "0.1.0", "backlog_rows": 0, "backlog_bytes": 0, "backlog_oldest_at": None,
            "drained_in_seconds": None, "backlog_grows": False, "clock_offset_seconds": 0.1,
            "set_aside": 0, "quarantined": 0,
        },
    }  # fmt: skip
    draining = well | {
        "gateway_id": "gw-alpha-01", "site": "alpha", "accepted": 81_402_113, "duplicates": 1_240,
        "rejected": 3, "lost_rows": 412_000, "lost_uncounted": 14, "outstanding": 1_863,
        "unacknowledged": 2, "open_resends": 1,
        "state": well["state"] | {
            "backlog_rows": 8_204_000, "backlog_bytes": 31_200_000, "drained_in_seconds": 4_380.0,
            "clock_offset_seconds": -94.0, "set_aside": 2,
        },
    }  # fmt: skip
    silent = well | {
        "gateway_id": "gw-gamma-01", "site": "gamma",
        "last_seen_at": _iso(now - timedelta(minutes=26)),
    }  # fmt: skip
    return [well, draining, silent]


def make_account(gateway: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The account of the gateway that drains; the others have none."""
    account = {"gateway": gateway, "streams": [], "lost": [], "losses": [], "resends": []}
    if not gateway["lost_rows"]:
        return account
    ago = [_iso(now - timedelta(hours=hours)) for hours in range(60)]
    run = {"first_seq": 0, "accepted": 40_000_000, "duplicates": 0, "rejected": 3}
    names = ["0f1c2d3e-0000-4000-8000-000000000001", "a9b8c7d6-0000-4000-8000-000000000002"]
    account["streams"] = [
        run | {
            "stream": names[0], "last_seq": 9_000, "outstanding": 1_863, "unacknowledged": 0,
            "lost": 0, "lost_rows": 0,
            "lost_uncounted": 0, "first_received_at": ago[30], "last_received_at": ago[0],
            "outstanding_ranges": [{"first_seq": 9_001, "last_seq": 10_862},
                                   {"first_seq": 10_870, "last_seq": 10_870}],
        },
        run | {
            "stream": names[1], "last_seq": 70_000, "outstanding": 0, "unacknowledged": 2,
            "lost": 1_014,
            "lost_rows": 412_000, "lost_uncounted": 14, "first_received_at": ago[59],
            "last_received_at": ago[31], "outstanding_ranges": [],
        },
    ]  # fmt: skip
    told = {"stream": names[1], "from": ago[50], "to": ago[40], "declared_at": ago[39],
            "received_at": ago[30]}  # fmt: skip
    account["losses"] = [
        told | {"first_seq": 100, "last_seq": 1_099, "reason": "over_size", "rows": 290_000,
                "lost_rows": 290_000},
        told | {"first_seq": 1_100, "last_seq": 1_500, "reason": "thinned", "rows": 122_000,
                "lost_rows": 122_000},
        told | {"first_seq": 2_000, "last_seq": 2_013, "reason": "damaged", "rows": None,
                "lost_rows": None},
    ]  # fmt: skip
    account["lost"] = [
        {"reason": "damaged", "declarations": 1, "rows": 0, "uncounted": 14},
        {"reason": "over_size", "declarations": 1, "rows": 290_000, "uncounted": 0},
        {"reason": "thinned", "declarations": 1, "rows": 122_000, "uncounted": 0},
    ]
    account["resends"] = [
        {"request": 7, "from": ago[50], "to": ago[48], "asked_at": ago[1], "asked_by": "ann",
         "delivered_at": ago[0], "answered_at": None, "held_segments": None, "held_rows": None},
        {"request": 6, "from": ago[40], "to": ago[39], "asked_at": ago[3], "asked_by": "ann",
         "delivered_at": ago[2], "answered_at": ago[2], "held_segments": 2, "held_rows": 36_000},
    ]  # fmt: skip
    return account


@get("/api/live", media_type="text/event-stream")
async def _live(
    state: State,
    readings: FromQuery[str | None] = None,
    last_event_id: FromQuery[str | None] = None,
) -> Response[Any]:
    fleet: Fleet = state.fleet
    if fleet.streamless:
        return Response({"status": 503, "detail": "Too many streams."}, status_code=503)

    async def events() -> AsyncIterator[bytes]:
        of = None if readings is None else {*readings.split(",")} - {""}
        with fleet.hub.watching(None, readings=of) as watcher:
            # Who comes back is told only what was missed: nothing at all, for the most part.
            if last_event_id is None:
                yield Event("ready", None, {}, 40).encoded()
            async for event in watcher.events():
                yield event.encoded()

    return Stream(events(), media_type="text/event-stream")


@get("/api/gateways")
async def _gateways(state: State, site: FromQuery[str | None] = None) -> list[dict[str, Any]]:
    return [row for row in make_gateways(state.fleet.sky.now) if site in {None, row["site"]}]


@get("/api/gateways/{gateway:str}")
async def _one_gateway(state: State, gateway: FromPath[str]) -> Response[Any]:
    for row in make_gateways(state.fleet.sky.now):
        if row["gateway_id"] == gateway:
            return Response(make_account(row, state.fleet.sky.now))
    return Response({"status": 404, "detail": f"there is no gateway {gateway!r}"}, status_code=404)


@pytest.fixture
def screenshots() -> Path:
    folder = Path(__file__).parent / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def fleet() -> Fleet:
    return make_fleet()


@pytest_asyncio.fixture(loop_scope="module")
async def console_url(fleet: Fleet) -> AsyncIterator[str]:
    handlers = [
        console_router(),
        _sites,
        _one_site,
        _panels,
        _series,
        _readings,
        _alerts,
        _one_alert,
        _search,
        _gateways,
        _one_gateway,
        _live,
        _fleet,
        _windows,
        _efficiency,
    ]
    app = Litestar(
        handlers,
        state=State({"fleet": fleet}),
        openapi_config=None,
        # Its own would be the whole process's, the tests' after these too.
        logging_config=None,
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    fleet.hub.end()
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Watch:
    """What a page did that it must not do."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Record console errors, policy violations, exceptions and each request."""
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser, console_url: str) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        base_url=console_url, viewport={"width": 1280, "height": 900}, locale="en-GB",
        timezone_id="Europe/Berlin", color_scheme="dark",
    )  # fmt: skip
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, watch: Watch) -> Page:
    page = await context.new_page()
    page.set_default_timeout(30_000)
    watch.attach(page)
    return page


@pytest.fixture
def sign_in():
    """`sign_in(page, server, role, to=path)`: signs in as a person would, and goes on to a page."""

    async def sign_in(page, server, role, *, to):
        await page.goto(f"{server.url}/sign-in?next_page={to}")
        await page.fill("#token", server.token(role))
        await page.get_by_role("button", name="Sign in").click()

    return sign_in
