"""The table of a stay."""

import itertools

import pytest

from gateway.parking.rules.stay import STAY_TABLE, StayConflict, StayEvent, StayState, advance


def test_a_car_goes_in_and_out() -> None:
    state = StayState.ENTERING
    for event in (StayEvent.PASSED_IN, StayEvent.EXIT_OPENED, StayEvent.PASSED_OUT):
        state = advance(state, event)
    assert state is StayState.CLOSED


@pytest.mark.parametrize(
    ("state", "event"),
    [pair for pair in itertools.product(StayState, StayEvent) if pair not in STAY_TABLE],
)
def test_every_pair_outside_the_table_is_refused(state: StayState, event: StayEvent) -> None:
    with pytest.raises(StayConflict):
        advance(state, event)


def test_nothing_follows_a_closed_or_a_void_stay() -> None:
    assert not [pair for pair in STAY_TABLE if pair[0] in (StayState.CLOSED, StayState.VOID)]
