"""Reading CSV files of readings, of any interval and scale: columns, with errors by line."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import EdgeError
from shared.readings import Readings, to_thousandths

Array = NDArray[np.float64]

MEASURED: Final = ("temperature_celsius", "voltage_volts", "current_amperes", "power_output_watts")
SITE: Final = ("irradiance_w_m2", "ambient_celsius")

_ROWS: Final = 100_000
_ABSENT: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})
_HEALTHY: Final = frozenset({"", "0", "0.0", "normal", "healthy", "ok", "none", "false", "nan"})
_MILLISECONDS_FROM: Final = 1e11
_PLAIN: Final = len("2026-06-01T12:00:00")
_NO_TIME: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class CsvReadings:
    """The rows of a file in its order; arrays of shape ``(n,)``."""

    panel_ids: tuple[str, ...]
    """The panels that occur."""
    panel: NDArray[np.int32]
    """Index into ``panel_ids``."""
    time_us: NDArray[np.int64]
    """Microseconds since 1970-01-01 UTC; a time without a zone is taken as UTC."""
    values: Array
    """In the order of `MEASURED`, NaN when missing: ``(4, n)``."""
    irradiance_w_m2: Array
    """NaN when missing."""
    fault: NDArray[np.bool_] | None
    """Whether the label names a fault; None without such a column."""

    def readings(self, rows: NDArray[np.intp]) -> Readings:
        """Return some rows as readings."""
        celsius, volts, amperes, watts = (to_thousandths(values[rows]) for values in self.values)
        return Readings(
            panel_ids=self.panel_ids,
            panel=self.panel[rows],
            time_us=self.time_us[rows],
            temperature_mc=celsius,
            voltage_mv=volts,
            current_ma=amperes,
            power_mw=watts,
            quality=np.zeros(len(rows), np.int16),
        )


def read_csv(path: Path, *, progress: Callable[[int], None]) -> CsvReadings:
    """Read a file.

    Args:
        path: The file.
        progress: Called with the number of rows read so far.

    Raises:
        EdgeError: It cannot be read, a column is missing, or a value is none; the text names the
            line, the column and the value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _read(file, name=path.name, progress=progress)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EdgeError(f"cannot read {path}: {error}") from error


def _read(file: TextIO, *, name: str, progress: Callable[[int], None]) -> CsvReadings:
    rows = csv.reader(file)
    header = [column.strip().lower() for column in next(rows, [])]
    places = _places(header, name=name)
    position: dict[str, int] = {}
    chunks: list[tuple[NDArray[np.int32], NDArray[np.int64], Array, NDArray[np.bool_]]] = []
    line = 2
    for chunk in _chunks(rows):
        chunks.append(_columns(chunk, places=places, position=position, line=line, name=name))
        line += len(chunk)
        progress(line - 2)
    if not chunks:
        raise EdgeError(f"{name} has no rows")
    panel, time_us, values, fault = zip(*chunks, strict=True)
    numbers = np.concatenate(values, axis=1)
    return CsvReadings(
        tuple(position),
        np.concatenate(panel),
        np.concatenate(time_us),
        numbers[:4],
        numbers[4],
        np.concatenate(fault) if "label" in places else None,
    )


def _places(header: Sequence[str], *, name: str) -> dict[str, int]:
    known = ("timestamp", "panel_id", *MEASURED, *SITE, "label")
    places = {column: header.index(column) for column in known if column in header}
    if "timestamp" not in places:
        raise EdgeError(
            f"{name}, line 1: there is no column timestamp; there are, between commas, {header}"
        )
    if not {"voltage_volts", "power_output_watts", "current_amperes"} & places.keys():
        raise EdgeError(
            f"{name}, line 1: there is none of the columns {', '.join(MEASURED[1:])}; "
            f"there are, between commas, {header}"
        )
    return places


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while chunk := list(islice(rows, _ROWS)):
        yield chunk


def _columns(
    chunk: list[list[str]],
    *,
    places: dict[str, int],
    position: dict[str, int],
    line: int,
    name: str,
) -> tuple[NDArray[np.int32], NDArray[np.int64], Array, NDArray[np.bool_]]:
    least = max(places.values()) + 1
    for number, row in enumerate(chunk):
        if len(row) < least:
            raise EdgeError(
                f"{name}, line {line + number}: {len(row)} values, the header has {least} or more"
            )

    def column(wanted: str) -> list[str]:
        place = places.get(wanted)
        return [""] * len(chunk) if place is None else [row[place].strip() for row in chunk]

    where = f"{name}, line "
    ids = column("panel_id") if "panel_id" in places else ["panel"] * len(chunk)
    panel = np.array([position.setdefault(each, len(position)) for each in ids], np.int32)
    time_us = _times(column("timestamp"), line=line, where=where)
    wanted = (*MEASURED, SITE[0])
    values = np.stack(
        [_numbers(column(each), column=each, line=line, where=where) for each in wanted]
    )
    fault = np.array([label.lower() not in _HEALTHY for label in column("label")], np.bool_)
    return panel, time_us, values, fault


def _numbers(texts: list[str], *, column: str, line: int, where: str) -> Array:
    try:
        values = np.array(["nan" if text == "" else text for text in texts], np.float64)
    except ValueError:
        values = np.array(
            [_number(t, where=f"{where}{line + n}, {column}") for n, t in enumerate(texts)]
        )
    return np.where(np.isfinite(values), values, np.nan)


def _number(text: str, *, where: str) -> float:
    if text.lower() in _ABSENT:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise EdgeError(f"{where} is {text!r}, expected is a number or nothing") from None


def _times(texts: list[str], *, line: int, where: str) -> NDArray[np.int64]:
    try:
        seconds = np.array(texts, np.float64)
    except ValueError:
        pass
    else:
        if np.isfinite(seconds).all():
            scale = 1e3 if float(np.abs(seconds).max()) >= _MILLISECONDS_FROM else 1e6
            return np.rint(seconds * scale).astype(np.int64)
    plain = [text.removesuffix("Z").removesuffix("+00:00") for text in texts]
    if all(len(text) <= _PLAIN or text[_PLAIN:].startswith(".") for text in plain):
        try:
            micros = np.array(plain, "datetime64[us]").astype(np.int64)
        except ValueError:
            micros = np.array([_NO_TIME])
        if (micros != _NO_TIME).all():
            return micros
    found = [_time(t, where=f"{where}{line + n}, timestamp") for n, t in enumerate(texts)]
    return np.array(found, np.int64)


def _time(text: str, *, where: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise EdgeError(
            f"{where} is {text!r}, expected is RFC 3339 as in 2026-06-01T12:00:00Z, "
            "or seconds or milliseconds since 1970"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1e6)
