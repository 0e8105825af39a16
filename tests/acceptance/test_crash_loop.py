"""Any part is killed at any moment, again and again: the rows are the published readings."""

import os
import random
import secrets

import pytest

from programs.crashes import crashing_path
from programs.soak import rounds


@pytest.mark.soak
def test_parts_killed_at_random_moments_lose_nothing_and_double_nothing(tmp_path, proof):
    """`HELIOGRAPH_SEED` makes the same choices again; the moments stay the machine's own.

    Mosquitto acknowledges a message before it writes it down, even when told to write down every
    change, so a kill in between loses it: a fault no subscriber can mend. What was acknowledged to
    the publisher after the last writing, it publishes again; only what was acknowledged before is
    the broker's to keep (`Mosquitto.saved_at` says why that is known).
    """
    seed = int(os.environ.get("HELIOGRAPH_SEED") or secrets.randbits(32))
    kills = rounds(20, soak=1000)
    with crashing_path(tmp_path) as path:
        outcome = path.crash(kills, rng=random.Random(seed))
    said = f"HELIOGRAPH_SEED={seed}: {outcome}"
    proof(
        "SIGKILL of a random part",
        cases=outcome.kills.total(),
        readings=outcome.published,
        lost=outcome.lost,
        doubled=outcome.doubled,
        note=f"HELIOGRAPH_SEED={seed}",
    )
    assert (outcome.lost, outcome.doubled, outcome.foreign) == (0, 0, 0), said
    assert outcome.exits["agent"] == outcome.exits["postmaster"] == outcome.exits["broker"] == 0, (
        said
    )
    assert outcome.published > 10 * kills
