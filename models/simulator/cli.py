"""The command ``panel-simulator``: solar panels that publish, physically faithful."""

import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from models.simulator.errors import SimulatorError
from models.simulator.faults import KINDS
from models.simulator.options import Options
from models.simulator.schedule import duration, faults_of, moment

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_UNLIMITED: Final = 100_000


class Sky(StrEnum):
    """Day types, as `models.simulator.clouds.DayType` has them."""

    CLEAR = "clear"
    BROKEN = "broken"
    OVERCAST = "overcast"


def main() -> None:
    """Run the command."""
    try:
        app()
    except BrokenPipeError:
        # Whoever read our lines has had enough, as in `panel-simulator | head`; Python must not
        # find the pipe broken again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


@app.callback(invoke_without_command=True)
def simulate(
    context: typer.Context,
    *,
    panels: Annotated[int, typer.Option(min=1, max=100_000, help="How many panels.")] = 10,
    interval: Annotated[
        float, typer.Option(min=0.05, help="Seconds between a panel's readings.")
    ] = 1.0,
    mqtt_url: Annotated[
        str | None,
        typer.Option(help="mqtt://[user@]host[:port] or mqtts://…; without it, JSON lines."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Holds the MQTT password.")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Trusted authority for mqtts://."),
    ] = None,
    site: Annotated[str, typer.Option(help="Part of the seed: sites differ in weather.")] = "alpha",
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 1,
    panel_prefix: Annotated[str, typer.Option(help="Put before PANEL-001.")] = "",
    latitude: Annotated[float, typer.Option(min=-66, max=66, help="Degrees, north.")] = 47.4,
    longitude: Annotated[float, typer.Option(min=-180, max=180, help="Degrees, east.")] = 8.5,
    sun_now: Annotated[
        bool,
        typer.Option(
            help="Move the site to where it is a summer's morning (10:30) at the start; "
            "the readings' times stay real."
        ),
    ] = False,
    sky: Annotated[Sky | None, typer.Option(help="Make every day like this.")] = None,
    faults: Annotated[
        str,
        typer.Option(
            help="name:panel[@start[+duration]],…  Start counts from the start of the run "
            "(@10m; negative: in the history) or is an RFC 3339 time; panel * is all. "
            "`panel-simulator faults` lists the names."
        ),
    ] = "",
    history: Annotated[str, typer.Option(help="Publish this much past first, as in 3d.")] = "0s",
    history_interval: Annotated[
        float, typer.Option(min=0.05, help="Seconds between a panel's readings in the history.")
    ] = 60.0,
    start: Annotated[
        str, typer.Option(help="When live begins: RFC 3339, or counted from now as in -6h.")
    ] = "0s",
    run_for: Annotated[
        str | None,
        typer.Option("--duration", help="How long live lasts, as in 10m; else for ever."),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="Readings in a message; over 1 makes arrays.")
    ] = 1,
    speed: Annotated[
        float,
        typer.Option(
            min=0, help="Simulated seconds a second, never ahead of the clock; 0 waits for nothing."
        ),
    ] = 1.0,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="A line a reading.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The final account as JSON.")] = False,
    list_faults: Annotated[bool, typer.Option(help="List the faults and end.")] = False,
) -> None:
    """Publish what solar panels would: sun, clouds, heat, electricity, faults and sensors."""
    if context.invoked_subcommand is not None:
        return
    if list_faults:
        show_faults(json=json)
        return
    now = datetime.now(UTC)
    try:
        begin = moment(start) if start[:1].isdigit() and "-" in start else now + duration(start)
        options = Options(
            panels=panels,
            interval_s=interval,
            mqtt_url=mqtt_url,
            password_file=password_file,
            ca_file=ca_file,
            site=site,
            seed=seed,
            panel_prefix=panel_prefix,
            latitude=latitude,
            longitude=longitude,
            sun_now=sun_now,
            sky=sky,
            faults=faults_of(faults, start=begin),
            history=duration(history),
            history_interval_s=history_interval,
            start=begin,
            duration=None if run_for is None else duration(run_for),
            batch=batch,
            speed=speed,
            verbose=verbose,
            json=json,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _run(options)


@app.command("faults")
def show_faults(*, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the faults that --faults knows."""
    if json:
        typer.echo(msgspec.json.encode(list(KINDS.values())))
        return
    table = Table("name", "code", "acts on", "magnitude", "what happens")
    for kind in KINDS.values():
        size = "" if not kind.high else f"{kind.low:g} … {kind.high:g}"
        table.add_row(kind.name, str(kind.code), kind.where, size, kind.meaning)
    # A file or a pipe has no width: what reads it wants a row to be a line.
    Console(width=None if sys.stdout.isatty() else _UNLIMITED).print(table)


def _run(options: Options) -> None:
    # pvlib, pandas and SciPy take over a second to import; --help and mistakes need not wait.
    from models.simulator import compose  # noqa: PLC0415

    try:
        complete = compose.simulate(options)
    except SimulatorError as error:
        typer.echo(f"panel-simulator: {error}", err=True)
        raise typer.Exit(1) from error
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if not complete:
        raise typer.Exit(1)
