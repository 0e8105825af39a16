"""When there is sun, and when a panel produces: what availability is counted by."""

from typing import Final

LEAST_W_M2: Final = 50.0
"""Sun in which a panel is expected to produce; guidelines have 50 to 70 W/m2."""
LEAST_SHARE: Final = 0.005
"""Less than this of its rated power is nothing: sensors have offsets."""
