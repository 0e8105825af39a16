"""A bound on how much of something is done at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from collector.errors import ProblemError

RETRY_AFTER_SECONDS: Final = 30


class Slots:
    """So many at once; one too many is turned away, not kept waiting.

    Args:
        limit: How many.
        what: What is done, in the plural.
        setting: The variable that says how many, for whoever is turned away.
        observe: Called with how many are held, whenever that changes.
    """

    def __init__(
        self,
        limit: int,
        *,
        what: str,
        setting: str,
        observe: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._limit = limit
        self._what = what
        self._setting = setting
        self._observe = observe
        self._taken = 0

    def __len__(self) -> int:
        return self._taken

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold one for as long as the context lasts.

        Raises:
            ProblemError: As many as are allowed are held.
        """
        if self._taken >= self._limit:
            raise ProblemError(
                f"{self._taken} {self._what} run already, as many as {self._setting} allows in a "
                f"process; try again in {RETRY_AFTER_SECONDS} s",
                status=429,
                title=f"too many {self._what}",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        self._taken += by
        self._observe(self._taken)
