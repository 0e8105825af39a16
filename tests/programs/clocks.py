"""A computer whose clocks a test sets; true time goes on by itself when told."""

from dataclasses import dataclass

SECOND = 1_000_000
YEAR = 365 * 86_400 * SECOND
TRUE_US = 1_780_000_000 * SECOND
"""The true time at which the computer starts: May 2026."""


@dataclass
class SetClocks:
    """Stands for the kernel."""

    error_us: int = 0
    up_us: int = 30 * SECOND
    synced: bool = False
    id: bytes = b"boot" * 4

    def boot(self):
        return self.id

    def since_boot_us(self):
        return self.up_us

    def offset_us(self):
        return TRUE_US + self.error_us

    def synchronised(self):
        return self.synced

    @property
    def true_us(self):
        """The true time now."""
        return TRUE_US + self.up_us

    def passes(self, seconds):
        self.up_us += round(seconds * SECOND)

    def is_set_right(self, *, kernel=True):
        self.error_us, self.synced = 0, kernel
