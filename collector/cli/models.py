"""`collector model`: models for gateways, and who is to try which."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.printing import AsJson, show_facts, show_rows
from collector.cli.running import run, told_to_people
from collector.database.engine import Database
from collector.queries.models import Model, add_model, list_models, offer_model, withdraw_offer
from collector.signer import signing_key
from shared.errors import InvalidModelError
from shared.model_card import ModelCard
from shared.onnx_file import version_of

models = typer.Typer(no_args_is_help=True, help="Models that gateways download, try and use.")

_Site = Annotated[
    str | None, typer.Option(help="Only this site; else all that have no offer of their own.")
]


@models.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="An .onnx file of `python -m models.train`.")],
    as_json: AsJson = False,
) -> None:
    """Sign a model and store it; no gateway gets it before `collector model offer`."""
    with told_to_people():
        data = _read(file)
        version = version_of(data)

    async def work(database: Database) -> Model:
        now = datetime.now(UTC)
        card = ModelCard.sign(data, version=version, key=await signing_key(database, now=now))
        return await add_model(database, data=data, card=card, now=now)

    added = run(work)
    facts = {name: getattr(added, name) for name in ("version", "sha256", "size_bytes", "added_at")}
    show_facts(facts, as_json=as_json, note=f"Next: collector model offer {added.version}")


@models.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the models, and to whom they are offered."""

    async def work(database: Database) -> list[Model]:
        return await list_models(database)

    show_rows(
        run(work),
        columns=("version", "size_bytes", "sha256", "added_at", "offered_at", "offered_sites"),
        as_json=as_json,
        empty="No model yet, gateways use what came with them: collector model add FILE",
    )


@models.command("offer")
def offer(
    version: Annotated[str, typer.Argument(help="As `collector model list` shows it.")],
    site: _Site = None,
    as_json: AsJson = False,
) -> None:
    """Offer a model to gateways, which try it beside their own and use it if it is not worse."""

    async def work(database: Database) -> Model:
        return await offer_model(database, version=version, site=site, now=datetime.now(UTC))

    run(work)
    show_facts({"version": version, "site": site}, as_json=as_json)


@models.command("withdraw")
def withdraw(site: _Site = None, as_json: AsJson = False) -> None:
    """Take back an offer; gateways that use the model already go on with it."""

    async def work(database: Database) -> str | None:
        return await withdraw_offer(database, site=site)

    show_facts({"withdrawn": run(work), "site": site}, as_json=as_json)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidModelError(f"cannot read {file}: {error.strerror}") from error
