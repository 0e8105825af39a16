"""Quality flags: what was suspicious about a reading that was stored all the same."""

from enum import IntFlag


class Quality(IntFlag):
    """One bit for each reason, kept with the reading as int16; 0 means nothing was suspicious."""

    TEMPERATURE = 1
    """The temperature is outside its nominal range."""
    VOLTAGE = 2
    """The voltage is outside its nominal range."""
    CURRENT = 4
    """The current is outside its nominal range."""
    POWER = 8
    """The power is outside its nominal range."""
    POWER_MISMATCH = 16
    """Power and voltage times current differ by more than 5 W and more than 10 %."""
    ARRIVAL_TIME = 32
    """The message carried no time: this is when the gateway received it."""
    TIME_SUSPECT = 64
    """The gateway's clock was not synchronised when it came, and could not be corrected later."""
    THINNED = 128
    """The mean of a panel's readings of one minute, made when the gateway's buffer was full."""


class WindowQuality(IntFlag):
    """What is to be known about a window of a panel before its figures are believed."""

    COLD = 1
    """Compared with its siblings only: nothing was learned of its own days yet."""
    SHADED = 2
    """The sun is where shade is usual for it."""
    STILL = 4
    """Neither voltage, current nor power has changed since the window before."""
    MUTED = 8
    """An instant rule tells something of it already."""
    INCOMPLETE = 16
    """A quantity was not measured."""
    NOVEL = 32
    """It looks like hardly anything the model that names faults was trained on."""
