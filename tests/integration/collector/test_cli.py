"""The command line beside a running collector: tables for people, JSON for programs, exit codes."""

import json
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from collector.cli.commands import app
from integration.collector.bodies import add_gateway
from programs.waiting import wait_until


@pytest.fixture
def collector(postgres_url):
    """Run a command; the database is this test's own."""

    def run(*arguments, **environment):
        settings = {"HELIOGRAPH_DATABASE_URL": postgres_url} | environment
        return CliRunner().invoke(app, arguments, env=settings)

    return run


@pytest.fixture
def answer(collector):
    """Run a command and return its JSON."""

    def run(*arguments):
        done = collector(*arguments, "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_site_is_added_once_and_adding_it_again_is_no_error(collector, answer):
    options = ["--name", "Roof", "--timezone", "Europe/Berlin", "--latitude=52.5"]
    assert answer("site", "add", "alpha", *options, "--longitude=13.4")["site"] == "alpha"
    assert answer("site", "add", "alpha", *options, "--longitude=13.4")["name"] == "Roof"
    other = collector("site", "add", "alpha", "--name", "Another")
    assert (other.exit_code, other.stdout) == (1, "")
    assert "differs" in other.stderr
    (site,) = answer("site", "list")
    assert (site["site"], site["timezone"], site["latitude"]) == ("alpha", "Europe/Berlin", 52.5)
    assert "alpha" in collector("site", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["site", "add", "not a site"],
        ["site", "add", "alpha", "--timezone", "Mars/Olympus"],
        ["site", "add", "alpha", "--latitude", "91", "--longitude", "0"],
        ["site", "add", "alpha", "--latitude", "9"],
        ["token", "create", "", "--role", "viewer"],
        ["token", "create", " ", "--role", "viewer"],
        ["token", "create", "me", "--role", "king"],
        ["token", "create", "me", "--role", "ingest"],
        ["token", "create", "me", "--role", "viewer", "--site", "alpha"],
        ["token", "create", "me", "--role", "viewer", "--expires-in", "soon"],
        ["enrollment", "create", "alpha", "--expires-in", "0d"],
        ["token", "revoke", "first"],
        ["serve", "--port", "http"],
        ["serve", "--database-url", "postgresql://someone:secret@db/x"],
        ["serve", "--database-url", "postgresql://someone@db/x?sslmode=require&password=secret"],
        ["serve", "--database-url", "postgresql://someone@db/x?sslpassword=secret"],
        ["unknown"],
    ],
)
def test_what_is_asked_wrongly_ends_with_2_and_an_explanation(collector, arguments):
    done = collector(*arguments)
    assert done.exit_code == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["enrollment", "create", "nowhere"],
        ["token", "create", "me", "--role", "ingest", "--site", "nowhere"],
        ["token", "revoke", "4711"],
        ["gateway", "revoke", "gw-nobody"],
        ["gateway", "show", "gw-nobody"],
    ],
)
def test_what_is_not_there_ends_with_1_and_one_line(collector, arguments):
    done = collector(*arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("collector: ")
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_away_ends_with_1_and_one_line(collector):
    url = "postgresql://someone:secret@127.0.0.1:1/x"
    done = collector("site", "list", HELIOGRAPH_DATABASE_URL=url)
    assert done.exit_code == 1
    assert "away" in done.stderr
    assert "secret" not in done.stderr


def test_a_setting_that_is_not_usable_ends_with_2(collector):
    done = collector("site", "list", HELIOGRAPH_PORT="x")
    assert done.exit_code == 2
    assert "HELIOGRAPH_PORT" in done.stderr


def test_secrets_are_shown_once_and_on_standard_output_only(collector, answer):
    answer("site", "add", "alpha")
    created = collector("token", "create", "me", "--role", "viewer", "--expires-in", "90d")
    token = created.stdout.split()[1]
    assert token.startswith("hg_")
    assert len(token) == 46
    assert token not in created.stderr
    assert token not in collector("token", "list", "--json").stdout
    enrollment = answer("enrollment", "create", "alpha")
    assert enrollment["site"] == "alpha"
    assert enrollment["expires_at"].endswith("Z")


def test_a_token_made_beside_a_running_collector_works_at_once_until_soon_after_it_is_revoked(
    collector_server,
):
    made = collector_server.command("token", "create", "me", "--role", "viewer")
    headers = {"Authorization": f"Bearer {made['token']}"}
    address = f"{collector_server.url}/api/sites"
    assert httpx.get(address, headers=headers).status_code == 200
    collector_server.command("token", "revoke", str(made["token_id"]))
    wait_until(lambda: httpx.get(address, headers=headers).status_code == 401, what="it is refused")


def test_the_doctor_says_what_the_database_is_and_what_it_lacks(answer):
    findings = {finding["check"]: finding for finding in answer("doctor")}
    assert set(findings) == {"database", "schema", "clock", "content"}
    assert findings["schema"]["status"] == findings["clock"]["status"] == "ok"
    assert findings["database"]["detail"].startswith("PostgreSQL")


def test_an_empty_database_is_told_by_doctor_and_brought_up_by_migrate(collector, postgres_server):
    with postgres_server.database(migrated=False) as url:
        empty = {"HELIOGRAPH_DATABASE_URL": url}
        sick = collector("doctor", "--json", **empty)
        assert sick.exit_code == 1
        assert "collector migrate" in sick.stdout
        told = collector("site", "list", **empty)
        assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
        assert "collector migrate" in told.stderr
        assert json.loads(collector("migrate", "--json", **empty).stdout)["before"] is None
        assert collector("doctor", **empty).exit_code == 0


def test_a_database_with_nothing_in_it_is_named_without_its_password(collector, postgres_server):
    with postgres_server.database(migrated=False) as url:
        name = urlsplit(url).path.lstrip("/")
        mark = "&" if "?" in url else "?"
        given = f"{url}{mark}password=secret&sslpassword=secret"
        told = collector("site", "list", HELIOGRAPH_DATABASE_URL=given)
    assert name in told.stderr
    assert "set as for `collector serve`?" in told.stderr
    assert "secret" not in told.stderr


def test_a_data_folder_with_nothing_in_it_is_named(collector, tmp_path):
    folder = tmp_path / "elsewhere"
    told = collector("site", "list", HELIOGRAPH_DATABASE_URL="", HELIOGRAPH_DATA_DIR=str(folder))
    assert told.exit_code == 1
    assert f"nothing is here yet, in the folder {folder}:" in told.stderr


def test_a_table_in_a_pipe_has_a_line_for_a_row_and_cuts_nothing(collector, answer):
    name = "the dashboards in the hall and [on] the roof, " * 4
    made = answer("token", "create", name, "--role", "viewer", "--expires-in", "90d")

    lines = collector("token", "list", COLUMNS="80").stdout.splitlines()

    (row,) = [line for line in lines if name in line]
    assert made["expires_at"][:19].replace("T", " ") in row


FILLED = """
UPDATE gateway SET last_seen_at = '2026-06-01 12:00+00', health =
    '{"version": "1.2", "outbox_rows": 90000, "drained_in_seconds": 7260,
      "clock_offset_seconds": 2.5}';
INSERT INTO ledger VALUES (1, '00000000-0000-0000-0000-000000000001', '{[0,5),[7,10)}', 80, 2, 1,
                           now(), now());
INSERT INTO declared_loss VALUES
    (1, '00000000-0000-0000-0000-000000000001', 5, 5, 'over_size', 300, now(), now(), now(), now()),
    (1, '00000000-0000-0000-0000-000000000002', 0, 3, 'damaged', NULL, now(), now(), now(), now());
INSERT INTO resend_request (gateway_key, from_at, to_at, asked_at, asked_by)
VALUES (1, '2026-06-01 10:00+00', '2026-06-01 11:00+00', now(), 'ann')
"""


def test_gateways_are_shown_with_what_is_lost_and_outstanding(collector, answer, postgres_url):
    assert "No gateway yet" in collector("gateway", "list").stdout
    add_gateway(postgres_url, site="alpha", gateway="gw-1")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(FILLED)

    (row,) = answer("gateway", "list")
    assert (row["lost_rows"], row["lost_uncounted"], row["outstanding"]) == (300, 4, 1)
    listed = collector("gateway", "list").stdout
    assert "90000 rows, drained in 2 h 1 min" in listed
    assert "300 rows and 4 flushes of unknown size" in listed

    detail = answer("gateway", "show", "gw-1")
    assert detail["gateway"] == row
    assert detail["resends"][0]["from"] == "2026-06-01T10:00:00Z"
    shown = collector("gateway", "show", "gw-1").stdout
    for text in ("version: 1.2", "clock: -2.5 s", "1 flushes in 1 ranges", "damaged", "over_size"):
        assert text in shown
    assert "2026-06-01 10:00:00Z" in shown
    assert "unacknowledged: 0" not in shown


def test_openapi_is_printed_without_a_database(collector):
    done = collector("openapi", HELIOGRAPH_DATABASE_URL="")
    assert "/api/ingest" in json.loads(done.stdout)["paths"]
