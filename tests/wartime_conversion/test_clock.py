"""Clocks come from recorded moments: exact over days, pauses, restarts and wrong phones."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wartime_conversion.rules.clock import Pause, acted_at, drill_elapsed, face, legal_elapsed

START = datetime(2026, 9, 18, 1, 40, tzinfo=UTC)


def pause(begin_s: int, end_s: int | None) -> Pause:
    return Pause(
        paused_at=START + timedelta(seconds=begin_s),
        resumed_at=None if end_s is None else START + timedelta(seconds=end_s),
        reason="车辆未清",
        person="孙指挥",
    )


def test_legal_time_runs_through_a_pause_and_drill_time_stands() -> None:
    now = START + timedelta(hours=72)
    pauses = [pause(3600, 7200)]
    assert legal_elapsed(START, None, now) == timedelta(hours=72)
    assert drill_elapsed(START, None, pauses, now) == timedelta(hours=71)


def test_drill_time_stands_while_a_pause_lasts() -> None:
    later = [START + timedelta(hours=h) for h in (2, 50)]
    assert {drill_elapsed(START, None, [pause(600, None)], now) for now in later} == {timedelta(minutes=10)}


def test_both_clocks_stop_at_the_end() -> None:
    ended = START + timedelta(hours=5)
    now = START + timedelta(hours=9)
    assert legal_elapsed(START, ended, now) == timedelta(hours=5)
    assert drill_elapsed(START, ended, [pause(0, 60), pause(20000, None)], now) == timedelta(
        hours=5, seconds=-60
    )


def test_a_limit_passed_shows_as_negative() -> None:
    assert face(timedelta(hours=73), timedelta(hours=72), is_running=True).remaining == timedelta(hours=-1)


spans = st.lists(st.tuples(st.integers(0, 250_000), st.integers(0, 20_000)), max_size=8)


@given(spans, st.integers(0, 260_000))
def test_drill_time_is_the_seconds_in_no_pause(found: list[tuple[int, int]], now_s: int) -> None:
    pauses = [pause(begin, begin + length) for begin, length in found]
    paused = [(b, min(b + n, now_s)) for b, n in found if b < now_s]
    edges = sorted({0, now_s, *(e for span in paused for e in span)})
    runs = sum(
        end - begin
        for begin, end in itertools.pairwise(edges)
        if not any(b <= begin and end <= e for b, e in paused)
    )
    assert drill_elapsed(START, None, pauses, START + timedelta(seconds=now_s)) == timedelta(seconds=runs)


@given(st.integers(-400_000, 400_000), st.integers(0, 260_000), st.integers(0, 3600))
def test_a_skewed_phone_does_not_move_a_moment(skew_s: int, offline_s: int, at_s: int) -> None:
    truth = START + timedelta(seconds=at_s)
    received = truth + timedelta(seconds=offline_s)
    skew = timedelta(seconds=skew_s)
    assert acted_at(truth + skew, received + skew, received) == truth


def test_an_entry_cannot_have_been_made_after_it_arrived() -> None:
    assert acted_at(START + timedelta(hours=1), START, START) == START
