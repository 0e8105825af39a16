"""`python -m models.evaluate`: the detector's figures, on simulated and on real panels."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from models.evaluate import siblings, simulated
from models.evaluate.picture import draw
from models.evaluate.plant import read_plant

app: Final = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.command("siblings")
def real(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Of the CSV files.")],
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Losses per inverter.")] = 1,
) -> None:
    """Measure on 22 real inverters: learn from 15 days, put losses into the other 19."""
    plant = read_plant(folder)
    false, outages, missed = siblings.false_alarms(plant)
    days = siblings.inverter_days(plant)
    for alert in false:
        typer.echo(f"  false: {alert.panel} {alert.alert_type} {alert.raised_s:.0f}")
    typer.echo(f"false alarms {len(false)} in {days} inverter-days: {len(false) / days:.4f} a day")
    typer.echo(f"alarms of real outages {len(outages)}; outage-days not found {missed}")
    for loss in siblings.LOSSES:
        _print_loss(siblings.losses_found(plant, loss=loss, rounds=rounds))
    _print_loss(siblings.slow_losses_found(plant, rounds=rounds))


def _print_loss(each: siblings.Figures) -> None:
    typer.echo(
        f"loss {each.loss:.0%}: found {each.found:.2f} of {each.injected}, "
        f"median delay {each.median_delay_minutes:.0f} minutes"
    )


@app.command("simulated")
def made(
    *,
    tuning: Annotated[
        bool, typer.Option(help="The site for tuning, not those for testing.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Draw the confusion matrix here.")
    ] = None,
    rules_only: Annotated[bool, typer.Option(help="Ask no model.")] = False,
) -> None:
    """Measure on simulated sites with each of 13 classes of fault."""
    events, false, days = [], 0, 0.0
    for scene in simulated.TUNING if tuning else simulated.TEST:
        found, wrong, judged = simulated.evaluate(scene, rules_only=rules_only)
        events += found
        false, days = false + len(wrong), days + judged
        for alert in wrong:
            typer.echo(
                f"  false: {scene.name} {alert.panel} {alert.alert_type} {alert.raised_s:.0f}"
            )
    delays = [event.delay_s for event in events if event.delay_s is not None]
    right = [e.called in simulated.RIGHT_NAMES[e.fault] for e in events if e.called is not None]
    for name in simulated.RIGHT_NAMES:
        mine = [event for event in events if event.fault == name]
        called = Counter(event.called or "not found" for event in mine)
        typer.echo(
            f"  {name} {len(mine)}: {', '.join(f'{k} {n}' for k, n in called.most_common())}"
        )
    typer.echo(
        f"events {len(events)}, found {len(delays) / len(events):.3f}, "
        f"median delay {np.median(delays) / 60:.1f} minutes, named rightly {np.mean(right):.3f}"
    )
    if picture is not None:
        draw(events, path=picture)
    typer.echo(f"false alarms {false} in {days:g} panel-days: {false / days:.4f} a day")


if __name__ == "__main__":
    app()
