"""The rules, one file each. A rule judges samples; how long that must hold is not its concern."""

from edge_agent.detect.rules.flatline import FlatlineRule
from edge_agent.detect.rules.judgement import Judgement, Rule, Told
from edge_agent.detect.rules.over_temperature import OverTemperatureRule
from edge_agent.detect.rules.power_mismatch import PowerMismatchRule
from edge_agent.detect.rules.zero_power import ZeroPowerRule
from edge_agent.detect.settings import RuleSettings

__all__ = ["Judgement", "Rule", "Told", "rules_of"]


def rules_of(settings: RuleSettings) -> tuple[Rule, ...]:
    """Return the rules in force."""
    return (
        OverTemperatureRule(settings.over_temperature),
        PowerMismatchRule(settings.power_mismatch),
        ZeroPowerRule(settings.zero_power),
        FlatlineRule(settings.flatline),
    )
