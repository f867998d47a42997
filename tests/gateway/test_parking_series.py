"""The step of a chart and its gaps."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parking.occupancy_store import SeriesPoint
from gateway.parking.series import MOST_A_CHART, MOST_A_LINE, begin_of_step, fill_gaps, step_for

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "zones", "step"),
    [
        (1, 1, "minute"),
        (1, 12, "quarter"),
        (14, 1, "quarter"),
        (60, 1, "hour"),
        (60, 12, "quarter_day"),
        (365, 1, "quarter_day"),
        (365, 12, "day"),
    ],
)
def test_a_chart_gets_the_finest_step_it_can_draw(days: int, zones: int, step: str) -> None:
    assert step_for(timedelta(days=days), zones)[0] == step


@given(hours=st.integers(1, 24 * 370), zones=st.integers(1, 12))
def test_no_chart_of_a_year_has_too_many_points(hours: int, zones: int) -> None:
    _step, width = step_for(timedelta(hours=hours), zones)
    assert timedelta(hours=hours) / width <= MOST_A_LINE
    assert zones * (timedelta(hours=hours) / width) <= MOST_A_CHART


def test_days_and_their_quarters_begin_with_local_midnight() -> None:
    assert begin_of_step(START, "quarter_day") == datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
    assert begin_of_step(START, "day") == datetime(2026, 3, 1, 16, 0, tzinfo=UTC)


def test_a_step_without_a_row_is_a_point_without_a_value() -> None:
    row = SeriesPoint(zone_id="a", at=START, occupied=3.0, lowest=3, highest=3, capacity=9)
    filled = fill_gaps([row], ["a", "b"], START, START + timedelta(minutes=3), timedelta(minutes=1))
    assert [(point.zone_id, point.occupied) for point in filled] == [
        ("a", 3.0), ("a", None), ("a", None), ("b", None), ("b", None), ("b", None),
    ]  # fmt: skip
