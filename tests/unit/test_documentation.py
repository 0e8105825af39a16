"""What the documentation says is what there is: commands, settings, addresses, packages."""

import dataclasses
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
import typer

from collector.app import create_app
from collector.cli import app as collector
from collector.settings import Settings, variable
from edge_agent import outbox
from edge_agent.cli.commands import app as edge_agent
from edge_agent.config import Config
from models.simulator.cli import app as panel_simulator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DEPLOYMENT = (ROOT / "deploy" / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
FOR_USERS = README + DEPLOYMENT
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKEFILE = (ROOT / "Makefile").read_text()


def commands(program, app):
    """Every command of a program, as a person types it."""

    def below(command, words):
        if subcommands := getattr(command, "commands", None):
            for name in list(subcommands):
                _, sub, _ = command.resolve_command(typer.Context(command), [name])
                yield from below(sub, [*words, name])
        else:
            yield " ".join(words)

    return list(below(typer.main.get_command(app), [program]))


COMMANDS = [
    *commands("edge-agent", edge_agent),
    *commands("collector", collector),
    *commands("panel-simulator", panel_simulator),
]
ADDRESSES = sorted(create_app(Settings(database_url="postgresql://nowhere")).openapi_schema.paths)
KEYS = [
    f"{table.name}.{key}"
    for table in msgspec.structs.fields(Config)
    if table.name not in {"panels", "detect"}
    for key in table.type.__struct_fields__
]
PACKAGES = sorted(
    {
        re.split(r"[\[><=;]", requirement)[0]
        for group in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
        for requirement in group
    }
)


def test_the_programs_have_the_commands_they_are_known_for():
    assert {"edge-agent run", "collector serve", "collector site add"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command):
    assert command in FOR_USERS


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
def test_every_setting_of_the_collector_is_documented(name):
    assert variable(name) in FOR_USERS


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_the_agents_configuration_is_documented(key):
    assert re.search(rf"\b{key.split('.')[1]}\b", FOR_USERS)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_is_documented(address):
    assert address in FOR_USERS


@pytest.mark.parametrize("target", re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
def test_every_target_of_make_is_documented(target):
    assert f"`make {target}`" in CONTRIBUTING + README or target == "help"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_dependency_is_documented_and_pinned(package):
    assert f"`{package}`" in CONTRIBUTING or package.startswith("pytest-")
    pins = (ROOT / "constraints.txt").read_text()
    assert re.search(rf"^{re.escape(package)}==", pins, re.MULTILINE | re.IGNORECASE)


def test_the_pins_name_no_index():
    pins = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"^\s*(-|https?:|file:)|://", pins, re.MULTILINE)


@pytest.mark.parametrize("document", ["README.md", "deploy/README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_linked_or_named_is_there(document):
    text = (ROOT / document).read_text()
    places = [place for place in re.findall(r"\]\(([^)#:]+)[^)]*\)", text) if place]
    places += re.findall(r"`((?:edge_agent|collector|shared|models|deploy|tests)/[\w./-]+)`", text)
    base = (ROOT / document).parent
    # What `make bench` writes, and what must not be there, are named too.
    places = set(places) - {"tests/benchmarks/results.json", "tests/__init__.py"}
    missing = [p for p in places if not (base / p).exists() and not (ROOT / p).exists()]
    assert missing == []


def test_the_table_of_the_outbox_names_all_its_files():
    folder = Path(outbox.__file__).parent
    there = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    table = (outbox.__doc__ or "").partition("===")[2]
    assert set(re.findall(r"`(\w+)`", table)) == there
