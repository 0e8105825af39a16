"""Puts the detector together, with what an earlier run learned and left open."""

import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from edge_agent.config import Config
from edge_agent.detect import PAGES, SiteDetector
from edge_agent.detection import Detection
from edge_agent.learned import Learned
from edge_agent.outbox import Outbox
from edge_agent.panels import PanelBook
from shared.errors import InvalidBaselineError
from shared.sky import Sky

LEARNED: Final = "learned."
"""Begins the names under which an outbox keeps what was learned of its panels."""
_EPISODES: Final = "open_episodes"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_detector(config: Config) -> AsyncIterator[SiteDetector]:
    """Make a detector that learns in a thread of its own, so that no flush waits for it."""
    site, panels = config.site, PanelBook(config.panels)
    with ThreadPoolExecutor(1, thread_name_prefix="learn") as school:
        yield SiteDetector(
            config.detect,
            panels.group_of,
            sky=Sky(site.latitude, site.longitude),
            teach=school.submit,
        )
        school.shutdown(cancel_futures=True)


async def restored(detector: SiteDetector, *, outbox: Outbox) -> Detection:
    """Return a detector's place in the pipeline, with what is kept of an earlier run."""

    async def remember(episodes: bytes) -> None:
        await outbox.state.remember(_EPISODES, value=episodes)

    names = {LEARNED + page: page for page in PAGES}
    kept = await outbox.state.recall_all(list(names))
    try:
        detector.relearn({names[name]: page for name, page in kept.items()})
    except InvalidBaselineError as error:
        _log.error("learning anew what is usual for the panels: %s", error)
    detector.record_windows()
    detection = Detection(detector, remember=remember)
    detection.restore(await outbox.state.recall(_EPISODES))
    return detection


def learned_of(detector: SiteDetector, *, outbox: Outbox, detection: Detection) -> Learned:
    """Return what keeps what a detector learns."""

    async def remember(pages: Mapping[str, bytes]) -> None:
        await outbox.state.remember_all({LEARNED + name: page for name, page in pages.items()})

    return Learned(detector.pages, remember=remember, readings=lambda: detection.readings)
