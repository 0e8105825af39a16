"""What the shipped model costs a gateway, measured in a process of its own."""

import subprocess
import sys

_MOST_KB = 8192  # from 2.8 MB to 4.2 MB were measured, by processor
_SCRIPT = """
import numpy as np
import onnxruntime  # what it maps is not the model's
from edge_agent.detect.model import Model
from shared.vectors import NAMES

def own_kb():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))

rows = np.tile(np.linspace(-0.5, 0.5, len(NAMES), dtype=np.float32), (1000, 1))
before = own_kb()
model = Model.shipped()
for _ in range(100):
    model.score(rows)
print(own_kb() - before)
"""


def test_the_shipped_model_takes_less_than_eight_megabytes_of_its_own():
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], check=True, capture_output=True, text=True, timeout=60
    )
    assert 0 < int(done.stdout) < _MOST_KB
