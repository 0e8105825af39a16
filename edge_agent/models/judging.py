"""When a model is given up, and when a new one is no worse than the one in use."""

from typing import NamedTuple

from edge_agent.models.asked import Asked
from edge_agent.models.record import Trial
from edge_agent.models.tally import Day


class Limits(NamedTuple):
    """What a model has to keep to."""

    shadow_hours: float
    """For how long a new one is tried beside the one in use; 0 uses it at once."""
    max_call_milliseconds: float
    """What 95 of 100 calls must stay below."""
    max_alarms_per_panel_day: float
    """More of them, and it is given up."""
    max_more_alarms_per_panel_day: float
    """So many more than the one in use may a new one have."""
    min_agreement: float
    """On so large a share of panels and windows must a new one say what the one in use says."""


def unfit(model: Asked, *, day: Day, rules: Day, limits: Limits) -> str | None:
    """Say why a model cannot go on, if so.

    Args:
        model: In use, or on trial.
        day: The alarms with it.
        rules: Those of the rules alone: what they do is not its fault.
        limits: What it has to keep to.
    """
    if model.failure is not None:
        return model.failure
    milliseconds = model.speed.milliseconds()
    if milliseconds is not None and milliseconds > limits.max_call_milliseconds:
        return (
            f"it is too slow: 5 of 100 calls take over {milliseconds:.0f} ms, allowed are "
            f"{limits.max_call_milliseconds:g}"
        )
    allowed = limits.max_alarms_per_panel_day
    if day.too_many(allowed) and not rules.too_many(allowed):
        return (
            f"it alarms too often: {day.alarms} times for {day.panels} panels within a day, the "
            f"rules alone {rules.alarms} times; allowed are {allowed:g} a panel"
        )
    return None


def worse(trial: Trial, *, limits: Limits) -> str | None:
    """Say in what a candidate did worse than the model in use, if so."""
    allowed = trial.rate_in_use + limits.max_more_alarms_per_panel_day
    if trial.rate > allowed:
        return (
            f"on trial it alarmed {trial.rate:.3g} times per panel-day, the model in use "
            f"{trial.rate_in_use:.3g}: allowed are {allowed:.3g}"
        )
    agreement = trial.agreement
    if trial.against and agreement is not None and agreement < limits.min_agreement:
        return (
            f"on trial it agreed with model {trial.against} on {agreement:.1%}, allowed is "
            f"{limits.min_agreement:.1%} or more"
        )
    return None
