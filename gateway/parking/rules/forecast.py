"""Forecasts that need no learning: what is usual plus a fading part of today's difference, or the last value.

They stand in while history is short, they are what a learned forecast starts from, and the bar it has to clear.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gateway.parking.rules.forecast_series import STEPS_A_DAY, STEPS_A_WEEK, Array, Series, Whole

LEARN_AFTER = 8 * STEPS_A_WEEK
"""Rows of history from which a learned forecast is fitted."""
USUAL_AFTER = 15 * STEPS_A_DAY
"""Rows of history from which what is usual at a weekday and time of day is known twice."""
LOW, HIGH = 0.1, 0.9
"""The interval of a forecast: what is taken lies inside it four times of five."""
MOST = 1.0


class Method(StrEnum):
    """How a forecast was made."""

    LEARNED = "learned"
    USUAL = "usual"
    LAST = "last"


class Base(StrEnum):
    """What a forecast starts from."""

    DRIFT = "drift"
    DAMPED = "damped"
    USUAL = "usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Shares of capacity, (origins, zones): what is expected and an interval; NaN where nothing can be said."""

    expected: Array
    low: Array
    high: Array
    method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far a forecast is off: quantiles of its error by zone and by quarter of the local day, (zones, 4) each."""

    low: Array
    high: Array


def method_for(rows: int) -> Method:
    """The method that a history of this many rows carries."""
    if rows >= LEARN_AFTER:
        return Method.LEARNED
    return Method.USUAL if rows >= USUAL_AFTER else Method.LAST


def base_value(series: Series, origins: Whole, horizon: int, base: Base, damping: float) -> Array:
    """Where a forecast starts, (origins, zones)."""
    usual = series.profile.mean8
    now, then = series.shares[origins], usual[origins + horizon]
    if base is Base.USUAL:
        return then
    keep = 1.0 if base is Base.DRIFT else damping
    started: Array = then + keep * (now - usual[origins])
    return started


def damping_of(series: Series, until: int, horizon: int) -> float:
    """How much of now's difference from usual is left at the horizon, by least squares over the rows before `until`."""
    rows = np.arange(max(until - horizon, 0))
    before = (series.shares - series.profile.mean8[: series.rows])[rows]
    after = (series.shares - series.profile.mean8[: series.rows])[rows + horizon]
    known = ~(np.isnan(before) | np.isnan(after))
    square = float((before[known] ** 2).sum())
    return float(np.clip((before[known] * after[known]).sum() / square, 0, 1)) if square > 0 else 0.0


def targets(series: Series, origins: Whole, horizon: int) -> Array:
    """What was taken at the target, (origins, zones)."""
    taken: Array = series.shares[origins + horizon]
    return taken


def spread_of(errors: Array, slots: Whole) -> Spread:
    """Quantiles of forecast errors.

    Args:
        errors: what was taken less what was expected, (origins, zones), NaN where unknown.
        slots: quarter hour of the local day of each target.
    """
    quarter = slots * 4 // STEPS_A_DAY
    zones = errors.shape[1]
    low, high = np.zeros((zones, 4)), np.zeros((zones, 4))
    for part in range(4):
        here = errors[quarter == part]
        for zone in range(zones):
            known = here[:, zone][~np.isnan(here[:, zone])]
            if len(known) < 20:
                known = errors[~np.isnan(errors)]
            if len(known):
                low[zone, part], high[zone, part] = np.quantile(known, [LOW, HIGH])
    return Spread(low=low, high=high)


def with_interval(expected: Array, spread: Spread, slots: Whole, method: Method) -> Forecast:
    """A forecast with its interval, all between nothing and everything taken."""
    quarter = slots * 4 // STEPS_A_DAY
    inside: Array = np.clip(expected, 0, MOST)
    return Forecast(
        expected=inside,
        low=np.clip(np.minimum(expected + spread.low[:, quarter].T, inside), 0, MOST),
        high=np.clip(np.maximum(expected + spread.high[:, quarter].T, inside), 0, MOST),
        method=method,
    )


def forecast_without_learning(series: Series, origins: Whole, horizon: int, until: int) -> Forecast:
    """Forecast from what is usual, or from the last value where nothing is usual yet.

    Args:
        origins: rows a forecast is made at, (origins,).
        until: rows before this one may be learned from.
    """
    damping = damping_of(series, until, horizon)
    past = np.arange(max(until - horizon, 0))
    method = Method.USUAL if until >= USUAL_AFTER else Method.LAST
    errors = targets(series, past, horizon) - _start(series, past, horizon, damping, method)
    slots = series.calendar.slot
    spread = spread_of(errors[-4 * STEPS_A_WEEK :], slots[past + horizon][-4 * STEPS_A_WEEK :])
    expected = _start(series, origins, horizon, damping, method)
    return with_interval(expected, spread, slots[origins + horizon], method)


def _start(series: Series, origins: Whole, horizon: int, damping: float, method: Method) -> Array:
    """What is usual with the fading difference; the last value where that is not known."""
    now = last_known(series, origins)
    if method is Method.LAST:
        return now
    started = base_value(series, origins, horizon, Base.DAMPED, damping)
    usual = series.profile.mean8[origins + horizon]
    started = np.where(np.isnan(started), usual, started)
    return np.where(np.isnan(started), now, started)


def last_known(series: Series, origins: Whole) -> Array:
    """The latest known value of each zone at each origin, at most a day old."""
    values = series.shares
    known = ~np.isnan(values)
    row = np.where(known, np.arange(series.rows)[:, None], -1)
    newest = np.maximum.accumulate(row, axis=0)[origins]
    fresh = (newest >= 0) & (origins[:, None] - newest <= STEPS_A_DAY)
    picked: Array = np.take_along_axis(values, np.maximum(newest, 0), axis=0)
    return np.where(fresh, picked, np.nan)
