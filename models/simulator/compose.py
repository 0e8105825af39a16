"""Where the simulator is put together: site, simulation, sink, run and final account."""

import asyncio
import logging
import signal
import sys
from typing import Final

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.progress import Progress

from models.simulator.broker import Broker
from models.simulator.clouds import DayType
from models.simulator.labels import Label
from models.simulator.lines import Lines
from models.simulator.options import Options
from models.simulator.publish import Publisher
from models.simulator.run import Plan, Run, Sink
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from models.simulator.tally import Tally

_HISTORY_BATCH: Final = 100


class FaultRecord(msgspec.Struct, omit_defaults=True):
    """A label in the final account."""

    name: str
    """The fault."""
    panel_id: str
    """The panel."""
    start: str
    """RFC 3339."""
    end: str | None = None
    """RFC 3339; absent when it lasts."""
    magnitude: float = 0.0
    """In the unit of its kind."""


def simulate(options: Options) -> bool:
    """Run the simulator until its plan is done, SIGINT or SIGTERM.

    Returns:
        Whether everything published was acknowledged.

    Raises:
        SimulatorError: The broker is away or refuses.
        ValueError: An option is not possible; the text names it.
    """
    # gmqtt warns of every lost connection, which `Publisher` reports once.
    logging.getLogger("gmqtt").addHandler(logging.NullHandler())
    simulation = Simulation(
        site_of(options),
        faults=options.faults,
        sky=None if options.sky is None else DayType(options.sky),
    )
    tally = Tally()
    sink = _sink(options, tally=tally)
    uvloop.run(_run(options, simulation=simulation, sink=sink))
    _account(options, simulation=simulation, tally=tally)
    return tally.published == tally.acknowledged


def site_of(options: Options) -> Site:
    """Return the site the options describe."""
    if options.sun_now:
        return Site.in_sunshine(
            options.start,
            name=options.site,
            panels=options.panels,
            prefix=options.panel_prefix,
            seed=options.seed,
        )
    return Site(
        name=options.site,
        panels=options.panels,
        panel_prefix=options.panel_prefix,
        latitude=options.latitude,
        longitude=options.longitude,
        seed=options.seed,
    )


def _sink(options: Options, *, tally: Tally) -> Sink:
    if options.mqtt_url is None:
        return Lines(tally=tally, quiet=options.verbose)
    broker = Broker.at(
        options.mqtt_url, password_file=options.password_file, ca_file=options.ca_file
    )
    return Publisher(broker, tally=tally, report=lambda text: typer.echo(text, err=True))


async def _run(options: Options, *, simulation: Simulation, sink: Sink) -> None:
    to_stderr = options.json and options.mqtt_url is not None
    plan = Plan(
        start=options.start,
        duration=options.duration,
        interval_s=options.interval_s,
        history=options.history,
        history_interval_s=options.history_interval_s,
        history_batch=_HISTORY_BATCH if options.mqtt_url else options.batch,
        batch=options.batch,
        speed=options.speed,
        verbose=(lambda line: typer.echo(line, err=to_stderr)) if options.verbose else None,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    run = Run(simulation, plan=plan, sink=sink)
    if not options.history or not sys.stderr.isatty():
        await run.until(stop)
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("history", total=1.0)
        await run.until(stop, progress=lambda share: progress.update(bar, completed=share))


def _account(options: Options, *, simulation: Simulation, tally: Tally) -> None:
    """Say what was published, where it does not mix with the readings."""
    to_stderr = options.mqtt_url is None
    if not options.json:
        typer.echo(tally.line(), err=to_stderr)
        return
    faults = [_record(label) for label in simulation.labels]
    account = msgspec.to_builtins(tally) | {"faults": msgspec.to_builtins(faults)}
    typer.echo(msgspec.json.encode(account), err=to_stderr)


def _record(label: Label) -> FaultRecord:
    return FaultRecord(
        name=label.name,
        panel_id=label.panel_id,
        start=label.start.isoformat(),
        end=None if label.end is None else label.end.isoformat(),
        magnitude=round(label.magnitude, 6),
    )
