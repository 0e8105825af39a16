"""What a question on one thing looks at, on both flavours: not at all the others, too."""

import pytest

from collector.database.statements import read
from collector.queries.sites import find_site
from timescale.world import MINUTE, NOON, NOW, World, ask

HOURS_OF_ALL = """
INSERT INTO rollup.site_1h (site_key, bucket, minutes, temperature_samples, samples, energy_wh,
    covered_seconds)
SELECT site_key, CAST(:noon AS timestamptz) - n * INTERVAL '1 hour', 60, 0, 3600, 1, 3600
FROM site, generate_series(1, 12) AS n
"""


@pytest.fixture
def world(database):
    return World(database)


async def test_each_panel_of_a_site_is_looked_at_once_before_there_are_statistics(world, database):
    alpha = await world.site()
    for number in range(30):
        panel = await world.panel(alpha, f"PANEL-{number:03}")
        await world.readings(panel, start=NOW - 3 * MINUTE, minutes=3, watts=100)
    site = await find_site(database, site="alpha")

    asked = "EXPLAIN (ANALYZE, FORMAT JSON) " + read("panels", source="reading_1h")
    values = {"site_key": site.site_key, "midnight": NOON, "now": NOW, "limit": None, "after": ""}
    async with database.at_once() as connection:
        plan = await _plan(connection, asked, **values)

    assert max(node["Actual Loops"] for node in _nodes(plan)) == 30


async def test_a_site_by_itself_is_summed_up_without_the_hours_of_others(world, database):
    for number in range(30):
        await world.site(f"site-{number:02}")
    await world.run(HOURS_OF_ALL, noon=NOON)
    await world.run("UPDATE rollup.progress SET hours_until = :noon", noon=NOON)

    asked = "EXPLAIN (ANALYZE, FORMAT JSON) " + read("sites")
    values = {"site": "site-07", "now": NOW, "limit": 1, "after": ""}
    async with database.at_once() as connection:
        plan = await _plan(connection, asked, **values)

    hours = [node for node in _nodes(plan) if node.get("Relation Name") == "site_1h"]
    assert hours
    assert all(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= 12 for node in hours)


@pytest.mark.parametrize("file", ["panel_find", "panel_asked"])
async def test_a_panel_is_found_by_its_id_also_by_a_plan_for_any_site(world, database, file):
    await world.run(
        "INSERT INTO site (site, name) SELECT 's' || n, '' FROM generate_series(1, 1000) AS n"
    )
    await world.run(
        "INSERT INTO panel (site_key, panel) SELECT site_key, 'P-' || n "
        "FROM site, generate_series(1, 20) AS n"
    )
    await world.panel(await world.site(), "ONLY")
    statement = read(file)
    if file == "panel_asked":
        statement += "SELECT * FROM asked"
    typed = {":panels": "CAST($1 AS text[])", ":panel": "CAST($1 AS text)", ":site": "$2"}
    for name, number in typed.items():
        statement = statement.replace(name, number)
    first = "'{ONLY}'" if file == "panel_find" else "'ONLY'"

    async with database.at_once() as connection:
        await connection.execute("ANALYZE site, panel")
        # PostgreSQL may take it whenever the same was asked for a few times.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE found AS {statement}")
        plan = await _plan(
            connection, f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE found ({first}, NULL)"
        )
        await connection.execute("DEALLOCATE found")
        await connection.execute("RESET plan_cache_mode")

    assert plan["Actual Rows"] == 1
    looked_at = [
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in _nodes(plan)
    ]
    assert max(looked_at) < 10


async def _plan(connection, statement, **values):
    ((plan,),) = await ask(connection, statement, **values)
    return plan[0]["Plan"]


def _nodes(node):
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
