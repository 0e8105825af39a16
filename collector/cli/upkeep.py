"""Commands that look after the database."""

import asyncio

import typer

from collector.cli.printing import AsJson, show_facts, show_rows
from collector.cli.running import FAILED, chosen_database, settings_from_environment, told_to_people
from collector.database.migrate import upgrade
from collector.database.revision import current, head
from collector.doctor import examine


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the schema of this program."""
    with told_to_people(), chosen_database(settings_from_environment()) as url:
        before = current(url)
        upgrade(url)
        show_facts({"before": before, "now": head()}, as_json=as_json)


def doctor(as_json: AsJson = False) -> None:
    """Look at the database, the disk and the clock, and say what is wrong or missing."""
    with told_to_people():
        settings = settings_from_environment()
        with chosen_database(settings) as url:
            findings = asyncio.run(examine(url, settings=settings))
    show_rows(findings, columns=("check", "status", "detail"), as_json=as_json, empty="")
    if any(finding.status == "failed" for finding in findings):
        raise typer.Exit(FAILED)
