"""What systemd knows of units, where it is not what runs this machine."""

from programs.installing import ensure


def analyze() -> str:
    """Return the path of `systemd-analyze`.

    Raises:
        MissingProgramError: There is none and it cannot be had.
    """
    return ensure("systemd-analyze", package="systemd")
