"""Looks for faults in readings, by rules, and tells them as alert episodes.

`detector` is the way of one batch: `samples` (readings to one sample per panel and slot), `panels`
(what was last seen of each), `siblings` (how its neighbours do), `rules/` (does it hold?),
`persistence` (for long enough?), `episodes` (what to tell). `site` adds the look at windows:
`faults/` names what deviates from what was learned of each panel.
"""

from edge_agent.detect.detector import Detector
from edge_agent.detect.faults.looks import Look
from edge_agent.detect.faults.memory import BASELINE, PAGES, read_baseline
from edge_agent.detect.knowledge import Summary
from edge_agent.detect.model import Model, Scores
from edge_agent.detect.settings import RuleSettings
from edge_agent.detect.site import SiteDetector

__all__ = [
    "BASELINE",
    "PAGES",
    "Detector",
    "Look",
    "Model",
    "RuleSettings",
    "Scores",
    "SiteDetector",
    "Summary",
    "read_baseline",
]
