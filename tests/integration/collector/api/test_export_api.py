"""Exports: whole, in order, of one moment, and as large as one likes."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from collector.roles import Role
from integration.collector.api.apps import running

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RANGE = {"start_time": "2026-06-01T12:00:00Z", "end_time": "2026-06-02T12:00:00Z"}
READINGS = """
INSERT INTO reading_raw SELECT panel_key, %s + n * INTERVAL '1 second', 25300, 48200, NULL,
       n * 1000, 0 FROM panel, generate_series(0, %s - 1) AS n
"""


@pytest.fixture
def readings(rows, sites):
    """25,000 readings of each of the two panels, more than one batch."""
    rows(READINGS, NOON, 25_000)
    return 25_000


async def test_csv_has_all_rows_by_panel_and_time_and_says_how_many_first(get, readings):
    answer = await get("/api/export", **RANGE)
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["x-heliograph-rows"] == str(2 * readings) == str(len(table))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [(row["panel_id"], float(row["power_output_watts"])) for row in table] == [
        (panel, float(n)) for panel in ("PANEL-001", "PANEL-002") for n in range(readings)
    ]
    assert (table[0]["site"], table[0]["current_amperes"]) == ("alpha", "")
    assert datetime.fromisoformat(table[1]["timestamp"]) == NOON.replace(second=1)


@pytest.mark.parametrize(("interval", "fraction"), [("raw", "000273"), ("1h", "000000")])
async def test_times_in_csv_are_utc_with_z_to_the_microsecond(get, rows, sites, interval, fraction):
    assert sites
    rows(READINGS, NOON.replace(microsecond=273), 1)
    answer = await get("/api/export", interval=interval, **RANGE)
    found = {row["timestamp"] for row in csv.DictReader(io.StringIO(answer.text))}
    assert found == {f"2026-06-01T12:00:00.{fraction}Z"}


async def test_parquet_has_the_same_rows_and_types(get, readings):
    answer = await get("/api/export", format="parquet", **RANGE)
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.num_rows == int(answer.headers["x-heliograph-rows"]) == 2 * readings
    assert table.column("power_output_watts").to_pylist() == [*map(float, range(readings))] * 2
    assert table.column("timestamp")[0].as_py() == NOON
    assert table.column("current_amperes").null_count == table.num_rows


async def test_one_export_too_many_is_told_when_to_come_again(settings, bearer, readings):
    async with running(replace(settings, max_exports=1)) as client:

        async def ask():
            headers = bearer(Role.VIEWER)
            return await client.get("/api/export", params=RANGE, headers=headers)

        answers = await asyncio.gather(*(ask() for _ in range(3)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert [answer.status_code for answer in answers].count(200) == 1
        assert len(refused) == 2
        for answer in refused:
            assert answer.headers["retry-after"] == "30"
            assert "HELIOGRAPH_MAX_EXPORTS" in answer.json()["detail"]
        again = await ask()
        assert again.headers["x-heliograph-rows"] == str(2 * readings)
        assert "heliograph_exports 0.0" in (await client.get("/metrics")).text


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
async def test_an_export_of_nothing_is_a_file_with_its_columns(get, kind):
    answer = await get("/api/export", format=kind, interval="1h", **RANGE)
    assert answer.headers["x-heliograph-rows"] == "0"
    if kind == "parquet":
        assert "energy_wh" in pq.read_table(io.BytesIO(answer.content)).column_names
    else:
        assert answer.text.startswith("site,panel_id,timestamp,avg_power")


async def test_hours_of_one_panel_are_exported(get, readings):
    answer = await get("/api/export", interval="1h", site="alpha", panels="PANEL-002", **RANGE)
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["panel_id"] for row in table} == {"PANEL-002"}
    assert sum(int(row["samples"]) for row in table) == readings


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("parameters", "status", "named"),
    [
        ({"format": "xlsx"}, 400, "csv, parquet"),
        ({"interval": "5m"}, 400, "raw, 1m, 1h, 1d"),
        ({"site": "alfa"}, 404, "alpha"),
        ({"site": "alpha", "panels": "PANEL-0X1"}, 404, "PANEL-001"),
        ({"start_time": "2026-06-02T00:00:00Z", "end_time": "2026-06-01T00:00:00Z"}, 400, "before"),
    ],
)
async def test_a_bad_export_is_refused_with_what_is_allowed(get, parameters, status, named):
    answer = await get("/api/export", **parameters)
    assert answer.status_code == status
    assert named in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_fleet_comes_in_pages_that_meet(get, client, bearer, sites):
    first = await get("/api/fleet", limit=1)
    link = first.headers["link"].partition(">")[0].lstrip("<")
    second = await client.get(link, headers=bearer("viewer"))
    assert [row["site"] for row in first.json() + second.json()] == sorted(sites)
    assert "link" not in second.headers
    refused = await get("/api/fleet", cursor="~~~")
    assert (refused.status_code, "Link" in refused.json()["detail"]) == (400, True)


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"compare": "siblings"}, "yesterday, last_year; with panels= also siblings"),
        ({"panels": "PANEL-001", "metric": "wind"}, "voltage"),
        ({"metric": "voltage"}, "irradiance"),
        ({"panels": ",".join(f"P{n}" for n in range(51))}, "allowed are 50"),
        ({"interval": "auto", "max_points": "0"}, "max_points"),
    ],
)
async def test_what_does_not_go_together_in_a_series_is_told(get, parameters, named):
    answer = await get("/api/sites/alpha/series", **parameters)
    assert answer.status_code == 400
    assert named in answer.json()["detail"]


@pytest.mark.usefixtures("sites")
async def test_the_automatic_interval_is_told_and_has_no_more_points_than_asked_for(get):
    series = (await get("/api/sites/alpha/series", interval="auto", max_points=200, **RANGE)).json()
    assert series["interval"] == "10m"
    assert len(series["t"]) == 144


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("start", "max_points", "allowed"),
    [
        ("2026-05-02", 31, "a max_points from 32, or a range of at most 31 days of UTC"),
        ("1970-01-01", 10_000, "allowed is a range of at most 10000 days of UTC"),
    ],
)
async def test_a_range_that_no_automatic_interval_fits_is_refused_with_what_would(
    get, start, max_points, allowed
):
    asked = RANGE | {"interval": "auto", "start_time": f"{start}T12:00:00Z"}
    answer = await get("/api/sites/alpha/series", max_points=max_points, **asked)
    assert answer.status_code == 400
    assert allowed in answer.json()["detail"]
