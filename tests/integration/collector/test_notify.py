"""Notifications, received by a real web server and a real mail server's protocol."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from collector.cli import main
from collector.database.engine import open_database
from collector.database.statements import Statement
from collector.errors import DatabaseError, ProblemError
from collector.notify.dispatch import GIVE_UP_AFTER, deliver_due
from collector.queries.handling import reopen
from collector.queries.notifications import NewRoute, Route, add_route, lease_route, list_routes
from integration.collector.bodies import NOW
from programs.commands import run_command
from shared.alerts import Severity

SECRET = "s3cret"


class Hook:
    """A web server that keeps what it is sent, and answers as it is told to."""

    def __init__(self):
        self.messages, self.status, self.port = [], 200, 0

    @property
    def url(self):
        return f"json://127.0.0.1:{self.port}/{SECRET}"

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        message = json.loads(await reader.readexactly(size))
        if self.status == 200:
            self.messages.append((message["title"], message["message"]))
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(serve):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def hook():
    hook = Hook()
    async with listening(hook.serve) as hook.port:
        yield hook


@pytest.fixture
def route(database):
    """`route(url, **changes)`: tells of everything from medium on, once a minute at most."""

    async def route(url, **changes):
        values = {
            "name": "ops",
            "severity": Severity.MEDIUM,
            "sites": None,
            "alert_types": None,
            "interval_seconds": 60,
            "quiet_from": None,
            "quiet_to": None,
            "timezone": "UTC",
        } | changes
        await add_route(database, route=NewRoute(url=url, **values), now=NOW)

    return route


@pytest.fixture
def happens(postgres_url, sender):
    """`happens(action, alert=None, at=NOW, **columns)`: returns the alert's number."""

    def happens(action="raised", *, alert=None, at=NOW, **columns):
        with psycopg.connect(postgres_url) as connection:
            if alert is None:
                values = {
                    "site_key": sender.site_key,
                    "alert_type": "flatline",
                    "severity": "high",
                    "raised_at": NOW,
                    "last_seen_at": NOW,
                    "title": "Frozen",
                    "recommendation": "Look",
                    "state": "resolved",
                } | columns
                names, places = ", ".join(values), ", ".join(["%s"] * len(values))
                (alert,) = connection.execute(
                    f"INSERT INTO alert (episode, {names}) VALUES (gen_random_uuid(), {places}) "
                    "RETURNING alert_key",
                    list(values.values()),
                ).fetchone()
            connection.execute(
                "INSERT INTO alert_history (alert_key, at, action, severity) "
                "SELECT alert_key, %s, %s, severity FROM alert WHERE alert_key = %s",
                [at, action, alert],
            )
            return alert

    return happens


async def test_an_alert_is_told_in_full_and_once_by_however_many_replicas(
    postgres_url, database, hook, route, happens
):
    await route(hook.url)
    happens()
    async with open_database(postgres_url) as other:
        sent = await asyncio.gather(
            *(deliver_due(one, now=NOW) for one in (database, other, database))
        )
    assert sum(sent) == 1
    ((title, text),) = hook.messages
    assert title == "[high] alpha: Frozen"
    assert "Look" in text
    assert "Since 2026-06-01 12:00 UTC" in text


async def test_what_happens_within_the_interval_is_told_together(database, hook, route, happens):
    await route(hook.url)
    first = happens()
    await deliver_due(database, now=NOW)
    happens("cleared", alert=first)
    happens(severity="critical", title="Hot")
    assert await deliver_due(database, now=NOW + timedelta(seconds=59)) == 0
    assert await deliver_due(database, now=NOW + timedelta(seconds=60)) == 1
    title, text = hook.messages[1]
    assert title == "2 changes of alerts: 1 critical, 1 high"
    assert text.splitlines()[0].startswith("[high] alpha: over: Frozen")
    assert text.splitlines()[1].startswith("[critical] alpha: Hot")


async def test_a_storm_of_late_alerts_is_one_line(database, hook, route, happens):
    await route(hook.url)
    for hours in range(50):
        happens(late=True, raised_at=NOW - timedelta(hours=hours))
    assert await deliver_due(database, now=NOW) == 0
    assert await deliver_due(database, now=NOW + timedelta(minutes=10)) == 1
    assert hook.messages == [
        (
            "50 alerts arrived late",
            "Arrived late from alpha: 50, of 2026-05-30 11:00 UTC to 2026-06-01 12:00 UTC",
        )
    ]


async def test_a_late_one_that_a_person_reopens_is_told_like_any_other(
    database, hook, route, happens
):
    await route(hook.url)
    number = happens(late=True, raised_at=NOW - timedelta(hours=5))
    await deliver_due(database, now=NOW + timedelta(minutes=10))
    later = NOW + timedelta(hours=1)
    opened = await reopen(database, alert_id=number, by="mara", now=later)
    assert not opened.late
    assert await deliver_due(database, now=later) == 1
    assert hook.messages[1][0] == "[high] alpha: again: Frozen"


@pytest.mark.parametrize(
    "columns", [{"muted": True}, {"severity": "low"}, {"alert_type": "zero_power"}]
)
async def test_what_a_route_is_not_for_is_not_told(database, hook, route, happens, columns):
    await route(hook.url, alert_types=["flatline"], sites=["alpha"])
    happens(**columns)
    assert await deliver_due(database, now=NOW + timedelta(days=1)) == 0


async def test_the_end_of_what_was_never_told_is_no_news(database, hook, route, happens):
    before = happens()
    await route(hook.url)
    happens("cleared", alert=before)
    assert await deliver_due(database, now=NOW) == 0


async def test_in_quiet_hours_only_what_is_critical_is_told(database, hook, route, happens):
    # 12:00 UTC is 14:00 in Berlin.
    await route(hook.url, quiet_from="13:30", quiet_to="06:00", timezone="Europe/Berlin")
    happens()
    assert await deliver_due(database, now=NOW) == 0
    happens(severity="critical", title="Hot")
    assert await deliver_due(database, now=NOW) == 1
    assert hook.messages[0][0] == "[critical] alpha: Hot"
    assert await deliver_due(database, now=NOW + timedelta(hours=16)) == 1
    assert hook.messages[1][0] == "[high] alpha: Frozen"


async def test_what_is_not_accepted_is_tried_again_ever_later_and_then_given_up(
    database, hook, route, happens, rows, caplog
):
    await route(hook.url)
    happens()
    hook.status = 500
    assert await deliver_due(database, now=NOW) == 0
    assert await deliver_due(database, now=NOW + timedelta(seconds=9)) == 0
    assert rows("SELECT failures FROM notify_route") == [(1,)]
    assert await deliver_due(database, now=NOW + timedelta(seconds=10)) == 0
    assert rows("SELECT failures FROM notify_route") == [(2,)]
    assert SECRET not in caplog.text

    hook.status = 200
    assert await deliver_due(database, now=NOW + timedelta(minutes=1)) == 1
    assert len(hook.messages) == 1

    hook.status = 500
    happens(title="Other")
    await deliver_due(database, now=NOW + GIVE_UP_AFTER + timedelta(hours=1))
    (listed,) = await list_routes(database)
    assert (listed.waiting, listed.given_up, listed.failures) == (0, 1, 1)


async def test_what_a_process_died_with_is_told_by_another(database, hook, route, happens, rows):
    await route(hook.url)
    happens()
    rows("UPDATE notify_route SET leased_until = %s RETURNING 1", NOW + timedelta(minutes=1))
    assert await deliver_due(database, now=NOW) == 0
    assert await deliver_due(database, now=NOW + timedelta(minutes=1)) == 1


async def test_a_secret_is_in_no_error_and_in_no_representation(database, hook, route):
    """Not even in the errors that led to one, which a log would show."""
    await route(hook.url)
    with pytest.raises(ProblemError, match="already") as refused:
        await route(hook.url)
    told, error = [], refused.value
    while error is not None:
        told += [str(error), repr(error)]
        error = error.__cause__
    with pytest.raises(DatabaseError) as broken:
        await Statement.load("route_url", row=Route).all(database, name=SECRET + "\0")
    told += [str(broken.value), str(broken.value.__cause__)]
    leased = await lease_route(database, now=NOW, until=NOW)
    told += [repr(leased), repr(await list_routes(database))]
    assert len(told) > 5
    assert not [text for text in told if SECRET in text]


async def test_what_is_undone_is_not_told(postgres_url, database, hook, route, happens):
    await route(hook.url)
    number = happens("commented")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "INSERT INTO alert_history (alert_key, at, action, severity) "
            "VALUES (%s, %s, 'raised', 'high')",
            [number, NOW],
        )
        connection.rollback()
    assert await deliver_due(database, now=NOW) == 0


async def test_a_mail_arrives(database, route, happens):
    mails = []

    async def smtp(reader, writer):
        async def say(line):
            writer.write(line.encode() + b"\r\n")
            await writer.drain()

        await say("220 here")
        while line := (await reader.readline()).decode().strip():
            if line.upper() == "DATA":
                await say("354 go on")
                mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            await say("221 bye" if line.upper() == "QUIT" else "250 ok")
        writer.close()

    async with listening(smtp) as port:
        await route(f"mailto://127.0.0.1:{port}?from=a@example.org&to=ops@example.org")
        happens()
        assert await deliver_due(database, now=NOW) == 1
    assert "Subject: [high] alpha: Frozen" in mails[0]
    assert "To: ops@example.org" in mails[0]


def command(postgres_url, *arguments, given=""):
    line = ["collector", "notify", *arguments, "--json"]
    environment = {"HELIOGRAPH_DATABASE_URL": postgres_url}
    done = run_command(main, line, environment=environment, given=given)
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout or done.stderr


async def test_routes_are_made_tested_listed_and_removed_and_never_show_their_secret(
    postgres_url, hook
):
    async def run(*arguments, given=""):
        return await asyncio.to_thread(command, postgres_url, *arguments, given=given)

    code, _ = await run("add", "ops", "--quiet", "22:00-06:00", given=hook.url + "\n")
    assert code == 0
    assert (await run("add", "ops", given=hook.url))[0] == 1
    assert (await run("test", "ops"))[0] == 0
    assert hook.messages[0][0] == "Heliograph: a test"
    (listed,) = json.loads((await run("list"))[1])
    assert (listed["scheme"], listed["quiet"]) == ("json", "22:00-06:00 UTC")
    assert (await run("remove", "ops"))[0] == 0
    assert (await run("remove", "ops"))[0] == 1
    for given, told in (
        (f"nonsense://{SECRET}", "a URL of kind nonsense://… is not one"),
        ("", "no URL was given"),
        (SECRET, "what was given is no URL; allowed are, say, mailtos://"),
    ):
        code, said = await run("add", "other", given=given)
        assert (code, told in " ".join(said.split())) == (1, True), said
