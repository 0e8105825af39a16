"""A score for each row of a file: what it deviates, and whether it was in an episode."""

import csv
from pathlib import Path

import numpy as np

from edge_agent.backtest import Backtest
from edge_agent.cli.csvfile import CsvReadings
from edge_agent.errors import EdgeError
from edge_agent.scoring import alarmed_rows
from shared.alerts import from_micros
from shared.baselines import FEATURES
from shared.vectors import NAMES

_COLUMNS = ("timestamp", "panel_id", "alarm", "alert_type", "score")


def write_scores(path: Path, *, rows: CsvReadings, found: Backtest) -> None:
    """Write a line for each row, in the order of the file.

    ``score`` is how far the most unusual thing about the panel is from usual, in its own standard
    deviations; what follows are the deviations themselves, empty where nothing can be told.

    Raises:
        EdgeError: The file cannot be written.
    """
    _, inside = alarmed_rows(
        found.told, panel_ids=rows.panel_ids, panel=rows.panel, time_us=rows.time_us
    )
    types = [told.episode.alert_type for told in found.told]
    starts = np.array(found.scores.starts_us, np.int64)
    window = np.searchsorted(starts, rows.time_us, side="right") - 1
    width_us = found.detector.windows.width_us or 0
    number = {panel: at for at, panel in enumerate(found.detector.windows.panel_ids)}
    at = [number.get(panel_id, -1) for panel_id in rows.panel_ids]
    try:
        with path.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow((*_COLUMNS, *FEATURES))
            for row, (panel, time_us) in enumerate(
                zip(rows.panel.tolist(), rows.time_us.tolist(), strict=True)
            ):
                place = int(window[row])
                judged = place >= 0 and time_us < starts[place] + width_us
                scores = _scores(found, window=place, panel=at[panel]) if judged else None
                kind = types[inside[row]] if inside[row] >= 0 else ""
                lines.writerow(
                    (
                        from_micros(time_us).isoformat().replace("+00:00", "Z"),
                        rows.panel_ids[panel],
                        int(bool(kind)),
                        kind,
                        *(scores or [""] * (1 + len(FEATURES))),
                    )
                )
    except OSError as error:
        raise EdgeError(f"cannot write {path}: {error.strerror}") from error


def write_features(path: Path, *, found: Backtest) -> None:
    """Write what a model is given of each window, for training: a NumPy archive.

    It holds ``starts_us`` (windows), ``panel_ids``, ``names``, ``features`` (windows, panels,
    names), NaN where nothing can be told, and ``named``, the number of the kind of fault the
    panel's deviation was taken for, negative without.

    Raises:
        EdgeError: The file cannot be written.
    """
    ids, scores = found.detector.windows.panel_ids, found.scores
    shape = (len(scores.starts_us), len(ids))
    features = np.full((*shape, len(NAMES)), np.nan, np.float32)
    named = np.full(shape, -1, np.int8)
    for row, (vectors, kinds) in enumerate(zip(scores.vectors, scores.named, strict=True)):
        features[row, : len(vectors)] = vectors
        named[row, : len(kinds)] = kinds
    try:
        with path.open("wb") as file:
            np.savez(
                file,
                starts_us=np.array(scores.starts_us, np.int64),
                panel_ids=np.array(ids),
                names=np.array(NAMES),
                features=features,
                named=named,
            )
    except OSError as error:
        raise EdgeError(f"cannot write {path}: {error.strerror}") from error


def _scores(found: Backtest, *, window: int, panel: int) -> list[str] | None:
    z, deviation = found.scores.z[window], found.scores.deviations[window]
    if not 0 <= panel < z.shape[1] or np.isnan(deviation[:, panel]).all():
        return None
    worst = float(np.nan_to_num(np.abs(z[:, panel])).max())
    values = ["" if np.isnan(value) else f"{value:.4f}" for value in deviation[:, panel].tolist()]
    return [f"{worst:.2f}", *values]
