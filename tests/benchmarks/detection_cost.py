"""Share of one core that detection by windows takes: 1,000 panels at 1 Hz, batches of a second."""

import sys
import time
from datetime import UTC, datetime

import numpy as np

from edge_agent.detect import Model, RuleSettings, SiteDetector
from figures import Figure, report
from models.simulator.simulation import Simulation
from models.simulator.site import Site
from shared.alerts import from_micros
from shared.history import History
from shared.readings import Readings
from shared.sky import Sky
from shared.windows import Windows

PANELS = 1_000
SECONDS = 240
PROMISE_SHARE = 0.03


def main() -> int:
    """Judge four minutes at noon, with and without the instant rules."""
    site = Site(name="bench", panels=PANELS, latitude=48.0, longitude=0.0, seed=1)
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    batches = _by_second(Simulation(site).panels(noon, seconds=SECONDS))
    model = Model.shipped()
    detector = SiteDetector(RuleSettings(), sky=Sky(48.0, 0.0), model=model)
    begin = time.process_time()
    for batch in batches:
        detector.look(batch, now=from_micros(int(batch.time_us.max())))
    both = (time.process_time() - begin) / SECONDS
    windows, watch = Windows(), SiteDetector(RuleSettings(), sky=Sky(48.0, 0.0), model=model).watch
    watch._panel_ids = windows.panel_ids
    quiet = detector._muted(PANELS)
    begin = time.process_time()
    closed = 0
    for batch in batches:
        for window in windows.add(batch, now_us=int(batch.time_us.max())):
            watch.step(window, muted=quiet)
            closed += 1
    alone = (time.process_time() - begin) / SECONDS
    name = "share of a core, 1,000 panels at 1 Hz"
    report(
        Figure(f"windows and faults: {name}", alone, PROMISE_SHARE, "promise", 1.0, at_most=True),
        Figure(f"with the instant rules: {name}", both, PROMISE_SHARE, "promise"),
    )
    return 0 if closed and isinstance(watch.learner.history, History) else 1


def _by_second(readings: Readings) -> list[Readings]:
    order = np.argsort(readings.time_us, kind="stable")
    cuts = np.flatnonzero(np.diff(readings.time_us[order] // 1_000_000)) + 1
    return [readings.take(rows) for rows in np.split(order, cuts)]


if __name__ == "__main__":
    sys.exit(main())
