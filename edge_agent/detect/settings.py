"""The settings of the rules: the configuration's table ``[detect]``."""

from typing import Annotated

import msgspec

from shared.limits import MISMATCH_SHARE, MISMATCH_WATTS

Amount = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class OverTemperature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a module is too hot."""

    limit_celsius: float = 85.0
    """Above this it is too hot: severity medium."""
    hysteresis_celsius: Amount = 5.0
    """How far below the limit it must fall to be fine again."""
    high_above_celsius: Amount = 10.0
    """This far above the limit the severity is high."""
    critical_above_celsius: Amount = 20.0
    """This far above the limit the severity is critical."""
    raise_after_seconds: Amount = 30.0
    """How long it must hold."""
    clear_after_seconds: Amount = 60.0
    """How long it must be fine again."""


class PowerMismatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When power is not voltage times current."""

    watts: Amount = MISMATCH_WATTS
    """A smaller difference is fine."""
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = MISMATCH_SHARE
    """A smaller difference, relative to the larger of both, is fine."""
    medium_from_share: Share = 0.25
    """From this relative difference on the severity is medium, below it low."""
    raise_after_seconds: Amount = 120.0
    """How long it must hold."""
    clear_after_seconds: Amount = 120.0
    """How long it must be fine again."""


class ZeroPower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a panel produces nothing while its siblings do."""

    share: Share = 0.1
    """Below this share of the siblings' median power it counts as nothing."""
    clear_share: Share = 0.2
    """From this share on it is fine again."""
    siblings_watts: Amount = 40.0
    """Siblings' median power below this tells nothing."""
    raise_after_seconds: Amount = 180.0
    """How long it must hold."""
    clear_after_seconds: Amount = 60.0
    """How long it must be fine again."""


class Flatline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When all values of a panel stay exactly the same."""

    producing_watts: Amount = 5.0
    """From this power on no real panel stands still."""
    siblings_watts: Amount = 40.0
    """While the siblings' median is this much, a panel standing still at zero is suspect too."""
    raise_after_seconds: Amount = 600.0
    """How long it must hold."""
    clear_after_seconds: Amount = 60.0
    """How long its values must move again."""


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a new model comes into use, and when one is given up."""

    check_hours: Annotated[float, msgspec.Meta(gt=0, le=720)] = 1.0
    """How often to ask the collector which model to try."""
    shadow_hours: Amount = 24.0
    """For how long a new one is tried beside the one in use; 0 uses it at once."""
    max_call_milliseconds: Annotated[float, msgspec.Meta(gt=0)] = 500.0
    """What 95 of 100 calls, one a window, must stay below."""
    max_alarms_per_panel_day: Amount = 1.0
    """More of them within a day, and the model is given up."""
    max_more_alarms_per_panel_day: Amount = 0.1
    """So many more than the one in use may a new one have on trial."""
    min_agreement: Share = 0.9
    """On so large a share of panels and windows must it say what the one in use says."""


class RuleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table for each rule, and one for the model that names what they find."""

    over_temperature: OverTemperature = OverTemperature()
    """When a module is too hot."""
    power_mismatch: PowerMismatch = PowerMismatch()
    """When power is not voltage times current."""
    zero_power: ZeroPower = ZeroPower()
    """When a panel produces nothing while its siblings do."""
    flatline: Flatline = Flatline()
    """When all values of a panel stay exactly the same."""
    model: ModelSettings = ModelSettings()
    """How a new model comes into use, and when one is given up."""
