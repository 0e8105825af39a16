"""A wall clock of a program's own, which a test sets while the program runs."""

from pathlib import Path

from programs.installing import MissingProgramError, ensure


def library() -> Path:
    """Return the library that tells a program another time.

    Raises:
        MissingProgramError: There is none and it cannot be had.
    """
    ensure("faketime", package="faketime")
    for folder in ("/usr/lib", "/usr/local/lib"):
        for found in sorted(Path(folder).glob("**/faketime/libfaketime.so.1")):
            return found
    raise MissingProgramError("tests need libfaketime; Debian and Ubuntu: apt-get install faketime")


class WallClock:
    """The wall clock of a program; the time since boot stays the true one."""

    def __init__(self, folder: Path) -> None:
        """Make it, right at first."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "faketime"
        self.differs_by(seconds=0)

    @property
    def environment(self) -> dict[str, str]:
        """What to run a program with."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # To read it at every look at the clock takes most of a processor.
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def differs_by(self, *, seconds: int) -> None:
        """Set it, so many seconds ahead of the true time; a program sees it within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}")
        new.replace(self._file)
