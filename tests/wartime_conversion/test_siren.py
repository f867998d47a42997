"""Siren signals to the second."""

import pytest

from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.rules.drill_profile import Signal
from wartime_conversion.rules.siren import is_sounding, signal_edges, timetable_edges

PLAN = load_plan(REFERENCE_PLAN)
SIGNALS = {signal.id: signal for signal in PLAN.signals}


def on_seconds(signal: str) -> list[int]:
    edges = signal_edges(SIGNALS[signal])
    return [second for second in range(SIGNALS[signal].total_s) if is_sounding(edges, second)]


def test_prewarning_sounds_36_seconds_three_times() -> None:
    assert on_seconds("prewarning") == [s for s in range(180) if s % 60 < 36]


def test_air_raid_sounds_6_seconds_fifteen_times() -> None:
    assert on_seconds("air_raid") == [s for s in range(180) if s % 12 < 6]


def test_all_clear_sounds_three_minutes_without_a_break() -> None:
    assert on_seconds("all_clear") == list(range(180))


def test_an_edge_takes_effect_at_its_own_second() -> None:
    edges = signal_edges(SIGNALS["prewarning"])
    assert [is_sounding(edges, at_s) for at_s in (35.999, 36.0, 59.999, 60.0)] == [True, False, False, True]


def test_the_yearly_test_is_silent_between_its_signals() -> None:
    timetable = PLAN.timetables[0]
    edges = timetable_edges(timetable.segments, SIGNALS)
    assert not any(is_sounding(edges, s) for s in [*range(180, 480), *range(660, 960), 1140])
    assert is_sounding(edges, 480) and is_sounding(edges, 960) and is_sounding(edges, 1139)


def test_a_pattern_that_does_not_fill_its_time_is_refused() -> None:
    with pytest.raises(ValueError, match="180"):
        signal_edges(Signal(id="x", zh="x", on_s=36, off_s=23, repeats=3, total_s=180))
