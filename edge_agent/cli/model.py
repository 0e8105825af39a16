"""`edge-agent model`: which models are here, and which is used."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.cli.common import ConfigOption, JsonOption, print_json, print_table
from edge_agent.configfile import config_path, load_config
from edge_agent.detect import Model
from edge_agent.errors import ModelError
from edge_agent.identity import IdentityFiles
from edge_agent.model_fetching import Pin
from edge_agent.models import Store, models_folder
from edge_agent.models.by_hand import Line, lines
from edge_agent.models.by_hand import rollback as rollback_in
from edge_agent.models.by_hand import use as use_in
from edge_agent.models.record import Record
from shared.model_card import RULES

app = typer.Typer(
    help="The models that name faults: what came along, what the collector offered.",
    no_args_is_help=True,
)


class _Place(NamedTuple):
    store: Store
    key: Ed25519PublicKey | None
    shipped: str | None


@app.command("list")
def list_(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """List the models: state, since when, signature, and how each did on trial."""
    place = _place(config)
    found = lines(place.store, key=place.key, shipped=place.shipped)
    if json_:
        print_json(found)
        return
    print_table(
        ("model", "version", "state", "since", "signature", "agreed", "alarms a panel-day", "why"),
        rows=[_row(line) for line in found],
    )


@app.command("use")
def use(
    version: Annotated[
        str, typer.Argument(help="As `list` shows it; `shipped`, or `rules` for none.")
    ],
    *,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Use a model at once, whatever its trial says; it has to be signed and to prove itself."""
    place = _place(config)
    record = use_in(place.store, name=version, key=place.key, check=Model.load, now=time.time())
    _tell(record, json_=json_, said=f"{record.in_use} is to be used")


@app.command("rollback")
def rollback(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Go back to the model before, or to rules alone; the one in use does not come by itself."""
    place = _place(config)
    gone, record = rollback_in(place.store, shipped=place.shipped, now=time.time())
    now = "rules alone are" if record.in_use == RULES else f"{record.in_use} is"
    undo = f"`edge-agent model use {gone}` undoes it"
    _tell(record, json_=json_, said=f"{gone} is given up ({undo}), {now} to be used")


def _place(config: Path | None) -> _Place:
    settings = load_config(config_path(config))
    store = Store(models_folder(settings.buffer.path))
    store.refuse_unreadable()
    pin = Pin(IdentityFiles(settings.identity.path), path=settings.identity.path)
    try:
        shipped = Model.shipped().version
    except ModelError as error:
        shipped = None
        typer.echo(f"the model that came with the agent cannot be used: {error}", err=True)
    return _Place(store, pin.key(), shipped)


def _row(line: Line) -> tuple[str, ...]:
    since = "" if line.since is None else _stamp(line.since)
    agreed = "" if line.agreement is None else f"{line.agreement:.1%}"
    alarms = (
        ""
        if line.alarms_per_panel_day is None
        else f"{line.alarms_per_panel_day:g} ({line.alarms_per_panel_day_in_use:g} in use)"
    )
    name = (line.name, line.version or "-")
    return (*name, line.state, since, line.signature, agreed, alarms, line.reason or "")


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _tell(record: Record, *, json_: bool, said: str) -> None:
    if json_:
        print_json({"in_use": record.in_use, "previous": record.previous})
        return
    typer.echo(f"{said}; a running agent sees to it within seconds, a stopped one when it starts")
