"""JSON as integrations post it: ``{"readings": [...]}``."""

from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from collector.checks.checked import Checked, Facts
from collector.errors import BadBodyError
from collector.receipts import Rejection
from shared.limits import DEFAULT_LIMITS, impossible, suspicious
from shared.messages import parse_payload, to_readings
from shared.readings import QUANTITIES, Readings


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    readings: msgspec.Raw


_decode_body: Final = msgspec.json.Decoder(_Body).decode


def check_json(body: bytes, *, now: datetime) -> Checked:
    """Decode and check ``{"readings": [...]}``; each element stands alone.

    Raises:
        BadBodyError: The body is not such an object.
    """
    try:
        elements = bytes(_decode_body(body).readings).strip()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadBodyError(f'body is not {{"readings": [...]}}: {error}') from error
    if not elements.startswith(b"["):
        raise BadBodyError('body is not {"readings": [...]}: readings is not an array')
    messages = parse_payload(elements) if elements[1:-1].strip() else []
    if not messages:
        return Checked()
    decoded = to_readings(
        messages,
        topic_panels=[None] * len(messages),
        arrivals=[now.timestamp()] * len(messages),
        now=now,
    )
    reasons = dict(decoded.malformed)
    limits = [DEFAULT_LIMITS] * len(decoded.readings.panel_ids)
    readings, origin = decoded.readings, decoded.origin
    if len(readings):
        bad = impossible(readings, limits=limits)
        reasons |= {int(decoded.origin[row]): reason for row, reason in bad.items()}
        flags = suspicious(readings, limits=limits)
        good = np.ones(len(readings), np.bool_)
        good[list(bad)] = False
        values = {name: getattr(readings, name) for name in (*QUANTITIES, "panel", "time_us")}
        readings = Readings(
            panel_ids=readings.panel_ids, quality=readings.quality | flags, **values
        ).take(good)
        origin = origin[good]
    stored = {readings.panel_ids[at] for at in np.unique(readings.panel).tolist()}
    return Checked(
        readings=readings if len(readings) else None,
        origin=np.asarray(origin, np.int64) if len(readings) else None,
        rejected=[Rejection(at, reason) for at, reason in sorted(reasons.items())],
        panels=[
            Facts(panel, latitude=place[0], longitude=place[1])
            for panel, place in decoded.locations.items()
            if panel in stored  # a panel all of whose readings were rejected is not registered
        ],
    )
