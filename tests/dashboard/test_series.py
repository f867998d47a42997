"""Charts tell the truth: gaps are gaps, local time, limits named, totals only where all zones were counted."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.days import as_csv, days_between, put_together
from dashboard.figures.occupancy import Count, shares_over_time, total_over_time
from dashboard.figures.series import Line, time_chart, with_gaps
from dashboard.pages.parts import money
from facility.units import Fen

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Nantong
MINUTE = timedelta(minutes=1)


def test_what_was_not_measured_is_a_hole() -> None:
    at = [NOON, NOON + MINUTE, NOON + 60 * MINUTE]
    moments, values = with_gaps(at, [1.0, 2.0, 3.0], longest_s=300)
    assert values == [1.0, 2.0, None, 3.0] and len(moments) == 4


def test_times_are_the_sites_and_limits_are_named_in_both_lights() -> None:
    line = Line(name="power", at=[NOON], values=[12.0], is_area=True)
    light = time_chart([line], theme="light", unit="kW", limits=[(260.0, "feeder 260 kW")])
    dark = time_chart([line], theme="dark", unit="kW", limits=[(260.0, "feeder 260 kW")])
    assert light["data"][0]["x"] == ["2026-03-02 12:00:00"]
    assert light["layout"]["annotations"][0]["text"] == "feeder 260 kW"
    assert light["layout"]["yaxis"]["range"][1] > 260
    assert light["layout"]["yaxis"]["gridcolor"] != dark["layout"]["yaxis"]["gridcolor"]
    assert light["layout"]["font"]["color"] != dark["layout"]["font"]["color"]


def test_there_is_no_total_while_one_zone_is_not_counted() -> None:
    counts = [
        Count(zone_id="a", at=NOON, occupied=3),
        Count(zone_id="b", at=NOON + MINUTE, occupied=4),
        Count(zone_id="a", at=NOON + 30 * MINUTE, occupied=5),
    ]
    at, totals = total_over_time(counts, frozenset("ab"), longest_s=300)
    assert (at, totals) == ([NOON + MINUTE], [7.0])


def test_the_share_of_a_zone_without_bays_is_left_out() -> None:
    counts = [Count(zone_id="a", at=NOON, occupied=3), Count(zone_id="x", at=NOON, occupied=3)]
    assert shares_over_time(counts, {"a": 12, "x": 0}) == {"a": ([NOON], [25.0])}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 600), st.integers(0, 50)), max_size=40))
def test_a_total_is_always_the_sum_of_the_newest_counts(drawn: list[tuple[str, int, int]]) -> None:
    counts = [
        Count(zone_id=zone, at=NOON + minute * MINUTE, occupied=taken)
        for zone, minute, taken in sorted(drawn, key=lambda item: item[1])
    ]
    at, totals = total_over_time(counts, frozenset("ab"), longest_s=1e9)
    assert at == sorted(set(at)) and len(at) == len(totals)
    for moment, total in zip(at, totals, strict=True):
        newest = {count.zone_id: count.occupied for count in counts if count.at <= moment}
        assert total == sum(newest.values())


def test_a_day_that_was_not_measured_is_empty_and_not_nought() -> None:
    days = put_together(
        days_between(date(2026, 3, 1), date(2026, 3, 2)),
        money=[(date(2026, 3, 2), "parking", 1250)],
        stays=[(date(2026, 3, 2), 4, 95)],
        energy=[(date(2026, 3, 2), 1, 7_500)],
        peaks=[],
    )
    assert (days[0].mean_minutes, days[0].peak, days[0].parking_fen) == (None, None, 0)
    text = as_csv(["日期"] * 8, days)
    assert text.startswith("\ufeff") and "2026-03-02,12.50,0.00,4,95,1,7.50,\r\n" in text


def test_money_is_shown_whole() -> None:
    assert [money(Fen(amount)) for amount in (0, 5, 123_456_789, -250)] == [
        "0.00",
        "0.05",
        "1,234,567.89",
        "-2.50",
    ]
