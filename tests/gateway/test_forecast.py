"""The occupancy forecast: what it may look at, what it falls back on, and that it learns."""

import gzip
import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parking import forecast_model
from gateway.parking.forecast_model import Forecaster, Member, fit, forecast
from gateway.parking.occupancy_backtest import SeriesUnreadable, occupancy_backtest
from gateway.parking.rules.forecast import Base, Method, damping_of, forecast_without_learning
from gateway.parking.rules.forecast_calendar import SiteCalendar, easter_sunday, german_holidays
from gateway.parking.rules.forecast_features import derive, features
from gateway.parking.rules.forecast_series import (
    HORIZONS,
    LONGEST,
    STEPS_A_DAY,
    STEPS_A_WEEK,
    Array,
    Series,
    read_calendar,
    read_series,
)

SHANGHAI = SiteCalendar(timezone=ZoneInfo("Asia/Shanghai"))
BERLIN = SiteCalendar(timezone=ZoneInfo("Europe/Berlin"))
MONDAY = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Monday 2 March 2026, 00:00 in Shanghai."""


def wave(rows: int, zones: int = 2, seed: int = 0) -> Array:
    """A garage that fills by day and less at weekends, with days that are busier than others for hours on end."""
    rng = np.random.default_rng(seed)
    row = np.arange(rows)
    by_day = np.clip(np.sin((row % STEPS_A_DAY - 28) / STEPS_A_DAY * 2 * np.pi), 0, 1)
    weekend = 1 - 0.5 * ((row // STEPS_A_DAY) % 7 >= 5)
    drift = np.zeros((rows, zones))
    for at in range(1, rows):
        drift[at] = 0.98 * drift[at - 1] + rng.normal(0, 0.01, zones)
    level: Array = np.clip(0.1 + 0.7 * (by_day * weekend)[:, None] + drift, 0, 1)
    return level


def series_of(shares: Array) -> Series:
    return read_series(MONDAY, shares, SHANGHAI)


def test_a_day_is_local_and_holidays_behave_like_sundays_and_worked_weekends_like_mondays() -> None:
    calendar = SiteCalendar(
        timezone=ZoneInfo("Asia/Shanghai"),
        holidays=frozenset({date(2026, 5, 1)}),
        workdays=frozenset({date(2026, 5, 9)}),
    )
    assert calendar.day_type(date(2026, 5, 1)) == 6
    assert calendar.day_type(date(2026, 5, 9)) == 0
    assert calendar.run_of_days_off(date(2026, 5, 2)) == 3
    assert calendar.run_of_days_off(date(2026, 5, 9)) == 0
    days = read_calendar(datetime(2026, 4, 30, 16, tzinfo=UTC), 2, calendar)
    assert (days.slot.tolist(), days.is_holiday.tolist()) == ([0, 1], [1, 1])


@pytest.mark.parametrize(
    ("year", "day"), [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5))]
)
def test_easter_is_where_it_is(year: int, day: date) -> None:
    assert easter_sunday(year) == day
    assert day - timedelta(days=2) in german_holidays([year])


def test_what_is_usual_comes_from_earlier_days_of_the_same_kind_only() -> None:
    shares = np.zeros((3 * STEPS_A_WEEK, 1))
    for week, level in enumerate((0.2, 0.4, 0.9)):
        shares[week * STEPS_A_WEEK : (week + 1) * STEPS_A_WEEK] = level
    usual = series_of(shares).profile
    assert np.isnan(usual.mean8[0, 0])
    assert usual.mean8[STEPS_A_WEEK, 0] == pytest.approx(0.2)
    assert usual.mean8[2 * STEPS_A_WEEK, 0] == pytest.approx(0.3)
    assert usual.median6[2 * STEPS_A_WEEK, 0] == pytest.approx(0.3)
    assert usual.last[2 * STEPS_A_WEEK, :2, 0].tolist() == pytest.approx([0.4, 0.2])


def test_a_gap_is_not_remembered_as_usual() -> None:
    shares = np.full((3 * STEPS_A_WEEK, 1), 0.5)
    shares[STEPS_A_WEEK : 2 * STEPS_A_WEEK] = np.nan
    assert series_of(shares).profile.mean8[2 * STEPS_A_WEEK, 0] == pytest.approx(0.5)


def test_the_hour_that_comes_twice_has_its_profile() -> None:
    start_at = datetime(2026, 10, 18, tzinfo=UTC)
    series = read_series(start_at, np.full((2 * STEPS_A_WEEK, 1), 0.5), BERLIN)
    assert not np.isnan(series.profile.mean8[STEPS_A_WEEK:]).any()


@settings(max_examples=15, deadline=None)
@given(st.integers(STEPS_A_WEEK, 4 * STEPS_A_WEEK - LONGEST - 1), st.sampled_from(list(HORIZONS.values())))
def test_nothing_after_the_origin_changes_a_forecasts_numbers(origin: int, horizon: int) -> None:
    shares = wave(4 * STEPS_A_WEEK)
    later = shares.copy()
    later[origin + 1 :] = 0.77
    at = np.array([origin])
    names, first = features(series_of(shares), derive(series_of(shares)), at, horizon)
    _, second = features(series_of(later), derive(series_of(later)), at, horizon)
    for number, name in enumerate(names):
        assert np.array_equal(first[..., number], second[..., number], equal_nan=True), name


@pytest.mark.parametrize(
    ("rows", "method"),
    [(3, Method.LAST), (STEPS_A_DAY, Method.LAST), (3 * STEPS_A_WEEK, Method.USUAL)],
)
def test_a_short_history_falls_back_and_says_so(rows: int, method: Method) -> None:
    series = series_of(wave(rows))
    made = forecast(fit(series, rows), series, np.array([rows - 1]))
    for said in made.values():
        assert said.method is method
        assert not np.isnan(said.expected).any()
        assert (said.low <= said.expected).all() and (said.expected <= said.high).all()


def test_a_zone_without_a_value_now_is_forecast_from_what_is_usual() -> None:
    shares = wave(4 * STEPS_A_WEEK)
    shares[-8:, 1] = np.nan
    said = forecast_without_learning(series_of(shares), np.array([len(shares) - 1]), 4, len(shares))
    assert said.expected[0, 1] == pytest.approx(series_of(shares).profile.mean8[len(shares) + 3, 1])


def test_damping_lies_between_forgetting_and_keeping() -> None:
    series = series_of(wave(6 * STEPS_A_WEEK))
    kept = [damping_of(series, series.rows, horizon) for horizon in HORIZONS.values()]
    assert 1 >= kept[0] > kept[1] > kept[2] >= 0


@pytest.fixture(scope="module")
def small_members() -> dict[int, tuple[Member, ...]]:
    one = Member(base=Base.DAMPED, rounds=20, growth={"num_leaves": 15, "learning_rate": 0.2, "seed": 1})
    return {2: (one,)}


def test_a_learned_forecast_is_the_same_each_time_and_beats_the_last_value(
    small_members: dict[int, tuple[Member, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_model, "MEMBERS", small_members)
    rows = 10 * STEPS_A_WEEK
    series = series_of(wave(rows + STEPS_A_WEEK))
    fitted = fit(series, rows)
    origins = np.arange(rows, rows + STEPS_A_WEEK - 2)
    said = forecast(fitted, series, origins)[2]
    assert said.method is Method.LEARNED
    again = forecast(fit(series, rows), series, origins)[2]
    assert np.array_equal(said.expected, again.expected)
    came = series.shares[origins + 2]
    learned, last = np.abs(said.expected - came).mean(), np.abs(series.shares[origins] - came).mean()
    assert learned < 0.8 * last
    inside = ((came >= said.low) & (came <= said.high)).mean()
    assert 0.6 < inside < 0.98


def test_a_fit_never_looks_beyond_its_end(
    small_members: dict[int, tuple[Member, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_model, "MEMBERS", small_members)
    rows = 9 * STEPS_A_WEEK
    shares = wave(rows + STEPS_A_WEEK)
    changed = shares.copy()
    changed[rows:] = 0.123
    series = series_of(shares)
    origins = np.array([rows - 1])
    first = forecast(fit(series, rows), series, origins)[2]
    second = forecast(fit(series_of(changed), rows), series, origins)[2]
    assert np.array_equal(first.expected, second.expected)
    assert np.array_equal(first.high, second.high)


def test_a_forecast_of_twelve_zones_from_short_history_needs_no_model() -> None:
    series = series_of(wave(2 * STEPS_A_WEEK + 300, zones=12))
    made = forecast(Forecaster(fitted_rows=series.rows, models={}), series, np.array([series.rows - 1]))
    assert {said.expected.shape for said in made.values()} == {(1, 12)}


def write_series(folder: Path, shares: Array, *, packed: bool = False) -> tuple[Path, Path]:
    lines = ["ts_utc," + ",".join(f"lot{n}" for n in range(shares.shape[1]))]
    for row, values in enumerate(shares):
        moment = (MONDAY + timedelta(minutes=15) * row).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(moment + "," + ",".join("" if np.isnan(v) else str(round(v * 200)) for v in values))
    series, lots = folder / ("s.csv.gz" if packed else "s.csv"), folder / "lots.json"
    text = "\n".join(lines).encode()
    series.write_bytes(gzip.compress(text) if packed else text)
    lots.write_text(json.dumps({f"lot{n}": {"capacity": 200} for n in range(shares.shape[1])}))
    return series, lots


def test_a_backtest_prints_the_errors_of_each_horizon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = wave(4 * STEPS_A_WEEK)
    shares[700:720] = np.nan
    series, lots = write_series(tmp_path, shares, packed=True)
    assert occupancy_backtest(series, lots, date(2026, 3, 22)) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(answer) == ["30min", "1h", "24h"]
    assert 0 < answer["30min"]["mae_pct"] < answer["24h"]["mae_pct"]
    assert answer["30min"]["mase"] > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,lot0\n", "line 1"),
        ("ts_utc,lot0\n2026-03-01T16:00:00Z,1,2\n", "line 2"),
        ("ts_utc,lot0\n2026-03-01T16:07:00Z,1\n", "line 2"),
        ("ts_utc,lot0\n2026-03-01T16:00:00Z,many\n", "many"),
        ("ts_utc,lot0\n", "no rows"),
        ("ts_utc,lot9\n2026-03-01T16:00:00Z,1\n", "lot9"),
    ],
)
def test_a_series_that_cannot_be_read_says_where(tmp_path: Path, text: str, said: str) -> None:
    series, lots = write_series(tmp_path, wave(4, zones=1))
    series.write_text(text)
    with pytest.raises(SeriesUnreadable, match=said):
        occupancy_backtest(series, lots, date(2026, 3, 22))


def test_a_date_with_nothing_before_or_after_it_is_refused(tmp_path: Path) -> None:
    series, lots = write_series(tmp_path, wave(2 * STEPS_A_WEEK))
    for day in (date(2026, 3, 2), date(2027, 1, 1)):
        with pytest.raises(SeriesUnreadable, match=str(day)):
            occupancy_backtest(series, lots, day)


def test_a_series_is_never_forecast_outside_its_capacity() -> None:
    full = replace(series_of(np.ones((3 * STEPS_A_WEEK, 1))))
    said = forecast_without_learning(full, np.array([full.rows - 1]), 96, full.rows)
    assert said.expected.max() <= 1 and said.high.max() <= 1 and said.low.min() >= 0


def test_a_fit_in_the_background_gives_way_and_says_the_same(
    small_members: dict[int, tuple[Member, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_model, "MEMBERS", small_members)
    rows = 9 * STEPS_A_WEEK
    series = series_of(wave(rows))
    niceness = os.nice(0)
    quiet = forecast(fit(series, rows, in_background=True), series, np.array([rows - 1]))[2]
    loud = forecast(fit(series, rows), series, np.array([rows - 1]))[2]
    assert np.array_equal(quiet.expected, loud.expected)
    assert os.nice(0) == niceness
