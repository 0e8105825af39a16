"""`edge-agent detect`: what the detector would have told of readings in a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from edge_agent.backtest import Backtest, Told, backtest, batches_of, train_until
from edge_agent.cli.common import ConfigOption, JsonOption, print_json, print_table
from edge_agent.cli.csvfile import CsvReadings, read_csv
from edge_agent.cli.explain import explain_here, explanation, print_explanation
from edge_agent.cli.scores import write_features, write_scores
from edge_agent.configfile import config_path, load_config
from edge_agent.detect import Model, SiteDetector
from edge_agent.errors import EdgeError, ModelError
from edge_agent.scoring import Metrics, metrics
from edge_agent.textfile import unread
from shared.alerts import from_micros
from shared.readings import Readings
from shared.sky import Sky


def detect(  # noqa: PLR0913 - a command has as many options as its users need
    *,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            exists=True,
            dir_okay=False,
            help="timestamp, panel_id, temperature_celsius, voltage_volts, current_amperes, "
            "power_output_watts; also irradiance_w_m2, label. Any may be missing but timestamp "
            "and one of volts, amperes, watts.",
        ),
    ] = None,
    json_: JsonOption = False,
    scores: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a score for each row to this file.")
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="Write what a model is given to this NumPy archive, for training."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A model's file; without it the shipped."),
    ] = None,
    rules_only: Annotated[bool, typer.Option(help="Ask no model.")] = False,
    train_days: Annotated[
        float | None,
        typer.Option(min=0, help="Days at the start to learn from; without it a third."),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="PANEL",
            help="Show what is usual for a panel: by the file, or without --csv by what the "
            "agent here has learned.",
        ),
    ] = None,
    latitude: Annotated[
        float | None,
        typer.Option(
            min=-90,
            max=90,
            help="Degrees north: shade is then learned "
            "by the sun's position, not by the time of day.",
        ),
    ] = None,
    longitude: Annotated[
        float | None, typer.Option(min=-180, max=180, help="Degrees east.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Run the detector over a CSV file, as on a gateway, and print the alert episodes."""
    if csv is None:
        if explain is None:
            raise typer.BadParameter("either --csv FILE or --explain PANEL is needed")
        explain_here(load_config(config_path(config)), panel_id=explain, json_=json_)
        return
    sky = Sky(latitude, longitude)
    with _progress() as say:
        rows = read_csv(csv, progress=lambda count: say(f"read {count} rows"))
        found = _tested(
            rows,
            train_until_us=train_until(rows.time_us, days=train_days),
            sky=sky,
            model=None if rules_only else _model(model),
            say=say,
            keep_scores=scores is not None or features is not None,
        )
        if features is not None:
            write_features(features, found=found)
        if scores is not None:
            say(f"writing {scores}")
            write_scores(scores, rows=rows, found=found)
    result = _metrics(rows, found=found)
    baseline = found.detector.watch.learner.baseline
    panel = None if explain is None else explanation(baseline, panel_id=explain, sky=sky)
    if json_:
        _print_json(found, metrics_=result, panel=panel)
        return
    _print_episodes(found)
    if result is not None:
        _print_metrics(result)
    if panel is not None:
        print_explanation(panel)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done; nothing elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task("reading")

        def say(text: str) -> None:
            progress.update(task, description=text)

        yield say


def _tested(
    rows: CsvReadings,
    *,
    train_until_us: int,
    sky: Sky,
    model: Model | None,
    say: Callable[[str], None],
    keep_scores: bool,
) -> Backtest:
    def batches() -> Iterator[Readings]:
        seen = 0
        for batch in batches_of(rows.time_us, readings=rows.readings):
            seen += len(batch)
            say(f"judged {seen} of {len(rows.panel)} rows")
            yield batch

    def irradiance(detector: SiteDetector) -> None:
        if not np.isnan(rows.irradiance_w_m2).all():
            order = np.argsort(rows.time_us, kind="stable")
            detector.windows.add_irradiance(rows.time_us[order], w_m2=rows.irradiance_w_m2[order])

    return backtest(
        batches(),
        irradiance=irradiance,
        train_until_us=train_until_us,
        sky=sky,
        model=model,
        keep_scores=keep_scores,
    )


def _model(path: Path | None) -> Model:
    """Return the model of a file, or the shipped one.

    Raises:
        EdgeError: It cannot be read or used.
    """
    if path is None:
        return Model.shipped()
    try:
        return Model.load(path.read_bytes())
    except (OSError, ModelError) as error:
        raise EdgeError(f"cannot use {path}: {unread(error)}") from error


def _metrics(rows: CsvReadings, *, found: Backtest) -> Metrics | None:
    if rows.fault is None:
        return None
    judged = rows.time_us >= found.tested_from_us
    if not judged.any():
        return None
    return metrics(
        found.told,
        panel_ids=rows.panel_ids,
        panel=rows.panel[judged],
        time_us=rows.time_us[judged],
        fault=rows.fault[judged],
    )


def _print_json(found: Backtest, *, metrics_: Metrics | None, panel: dict[str, Any] | None) -> None:
    episodes = [
        {**msgspec.to_builtins(told.episode), "told_at": from_micros(told.told_us)}
        for told in found.told
    ]
    document = {
        "tested_from": from_micros(found.tested_from_us),
        "window_seconds": (found.detector.windows.width_us or 0) / 1e6,
        "model_version": found.detector.watch.opinion.version,
        "late_readings": found.detector.windows.late,
        "episodes": episodes,
        "metrics": metrics_,
        "explanation": panel,
    }
    print_json({key: value for key, value in document.items() if value is not None})


def _print_episodes(found: Backtest) -> None:
    width = (found.detector.windows.width_us or 0) / 1e6
    print_table(
        ("panel", "type", "severity", "raised", "cleared", "evidence"),
        rows=[_row(told) for told in found.told],
    )
    since, version = from_micros(found.tested_from_us), found.detector.watch.opinion.version
    typer.echo(
        f"{len(found.told)} episodes since {since:%Y-%m-%d %H:%M} UTC, "
        f"in windows of {width:g} seconds, named by "
        f"{'rules' if version is None else f'rules and model {version}'}"
    )


def _row(told: Told) -> tuple[str, ...]:
    episode = told.episode
    shown = {
        name.removesuffix("_share"): value
        for name, value in episode.details.items()
        if name.endswith("_share") and isinstance(value, float) and not name.startswith("limit")
    }
    cleared = "open" if episode.cleared_at is None else f"{episode.cleared_at:%Y-%m-%d %H:%M}"
    evidence = ", ".join(f"{name} {value:+.1%}" for name, value in shown.items())
    return (
        episode.panel or "",
        episode.alert_type,
        episode.severity.value,
        f"{episode.raised_at:%Y-%m-%d %H:%M}",
        cleared,
        evidence,
    )


def _print_metrics(result: Metrics) -> None:
    rows = [
        (name.replace("_", " "), "-" if value is None else f"{value:.4g}")
        for name, value in msgspec.structs.asdict(result).items()
    ]
    print_table(("figure", "value"), rows=rows)
