"""What a forecast is made from: for each origin and zone a row of numbers, all known at the origin.

Residual means the share that is taken less what is usual then. Every function works on whole arrays of
origins at once, so training and forecasting go through the same lines.
"""

from dataclasses import dataclass

import numpy as np

from gateway.parking.rules.forecast_series import STEPS_A_DAY, STEPS_A_WEEK, Array, Series, Whole, mean_of

_LAGS = (1, 2, 3, 4, 6, 8, 12, 16)
_MEANS = (8, 16, 48, 96, 672)
_DETAIL = (
    "occurrence",
    "slope",
    "day_highest",
    "day_lowest",
    "unrest",
    "zone_",
    "residual_mean_672",
    "day_residual_about",
    "week_residual_about",
    "two_weeks_residual",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """Running quantities of a series, (T, zones) each, worked out once for all origins."""

    residual: Array
    others: Array
    running: dict[int, Array]
    running9: Array
    others16: Array
    highest: Array
    lowest: Array
    unrest: Array


def derive(series: Series) -> Derived:
    """Work out the running quantities of a series."""
    residual = series.shares - series.profile.mean8[: series.rows]
    known = ~np.isnan(residual)
    total = np.where(known, residual, 0.0)
    count = known.sum(axis=1, keepdims=True) - known
    others = (total.sum(axis=1, keepdims=True) - total) / np.maximum(count, 1)
    step = np.diff(series.shares, axis=0, prepend=np.nan)
    square = _running_mean(step**2, 16) - _running_mean(step, 16) ** 2
    return Derived(
        residual=residual,
        others=others,
        running={length: _running_mean(residual, length) for length in _MEANS},
        running9=_running_mean(residual, 9),
        others16=_running_mean(others, 16),
        highest=_running_extreme(series.shares, np.fmax),
        lowest=_running_extreme(series.shares, np.fmin),
        unrest=np.sqrt(np.maximum(square, 0)),
    )


def _running_mean(values: Array, length: int) -> Array:
    """Mean of the last `length` rows; NaN where less than a third of them is known."""
    known = ~np.isnan(values)
    zero = np.zeros((1, values.shape[1]))
    sums = np.concatenate([zero, np.cumsum(np.where(known, values, 0.0), axis=0)])
    counts = np.concatenate([zero, np.cumsum(known, axis=0)])
    start = np.maximum(np.arange(1, len(values) + 1) - length, 0)
    count = counts[1:] - counts[start]
    total = sums[1:] - sums[start]
    enough = count >= max(1, length // 3)
    mean: Array = np.divide(total, count, out=np.full(values.shape, np.nan), where=enough)
    return mean


def _running_extreme(values: Array, extreme: np.ufunc) -> Array:
    """Extreme of the last day, by doubling: 64 + 32 rows."""
    found, width = values, 1
    while width < 64:
        found = _with_earlier(found, width, extreme)
        width *= 2
    half = values
    width = 1
    while width < 32:
        half = _with_earlier(half, width, extreme)
        width *= 2
    both = found.copy()
    both[64:] = extreme(found[64:], half[:-64])
    return both


def _with_earlier(values: Array, by: int, extreme: np.ufunc) -> Array:
    joined = values.copy()
    joined[by:] = extreme(values[by:], values[:-by])
    return joined


def at_rows(values: Array, rows: Whole) -> Array:
    """The rows of an array; NaN where a row lies before its first."""
    picked: Array = values[np.maximum(rows, 0)]
    if rows.size and rows.min() < 0:
        picked = picked.copy()
        picked[rows < 0] = np.nan
    return picked


def features(series: Series, derived: Derived, origins: Whole, horizon: int) -> tuple[list[str], Array]:
    """The rows of numbers for some origins.

    Args:
        origins: rows of the series that a forecast is made at.
        horizon: steps ahead.

    Returns:
        Names, and an array (origins, zones, names) float64 with NaN where something is not known.
    """
    columns: dict[str, Array] = {}
    columns |= _of_now(series, derived, origins)
    columns |= _of_usual(series, origins, horizon)
    columns |= _of_past_targets(series, derived, origins, horizon)
    columns |= _of_other_zones(derived, origins, horizon)
    columns |= _of_calendar(series, origins, horizon)
    return list(columns), np.stack(list(columns.values()), axis=-1)


def without_detail(names: list[str], numbers: Array) -> tuple[list[str], Array]:
    """The features that say most: a model that sees only these errs differently from one that sees all."""
    kept = [number for number, name in enumerate(names) if not name.startswith(_DETAIL)]
    return [names[number] for number in kept], numbers[..., kept]


def _of_now(series: Series, derived: Derived, origins: Whole) -> dict[str, Array]:
    now = series.shares[origins]
    columns = {"now": now, "residual": derived.residual[origins]}
    columns |= {f"change_{lag}": now - at_rows(series.shares, origins - lag) for lag in _LAGS}
    columns |= {f"residual_mean_{length}": derived.running[length][origins] for length in _MEANS}
    columns["day_highest"] = derived.highest[origins]
    columns["day_lowest"] = derived.lowest[origins]
    columns["unrest"] = derived.unrest[origins]
    return columns


def _of_usual(series: Series, origins: Whole, horizon: int) -> dict[str, Array]:
    usual, target = series.profile, origins + horizon
    columns: dict[str, Array] = {"usual_now": usual.mean8[origins]}
    for name, table in (
        ("mean8", usual.mean8),
        ("mean3", usual.mean3),
        ("median6", usual.median6),
        ("faded", usual.faded),
    ):
        columns[f"{name}_then"] = table[target]
        columns[f"{name}_drift"] = table[target] - table[origins]
    last = usual.last[target]
    for number in range(4):
        columns[f"occurrence_{number}"] = last[:, number]
    for number in range(2):
        columns[f"occurrence_drift_{number}"] = last[:, number] - usual.last[origins, number]
    spread = mean_of(np.moveaxis(last, 1, 0) ** 2) - mean_of(np.moveaxis(last, 1, 0)) ** 2
    columns["occurrence_spread"] = np.sqrt(np.maximum(spread, 0))
    end = usual.mean8.shape[0] - 1
    columns["slope_wide"] = usual.mean8[np.minimum(target + 4, end)] - usual.mean8[target - 4]
    columns["slope_near"] = usual.mean8[np.minimum(target + 1, end)] - usual.mean8[target - 1]
    return columns


def _of_past_targets(series: Series, derived: Derived, origins: Whole, horizon: int) -> dict[str, Array]:
    """What the target's time of day was like yesterday and in the weeks before, never after the origin."""
    day, week = origins + horizon - STEPS_A_DAY, origins + horizon - STEPS_A_WEEK
    shares = series.shares
    return {
        "week_then": at_rows(shares, week),
        "week_drift": at_rows(shares, week) - at_rows(shares, origins - STEPS_A_WEEK),
        "two_weeks_then": at_rows(shares, week - STEPS_A_WEEK),
        "day_then": at_rows(shares, day),
        "day_drift": at_rows(shares, day) - at_rows(shares, origins - STEPS_A_DAY),
        "day_residual": at_rows(derived.residual, day),
        "week_residual": at_rows(derived.residual, week),
        "day_residual_about": at_rows(derived.running9, np.minimum(day + 4, origins)),
        "week_residual_about": at_rows(derived.running9, week + 4),
        "two_weeks_residual_about": at_rows(derived.running9, week + 4 - STEPS_A_WEEK),
    }


def _of_other_zones(derived: Derived, origins: Whole, horizon: int) -> dict[str, Array]:
    others, zones = derived.others, derived.residual.shape[1]
    here = others[origins]
    columns = {
        "others": here,
        "others_change_1": here - at_rows(others, origins - 1),
        "others_change_4": here - at_rows(others, origins - 4),
        "others_mean_16": derived.others16[origins],
        "others_day": at_rows(others, origins + horizon - STEPS_A_DAY),
        "others_week": at_rows(others, origins + horizon - STEPS_A_WEEK),
    }
    residual = derived.residual[origins]
    for zone in range(zones):
        columns[f"zone_{zone}"] = np.repeat(residual[:, [zone]], zones, axis=1)
    return columns


def _of_calendar(series: Series, origins: Whole, horizon: int) -> dict[str, Array]:
    days, zones, target = series.calendar, series.shares.shape[1], origins + horizon
    columns = {
        "slot_then": days.slot[target],
        "weekday_then": days.weekday[target],
        "day_type_then": days.day_type[target],
        "day_type_now": days.day_type[origins],
        "is_holiday_then": days.is_holiday[target],
        "is_off_then": days.is_off[target],
        "is_off_now": days.is_off[origins],
        "is_off_before": days.is_off_before[target],
        "is_off_after": days.is_off_after[target],
        "days_off_run": days.days_off_run[target],
    }
    spread = {name: np.repeat(value[:, None].astype(float), zones, axis=1) for name, value in columns.items()}
    spread["zone"] = np.tile(np.arange(zones, dtype=float), (len(origins), 1))
    return spread
