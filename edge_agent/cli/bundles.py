"""`edge-agent buffer export` and `import`: the way over a USB stick."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from edge_agent.cli.common import ConfigOption, JsonOption, bar, megabytes, print_json, summed
from edge_agent.config import Config
from edge_agent.configfile import config_path, load_config
from edge_agent.errors import EdgeError
from edge_agent.identity import load_identity
from edge_agent.outbox.bundles import Exported, Span, TakenIn, export_bundle, import_bundle
from edge_agent.outbox.opening import open_file
from shared.bundle import Bundle, Header
from shared.errors import InvalidBundleError

_FORMATS = "RFC 3339 with a zone, as 2026-06-01T12:00:00Z"


def export(
    file: Annotated[
        Path,
        typer.Argument(
            help="Where the bundle goes, as on a USB stick; in a folder it is named after the "
            "gateway and the time."
        ),
    ],
    *,
    since: Annotated[str | None, typer.Option(help=f"Data from then on: {_FORMATS}.")] = None,
    until: Annotated[str | None, typer.Option(help="Data before then.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Write what waits into a signed bundle for `collector import`; nothing is removed here.

    What is damaged is left out, and the exit code then 1.
    """
    settings = load_config(config_path(config))
    identity = load_identity(settings.identity.path)
    span = _span(since, until)
    now_us = time.time_ns() // 1000
    if file.is_dir():
        file /= _name(identity.gateway_id, now_us=now_us)
    if file.exists() and not force:
        raise EdgeError(f"{file} is there already; --force replaces it")
    header = Header(
        gateway_id=identity.gateway_id,
        site=identity.site,
        created_us=now_us,
        segments=0,
        rows=0,
        readings=0,
    )
    with bar("exporting") as progress:
        exported = export_bundle(
            settings.buffer.path,
            to=file,
            header=header,
            key=identity.key,
            span=span,
            progress=progress,
        )
    _show_exported(exported, json_=json_)
    raise typer.Exit(1 if exported.damaged else 0)


def import_(
    file: Annotated[Path, typer.Argument(help="A bundle of this very gateway.")],
    *,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Take a bundle into this outbox, as on a computer that replaces another; also again."""
    settings = load_config(config_path(config))
    try:
        opened = file.open("rb")
    except OSError as error:
        raise EdgeError(f"cannot read {file}: {error.strerror}") from error
    with opened:
        try:
            taken = _taken_in(opened_bundle(Bundle(opened), settings), settings=settings)
        except InvalidBundleError as error:
            raise EdgeError(str(error)) from error
    if json_:
        print_json(taken)
    else:
        typer.echo(
            f"{taken.added} of {taken.segments} segments with {taken.rows} rows wait for the "
            f"collector now; {taken.known} did before, {taken.damaged} are damaged"
        )
    raise typer.Exit(1 if taken.damaged else 0)


def opened_bundle(bundle: Bundle, settings: Config) -> Bundle:
    """Return a bundle that this gateway has signed.

    Raises:
        EdgeError: It is another gateway's, or this one is not enrolled.
        InvalidBundleError: It is damaged, or forged.
    """
    identity = load_identity(settings.identity.path)
    if bundle.header.gateway_id != identity.gateway_id:
        raise EdgeError(
            f"the bundle is of gateway {bundle.header.gateway_id[:80]!r}, this one is "
            f"{identity.gateway_id!r}: give it to `collector import`"
        )
    with bar("checking the signature") as progress:
        advance = summed(progress, total=bundle.size_bytes)
        bundle.verify(identity.key.public_key(), progress=advance)
    return bundle


def _taken_in(bundle: Bundle, *, settings: Config) -> TakenIn:
    path = settings.buffer.path
    if not path.exists():
        asyncio.run(_make(path, max_bytes=settings.buffer.max_bytes))
    with bar("taking in") as progress:
        advance = summed(progress, total=bundle.size_bytes)
        now_us = time.time_ns() // 1000
        return import_bundle(path, bundle=bundle, now_us=now_us, progress=advance)


async def _make(path: Path, *, max_bytes: int) -> None:
    async with open_file(path, max_bytes=max_bytes):
        pass


def _name(gateway_id: str, *, now_us: int) -> str:
    return f"{gateway_id}-{datetime.fromtimestamp(now_us / 1e6, UTC):%Y%m%dT%H%M%SZ}.bundle"


def _span(since: str | None, until: str | None) -> Span:
    bounds = {"since_us": _moment("--since", since), "until_us": _moment("--until", until)}
    span = Span(**{name: us for name, us in bounds.items() if us is not None})
    if span.since_us >= span.until_us:
        raise typer.BadParameter(f"--since {since} is not before --until {until}")
    return span


def _moment(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time, allowed is {_FORMATS}", param_hint=option)
    return round(moment.timestamp() * 1e6)


def _show_exported(exported: Exported, *, json_: bool) -> None:
    if json_:
        print_json(exported)
        return
    typer.echo(
        f"{exported.file}: {exported.segments} segments with {exported.rows} rows "
        f"({exported.readings} readings), {megabytes(exported.size_bytes)}; all of it still waits "
        "here, too"
    )
    if exported.undated:
        typer.echo(
            f"{exported.undated} segments are not in it: they are dated when this gateway's clock "
            "is right",
            err=True,
        )
    if exported.damaged:
        typer.echo(
            f"{exported.damaged} segments with {exported.damaged_rows} rows are not in it: they "
            "are damaged; `edge-agent buffer verify` names them",
            err=True,
        )
