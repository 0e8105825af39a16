import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from collector.database import migrations
from collector.database.migrate import upgrade
from collector.database.revision import current, head, known
from collector.errors import DatabaseAwayError, DatabaseUnsuitableError

UPGRADE = "import sys; from collector.database.migrate import upgrade; upgrade(sys.argv[1])"


@pytest.fixture
def empty_url(postgres_server):
    with postgres_server.database(migrated=False) as url:
        yield url


def test_programs_that_upgrade_at_once_wait_for_each_other(empty_url):
    assert current(empty_url) is None
    programs = [subprocess.Popen([sys.executable, "-c", UPGRADE, empty_url]) for _ in range(3)]

    assert [program.wait(60) for program in programs] == [0, 0, 0]
    assert current(empty_url) == head()


def test_a_database_of_a_newer_program_is_left_alone(empty_url):
    upgrade(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseUnsuitableError, match="schema 9999, this program knows up to"):
        upgrade(empty_url)


def test_a_database_that_is_not_there_is_away():
    with pytest.raises(DatabaseAwayError):
        upgrade("postgresql://nobody@127.0.0.1:1/nothing")


def test_a_wrong_url_is_refused_without_repeating_its_password():
    with pytest.raises(DatabaseUnsuitableError) as told:
        upgrade("mysql://me:secret@host/db")
    assert "secret" not in str(told.value)


def test_the_revisions_that_are_known_are_those_of_alembic():
    folder = Path(migrations.__file__).parent
    scripts = ScriptDirectory(folder, version_locations=[folder / "versions"])
    assert known() == [script.revision for script in scripts.walk_revisions()][::-1]
