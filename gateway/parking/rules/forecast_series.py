"""An occupancy series on a quarter-hour grid, and what its past weeks say about each moment."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gateway.parking.rules.forecast_calendar import SiteCalendar

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

STEP = timedelta(minutes=15)
STEPS_A_DAY = 96
STEPS_A_WEEK = 7 * STEPS_A_DAY
HORIZONS = {"30min": 2, "1h": 4, "24h": 96}
"""Steps ahead of each horizon that is forecast."""
LONGEST = max(HORIZONS.values())
_REMEMBERED = 12
"""How many past occurrences of a weekday and time of day are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What the calendar says of each row and of the `LONGEST` rows after the last one; arrays of equal
    length.

    `day_type` is the weekday a date behaves like, `slot` the quarter hour of the local day, 0 to 95.
    """

    day_type: Whole
    weekday: Whole
    slot: Whole
    is_holiday: Whole
    is_off: Whole
    is_off_before: Whole
    is_off_after: Whole
    days_off_run: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What was usual at each row's weekday and time of day, from earlier occurrences only; (rows, zones).

    `last` holds the last four occurrences, the newest first: (rows, 4, zones). All shares of capacity; NaN
    where nothing is known.
    """

    mean8: Array
    mean3: Array
    median6: Array
    faded: Array
    last: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Occupied shares of capacity, (T, zones) float64, NaN for a gap; row t is `start_at` + t quarter hours
    (aware UTC).

    `profile` and `calendar` reach `LONGEST` rows beyond the last.
    """

    start_at: datetime
    shares: Array
    calendar: Calendar
    profile: Profile

    @property
    def rows(self) -> int:
        """Number of rows with a (possibly missing) value."""
        return int(self.shares.shape[0])


def read_calendar(start_at: datetime, rows: int, calendar: SiteCalendar) -> Calendar:
    """What the calendar says of `rows` quarter hours from `start_at` (aware)."""
    begin = start_at.astimezone(calendar.timezone)
    moments = [(start_at + STEP * row).astimezone(calendar.timezone) for row in range(rows)]
    facts: dict[date, tuple[int, int, int, int, int, int, int]] = {}
    day, last = begin.date(), moments[-1].date()
    one = timedelta(days=1)
    while day <= last:
        facts[day] = (
            calendar.day_type(day),
            day.weekday(),
            int(day in calendar.holidays),
            int(calendar.is_off(day)),
            int(calendar.is_off(day - one)),
            int(calendar.is_off(day + one)),
            calendar.run_of_days_off(day),
        )
        day += one
    table = np.array([facts[moment.date()] for moment in moments], dtype=np.int64)
    slot = np.array([moment.hour * 4 + moment.minute // 15 for moment in moments], dtype=np.int64)
    return Calendar(
        day_type=table[:, 0],
        weekday=table[:, 1],
        slot=slot,
        is_holiday=table[:, 2],
        is_off=table[:, 3],
        is_off_before=table[:, 4],
        is_off_after=table[:, 5],
        days_off_run=table[:, 6],
    )


def read_series(start_at: datetime, shares: Array, calendar: SiteCalendar) -> Series:
    """Make a series ready: its calendar and its profile, both `LONGEST` rows beyond its end."""
    days = read_calendar(start_at, shares.shape[0] + LONGEST, calendar)
    beyond = np.full((LONGEST, shares.shape[1]), np.nan)
    return Series(
        start_at=start_at,
        shares=shares,
        calendar=days,
        profile=read_profile(np.concatenate([shares, beyond]), days),
    )


def read_profile(shares: Array, days: Calendar) -> Profile:
    """What was usual: for each row the earlier values of the same kind of day and time of day.

    The rows of one kind are walked occurrence by occurrence, all kinds at once. The hour that comes twice
    when daylight saving ends counts as an occurrence of its own.
    """
    rows, zones = shares.shape
    kind = days.day_type * STEPS_A_DAY + days.slot
    occurrence = _occurrence(kind)
    profile = Profile(
        mean8=np.full((rows, zones), np.nan),
        mean3=np.full((rows, zones), np.nan),
        median6=np.full((rows, zones), np.nan),
        faded=np.full((rows, zones), np.nan),
        last=np.full((rows, 4, zones), np.nan),
    )
    remembered = np.full((_REMEMBERED, STEPS_A_WEEK, zones), np.nan)
    by_occurrence = np.argsort(occurrence, kind="stable")
    bounds = np.searchsorted(occurrence[by_occurrence], np.arange(int(occurrence.max()) + 2))
    for number in range(int(occurrence.max()) + 1):
        here = by_occurrence[bounds[number] : bounds[number + 1]]
        kinds = kind[here]
        past = remembered[:, kinds]
        _write_profile(profile, here, past)
        value = shares[here]
        is_new = ~np.isnan(value)
        shifted = np.concatenate([value[None], past[:-1]])
        remembered[:, kinds] = np.where(is_new[None], shifted, past)
    return profile


def _occurrence(kind: Whole) -> Whole:
    """How many earlier rows are of the same kind as each row."""
    order = np.argsort(kind, kind="stable")
    ordered = kind[order]
    first = np.searchsorted(ordered, ordered)
    occurrence = np.empty(len(kind), dtype=np.int64)
    occurrence[order] = np.arange(len(kind)) - first
    return occurrence


def _write_profile(profile: Profile, rows: Whole, past: Array) -> None:
    """Fill in the rows from what is remembered of their kinds, (remembered, rows, zones), newest first."""
    fade = 0.85 ** np.arange(_REMEMBERED)[:, None, None]
    profile.mean8[rows] = mean_of(past[:8])
    profile.mean3[rows] = mean_of(past[:3])
    profile.median6[rows] = _median_of(past[:6])
    known = ~np.isnan(past)
    weight = (fade * known).sum(axis=0)
    total = (fade * np.where(known, past, 0)).sum(axis=0)
    profile.faded[rows] = np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)
    profile.last[rows] = np.moveaxis(past[:4], 0, 1)


def mean_of(values: Array) -> Array:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    mean: Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def _median_of(newest_first: Array) -> Array:
    """Median over the first axis; what is known stands before what is not, so a sort puts NaN last."""
    ordered: Array = np.sort(newest_first, axis=0)
    count = (~np.isnan(ordered)).sum(axis=0)
    low = np.maximum((count - 1) // 2, 0)[None]
    high = np.maximum(count // 2, 0)[None]
    high = np.minimum(high, newest_first.shape[0] - 1)
    picked: Array = (np.take_along_axis(ordered, low, 0)[0] + np.take_along_axis(ordered, high, 0)[0]) / 2
    return picked
