"""What a late event may add to an ended transaction: never less than none, never more than the outlet can give."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from charging.rules.metering import Outlet, believed_rise_wh
from charging.rules.repair import Counted, Gain, gain_after, gain_before

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
OUTLET = Outlet(max_w=7000)


def _counted(delivered_wh: int = 2000, *, has_stop_register: bool = True) -> Counted:
    return Counted(
        begin_wh=50_000,
        started_at=NOON,
        stopped_at=NOON + HOUR,
        has_stop_register=has_stop_register,
        delivered_wh=delivered_wh,
    )


def test_a_lower_register_at_an_earlier_start_adds_the_difference() -> None:
    assert gain_before(_counted(), 46_000, NOON - HOUR, OUTLET) == Gain(gained_wh=4000)


def test_a_start_without_a_register_or_above_the_known_one_adds_nothing() -> None:
    assert gain_before(_counted(), None, NOON - HOUR, OUTLET) == Gain()
    assert gain_before(_counted(), 51_000, NOON - HOUR, OUTLET) == Gain()
    assert gain_before(_counted(), 46_000, NOON + HOUR, OUTLET) == Gain()


def test_a_leap_is_named_and_adds_nothing() -> None:
    assert gain_before(_counted(), 0, NOON - HOUR, OUTLET) == Gain(odd="late_start_jump")
    late = gain_after(_counted(has_stop_register=False), 90_000, NOON + HOUR, OUTLET)
    assert late == Gain(odd="late_sample_jump")


def test_a_stop_with_a_register_has_the_last_word() -> None:
    assert gain_after(_counted(), 55_000, NOON + HOUR, OUTLET) == Gain()


@given(st.integers(0, 200_000), st.integers(0, 30_000), st.integers(-600, 600), st.integers(1000, 350_000))
def test_no_gain_is_negative_or_beyond_the_outlet(
    register_wh: int, delivered_wh: int, minutes: int, max_w: int
) -> None:
    outlet, at = Outlet(max_w=max_w), NOON + timedelta(minutes=minutes)
    before = gain_before(_counted(delivered_wh), register_wh, at, outlet)
    after = gain_after(_counted(delivered_wh, has_stop_register=False), register_wh, at, outlet)
    assert before.gained_wh >= 0 and after.gained_wh >= 0
    if before.gained_wh:
        assert before.gained_wh <= believed_rise_wh(at, NOON, outlet)
    if after.gained_wh:
        assert delivered_wh + after.gained_wh <= believed_rise_wh(NOON, at, outlet)
