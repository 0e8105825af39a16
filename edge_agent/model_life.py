"""Brings models and the detector together: who names the faults, what is made of each window."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from edge_agent.config import Config
from edge_agent.detect import Look, Model, Scores, SiteDetector
from edge_agent.detect.faults.opinion import named_by
from edge_agent.errors import ModelError
from edge_agent.identity import IdentityFiles
from edge_agent.model_download import ModelSource
from edge_agent.model_fetching import ModelFetching, Pin
from edge_agent.models import Limits, Models, Seen, Sources, Speed, Store, models_folder

_LOOK_SECONDS: Final = 1.0
_HOUR_SECONDS: Final = 3600.0


class TimedModel(Model):
    """A model that knows how long its calls take, and whether one failed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as `Model` takes
        super().__init__(*arguments, **options)
        self.speed = Speed()
        """How long its calls take."""
        self.failure: str | None = None
        """Why a call failed, if one did."""

    def score(self, features: NDArray[np.float32]) -> Scores:
        """Ask the model; see `Model.score`."""
        begun = time.perf_counter()
        try:
            return super().score(features)
        except ModelError as error:
            self.failure = str(error)
            raise
        finally:
            self.speed.took(time.perf_counter() - begun)


class ModelLife:
    """The models of a running agent.

    Args:
        config: What the agent does.
        detector: What asks the model in use.
        identity: Who vouches for models.
    """

    def __init__(self, config: Config, *, detector: SiteDetector, identity: IdentityFiles) -> None:
        self._settings = config.detect.model
        self._store = Store(models_folder(config.buffer.path))
        self._pin = Pin(identity, path=config.identity.path)
        self.models = Models(
            self._store,
            limits=Limits(
                shadow_hours=self._settings.shadow_hours,
                max_call_milliseconds=self._settings.max_call_milliseconds,
                max_alarms_per_panel_day=self._settings.max_alarms_per_panel_day,
                max_more_alarms_per_panel_day=self._settings.max_more_alarms_per_panel_day,
                min_agreement=self._settings.min_agreement,
            ),
            sources=Sources(
                load=TimedModel.load,
                shipped=TimedModel.shipped,
                names=_names,
                use=detector.use,
                key=self._pin.key,
            ),
        )
        """Which is used, and which is tried."""
        self._begun = asyncio.Event()
        detector.observe = self._observe

    async def begin(self) -> None:
        """Load the model in use and the one on trial, beside everything else."""
        await self.models.begin(now=time.time())
        self._begun.set()

    async def watch(self) -> NoReturn:
        """Do what is due, for ever: a person's orders, giving up what fails, ending trials."""
        while True:
            await self.models.tick(now=time.time())
            await asyncio.sleep(_LOOK_SECONDS)

    async def fetch(self, source: ModelSource, *, ready: Callable[[], bool]) -> NoReturn:
        """Keep up with what the collector offers, for ever, once there is what it is tried beside.

        Args:
            source: The collector's models.
            ready: Whether the collector is there.
        """
        fetching = ModelFetching(
            source,
            models=self.models,
            store=self._store,
            pin=self._pin,
            every_seconds=self._settings.check_hours * _HOUR_SECONDS,
        )
        await self._begun.wait()
        await fetching.run(ready=ready)

    def save(self) -> None:
        """Write down how a trial goes, before the agent stops."""
        self.models.save(now=time.time())

    def _observe(self, look: Look) -> None:
        window = look.window
        seen = Seen(look.features, look.ruled, look.named, window.start_us, window.end_us)
        self.models.observe(seen)


def _names(model: TimedModel, seen: Seen) -> NDArray[np.int8]:
    return named_by(model, features=seen.features, ruled=seen.ruled)
