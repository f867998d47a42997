"""Measure the occupancy forecast on a recorded series: fitted on what lies before a date, judged on what
follows.

The series: a CSV (gzip or plain) of `ts_utc` and a column a lot, every quarter hour; the lots: JSON of
`{lot: {"capacity": n}}`. One origin every half hour; a target counts where it and its origin are present.
The error of a lot is the mean absolute difference in percent of its capacity; lots are averaged. MASE
divides a lot's error by the mean absolute difference to the same time last week over the whole series.
"""

import csv
import gzip
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from facility.errors import Invalid
from gateway.parking.forecast_model import fit, forecast
from gateway.parking.rules.forecast_calendar import SiteCalendar, german_holidays
from gateway.parking.rules.forecast_features import derive
from gateway.parking.rules.forecast_series import (
    HORIZONS,
    LONGEST,
    STEP,
    STEPS_A_WEEK,
    Array,
    Series,
    Whole,
    read_series,
)


class SeriesUnreadable(Invalid):
    """The recorded series or its lots cannot be read; the detail says what and where."""

    code = "parking.series_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recorded series: occupied bays (T, lots) with NaN for a gap, and each lot's capacity."""

    start_at: datetime
    bays: Array
    capacity: Array
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """How far off a horizon was; `covered_pct` is how often the interval held what came."""

    mae_pct: float
    mase: float
    covered_pct: float
    n: int


def occupancy_backtest(csv_path: Path, lots_path: Path, from_date: date) -> int:
    """Measure and print; the last line is the answer as JSON.

    Returns:
        0.

    Raises:
        SeriesUnreadable: a file cannot be read, or there is nothing to fit on or to judge.
    """
    recorded = read_recorded(csv_path, lots_path)
    years = range(recorded.start_at.year, recorded.start_at.year + 3)
    calendar = SiteCalendar(timezone=ZoneInfo("Europe/Berlin"), holidays=german_holidays(years))
    sys.stderr.write("calendar: Europe/Berlin with the national holidays of Germany\n")
    judged, fitted_s, forecast_ms = measure(recorded, from_date, calendar)
    timing = {"fitted_s": round(fitted_s, 1), "forecast_ms": round(forecast_ms, 1)}
    sys.stdout.write(json.dumps({"lots": len(recorded.lots), "from": from_date.isoformat(), **timing}) + "\n")
    answer = {
        name: {
            "mae_pct": round(error.mae_pct, 4),
            "mase": round(error.mase, 4),
            "covered_pct": round(error.covered_pct, 1),
            "n": error.n,
        }
        for name, error in judged.items()
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def measure(
    recorded: Recorded, from_date: date, calendar: SiteCalendar
) -> tuple[dict[str, Error], float, float]:
    """Fit before a date (00:00 UTC) and judge from there to the end.

    Returns:
        The errors by horizon, the seconds the fit took, and the milliseconds a forecast of all lots at one
        moment took.
    """
    begin = int(
        (datetime(from_date.year, from_date.month, from_date.day, tzinfo=UTC) - recorded.start_at) / STEP
    )
    rows = len(recorded.bays)
    if not STEPS_A_WEEK < begin < rows - LONGEST:
        raise SeriesUnreadable(f"{from_date} leaves nothing to fit on or nothing to judge")
    series = read_series(recorded.start_at, recorded.bays / recorded.capacity, calendar)
    begun = time.perf_counter()
    forecaster = fit(series, begin)
    fitted_s = time.perf_counter() - begun
    derived = derive(series)
    begun = time.perf_counter()
    forecast(forecaster, series, np.array([rows - 1]), derived)
    forecast_ms = (time.perf_counter() - begun) * 1000
    scale = _week_difference(recorded)
    origins = np.arange(begin, rows)
    origins = origins[_is_half_hour(series, origins)]
    made = forecast(forecaster, series, origins, derived)
    errors = {
        name: _error(
            recorded, origins, horizon, made[horizon].expected, made[horizon].low, made[horizon].high, scale
        )
        for name, horizon in HORIZONS.items()
    }
    return errors, fitted_s, forecast_ms


def _is_half_hour(series: Series, origins: Whole) -> NDArray[np.bool_]:
    offset = (series.start_at.minute // 15) % 2
    is_half: NDArray[np.bool_] = (origins + offset) % 2 == 0
    return is_half


def _week_difference(recorded: Recorded) -> Array:
    """Mean absolute difference to the same time last week, bays, by lot."""
    difference = np.abs(recorded.bays[STEPS_A_WEEK:] - recorded.bays[:-STEPS_A_WEEK])
    mean: Array = np.nanmean(difference, axis=0)
    return mean


def _error(
    recorded: Recorded,
    origins: Whole,
    horizon: int,
    expected: Array,
    low: Array,
    high: Array,
    scale: Array,
) -> Error:
    inside = origins + horizon < len(recorded.bays)
    here = origins[inside]
    came = recorded.bays[here + horizon]
    is_there = ~(np.isnan(came) | np.isnan(recorded.bays[here]))
    off = np.where(is_there, np.abs(expected[inside] * recorded.capacity - came), np.nan)
    held = (came >= low[inside] * recorded.capacity - 0.5) & (came <= high[inside] * recorded.capacity + 0.5)
    by_lot = np.nanmean(off, axis=0)
    return Error(
        mae_pct=float((100 * by_lot / recorded.capacity).mean()),
        mase=float((by_lot / scale).mean()),
        covered_pct=float(100 * held[is_there].mean()),
        n=int(is_there.sum()),
    )


def read_recorded(csv_path: Path, lots_path: Path) -> Recorded:
    """Read a series and its lots; missing quarter hours become gaps.

    Raises:
        SeriesUnreadable: see `occupancy_backtest`.
    """
    try:
        lots = json.loads(lots_path.read_text("utf-8"))
        opened = gzip.open if csv_path.suffix == ".gz" else open
        with opened(csv_path, "rt", encoding="utf-8", newline="") as file:
            names, moments, values = _read_rows(csv_path, csv.reader(file))
        capacity = np.array([float(lots[name]["capacity"]) for name in names])
    except (OSError, ValueError, UnicodeDecodeError) as fault:
        raise SeriesUnreadable(f"{csv_path}: {fault}") from fault
    except (KeyError, TypeError) as fault:
        raise SeriesUnreadable(f"{lots_path}: no capacity of {fault}") from fault
    start_at = moments[0]
    rows = int((moments[-1] - start_at) / STEP) + 1
    bays = np.full((rows, len(names)), np.nan)
    for moment, row in zip(moments, values, strict=True):
        bays[int((moment - start_at) / STEP)] = row
    return Recorded(start_at=start_at, bays=bays, capacity=capacity, lots=tuple(names))


def _read_rows(path: Path, rows: Iterator[list[str]]) -> tuple[list[str], list[datetime], list[list[float]]]:
    header = next(rows, [])
    if header[:1] != ["ts_utc"] or len(header) < 2:
        raise SeriesUnreadable(f"{path}: line 1: the first column must be ts_utc, then a column a lot")
    moments: list[datetime] = []
    values: list[list[float]] = []
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise SeriesUnreadable(f"{path}: line {number}: {len(row)} cells, expected {len(header)}")
        moment = datetime.fromisoformat(row[0])
        if (
            moment.tzinfo is None
            or moment.timestamp() % STEP.total_seconds()
            or (moments and moment <= moments[-1])
        ):
            raise SeriesUnreadable(f"{path}: line {number}: {row[0]} is no later quarter hour of UTC")
        moments.append(moment)
        values.append([float(cell) if cell else np.nan for cell in row[1:]])
    if not moments:
        raise SeriesUnreadable(f"{path}: has no rows")
    return header[1:], moments, values


def until(recorded: Recorded, end: date) -> Recorded:
    """The part of a series before a date (00:00 UTC)."""
    rows = int(
        (datetime(end.year, end.month, end.day, tzinfo=UTC) - recorded.start_at) / timedelta(minutes=15)
    )
    return Recorded(
        start_at=recorded.start_at, bays=recorded.bays[:rows], capacity=recorded.capacity, lots=recorded.lots
    )
