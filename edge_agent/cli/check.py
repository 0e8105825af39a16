"""`edge-agent check`: whether everything the agent needs is there."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
import typer
from rich.text import Text

from edge_agent.addresses import broker_of, topics_of
from edge_agent.assembly import version
from edge_agent.broker import close, connect, new_client
from edge_agent.cli.common import ConfigOption, JsonOption, print_json, print_table
from edge_agent.cli.disk import no_writes
from edge_agent.clock import Clock
from edge_agent.config import Config
from edge_agent.configfile import config_path, load_config
from edge_agent.detect import Detector
from edge_agent.errors import CollectorAwayError, ConfigError, EdgeError, IdentityError
from edge_agent.identity import exposed, is_there, load_identity
from edge_agent.kernel import Kernel
from edge_agent.outbox.damage import is_headless
from edge_agent.outbox.disk import free_bytes
from edge_agent.outbox.opening import read_file
from edge_agent.panels import PanelBook
from edge_agent.traffic import unlimited
from edge_agent.upload import Uploader, measure_clock, open_client
from edge_agent.upload_clock import ask_time

_CLOCK_SECONDS: Final = 5.0
_FEWEST_MEGABYTES: Final = 1.0


class Outcome(msgspec.Struct, frozen=True):
    """What one check found."""

    check: str
    """What was checked."""
    ok: bool
    """Whether it is as it should be."""
    detail: str
    """What was found, or what is wrong."""


def check(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Check everything the agent needs; exit code 1 if something is not as it should be."""
    outcomes = asyncio.run(_outcomes(config_path(config)))
    if json_:
        print_json(outcomes)
    else:
        rows = [
            (one.check, Text("ok", "green") if one.ok else Text("failed", "red"), one.detail)
            for one in outcomes
        ]
        print_table(("check", "result", "detail"), rows=rows)
    raise typer.Exit(0 if all(one.ok for one in outcomes) else 1)


async def _outcomes(path: Path) -> list[Outcome]:
    try:
        config = load_config(path)
    except ConfigError as error:
        return [Outcome("configuration", ok=False, detail=str(error))]
    checks: dict[str, Callable[[Config], Awaitable[str]]] = {
        "secret files": _secrets,
        "outbox": _outbox,
        "detector": _detector,
        "broker": _broker,
        "collector": _collector,
        "clock": _clock,
        "identity": _identity,
    }
    found = [Outcome("configuration", ok=True, detail=str(path))]
    for name, one in checks.items():
        try:
            found.append(Outcome(name, ok=True, detail=await one(config)))
        except EdgeError as error:
            found.append(Outcome(name, ok=False, detail=str(error)))
    return found


async def _secrets(config: Config) -> str:
    named = (config.mqtt.password_file, config.mqtt.client_key_file, config.identity.path)
    given = [path for path in named if path is not None]
    if bad := [str(path) for path in given if exposed(path)]:
        raise EdgeError(f"others can read or change {', '.join(bad)}: chmod 600")
    gone = [path for path in given if not is_there(path)]
    there = ", ".join(str(path) for path in given if path not in gone)
    safe = [f"none that others can read or change: {there}"] if there else []
    return "; ".join([*safe, *(f"{path} is not there" for path in gone)])


async def _outbox(config: Config) -> str:
    path = config.buffer.path.absolute()
    try:
        folder = next(one for one in path.parents if one.exists())
        target = path if path.exists() else folder
    except OSError as error:
        raise EdgeError(f"cannot look for {path}: {error.strerror}") from error
    for one in (folder, target):
        if not os.access(one, os.W_OK):
            raise EdgeError(f"we may not write {one}")
    if (why := no_writes(folder)) is not None:
        raise EdgeError(f"the disk of {path} takes no writes: {why}")
    if path.is_file() or is_headless(path):
        async with read_file(path) as file:
            await file.read("SELECT count(*) FROM sqlite_master")
    free = free_bytes(folder / path.name) / 1e6
    limit, least = (
        ("max_megabytes", config.buffer.max_megabytes)
        if target == folder
        else ("min_free_megabytes", config.buffer.min_free_megabytes)
    )
    if free < max(least, _FEWEST_MEGABYTES):
        raise EdgeError(
            f"the disk of {path} has {free:.1f} MB free ({limit} = {least}): make room on it"
        )
    return f"{config.buffer.path}, {free:.0f} MB free"


async def _detector(config: Config) -> str:
    Detector(config.detect, PanelBook(config.panels).group_of)
    return "rules are in order"


async def _broker(config: Config) -> str:
    broker = broker_of(config)
    topics = topics_of(config.mqtt)
    client = new_client(broker, clean=True, client_id=f"{broker.client_id}-check-{os.getpid()}")
    try:
        await connect(client, broker)
    finally:
        await close(client)
    return f"{broker} accepts us; topics {', '.join(topics.filters)}"


async def _collector(config: Config) -> str:
    async with open_client(config.upload.collector_url, version=version()) as client:
        offset = await measure_clock(client)
    if offset is None:
        return f"{config.upload.collector_url} answers"
    seconds = offset.total_seconds()
    if abs(seconds) > _CLOCK_SECONDS:
        raise EdgeError(
            f"answers, but our clock differs from its by {seconds:+.0f} s; uploads go on, yet "
            "readings without a time of their own are dated wrongly"
        )
    return f"{config.upload.collector_url} answers; the clocks agree"


async def _clock(config: Config) -> str:
    clock = Clock(Kernel())
    if not clock.trusted:
        url = config.upload.collector_url
        async with open_client(url, version=version(), listener=clock) as client:
            with contextlib.suppress(CollectorAwayError):
                await ask_time(client)
    if not clock.trusted:
        raise EdgeError(f"cannot be trusted, {clock.why}; what it dates is held back until it can")
    return f"trusted: {clock.why}"


async def _identity(config: Config) -> str:
    identity = load_identity(config.identity.path)
    if identity.site != config.site.id:
        raise IdentityError(
            f"enrolled for site {identity.site!r}, but site.id is {config.site.id!r}"
        )
    async with open_client(config.upload.collector_url, version=version()) as client:
        uploader = Uploader(client, identity_of=lambda: identity, traffic=unlimited())
        await uploader.probe()
    return f"gateway {identity.gateway_id} of site {identity.site} is accepted"
