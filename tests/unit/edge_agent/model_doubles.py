"""Models whose files say what they do; what is tested is who is asked, not what ONNX computes."""

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.errors import ModelError
from edge_agent.models import Speed
from programs.onnx_files import onnx_file
from shared.model_card import ModelCard
from shared.onnx_file import metadata_of

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


class TestModel:
    """Sees the fault of each row whose first feature is below what its file says."""

    __test__ = False

    def __init__(self, data):
        told = {name.removeprefix("heliograph."): v for name, v in metadata_of(data).items()}
        if "broken" in told:
            raise ModelError(f"the model cannot be read: {told['broken']}")
        self.version = told["version"]
        self.below = float(told.get("below", 0.0))
        self.fault = int(told.get("fault", 1))
        self.milliseconds = float(told.get("milliseconds", 1.0))
        self.fails_after = int(told.get("fails_after", -1))
        self.speed = Speed()
        self.failure = None

    def score(self, features):
        self.speed.took(self.milliseconds / 1e3)
        if self.fails_after == 0:
            self.failure = f"the model {self.version} fails: out of its depth"
            raise ModelError(self.failure)
        self.fails_after -= 1
        faulty = np.nan_to_num(features[:, 0], nan=1.0) < self.below
        return np.where(faulty, self.fault, -1).astype(np.int8)


def signed(version, *, key=KEY, **behaviour):
    """A file and what vouches for it."""
    data = onnx_file(version, **behaviour)
    return ModelCard.sign(data, version=version, key=key), data
