"""Loops: the table, the cars that pass over them, and the inputs they hang on."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facility.layout import LoopMoment, LoopWiring, ModbusPlace
from facility.modbus import ModbusClient
from lpr.loops import Edge, LoopsAway, LoopWatch, ModbusLoops, Pressed, SimulatedLoops, edges
from lpr.passing import LATER_S, STANDS_S, UNREAD_S, LoopCar, LoopCars
from lpr.rules.loops import (
    BETWEEN_S,
    TABLE,
    ImpossibleEdge,
    LoopEvent,
    LoopState,
    Outcome,
    advance,
)
from tests.gateway.relay_module import relay_module

A_ON, A_OFF, B_ON, B_OFF = LoopEvent.A_ON, LoopEvent.A_OFF, LoopEvent.B_ON, LoopEvent.B_OFF
MIRROR = {A_ON: B_ON, B_ON: A_ON, A_OFF: B_OFF, B_OFF: A_OFF, LoopEvent.WAITED: LoopEvent.WAITED}


def outcomes(events: Iterable[LoopEvent]) -> list[Outcome]:
    state, found = LoopState.EMPTY, []
    for event in events:
        state, outcome = advance(state, event)
        if outcome is not Outcome.NONE:
            found.append(outcome)
    return found


@pytest.mark.parametrize("state", LoopState)
@pytest.mark.parametrize("event", LoopEvent)
def test_a_pair_that_is_not_in_the_table_is_refused(state: LoopState, event: LoopEvent) -> None:
    if (state, event) in TABLE:
        assert advance(state, event) == TABLE[state, event]
    else:
        with pytest.raises(ImpossibleEdge):
            advance(state, event)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([A_ON, B_ON, A_OFF, B_OFF], [Outcome.PASSED]),
        ([A_ON, A_OFF, B_ON, B_OFF], [Outcome.PASSED]),
        ([A_ON, A_OFF, LoopEvent.WAITED], [Outcome.BACKED_OUT]),
        ([A_ON, B_ON, B_OFF, A_OFF, LoopEvent.WAITED], [Outcome.BACKED_OUT]),
        ([A_ON, B_ON, A_OFF, A_ON, A_OFF, B_OFF], [Outcome.PASSED]),
        ([A_ON, B_ON, A_OFF, A_ON, B_OFF, B_ON, A_OFF, B_OFF], [Outcome.PASSED, Outcome.PASSED]),
    ],
    ids=[
        "over both",
        "loops far apart",
        "nosed over",
        "backed out from both",
        "with a trailer",
        "nose to tail",
    ],
)
def test_a_way_over_the_loops_ends_as_it_should(events: list[LoopEvent], expected: list[Outcome]) -> None:
    assert outcomes(events) == expected
    assert outcomes([MIRROR[event] for event in events]) == expected


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_whatever_the_inputs_do_the_edges_between_them_are_never_impossible(
    inputs: list[tuple[bool, bool]],
) -> None:
    state, before = LoopState.EMPTY, Pressed(arrival=False, exit=False)
    for arrival, exit_ in inputs:
        now = Pressed(arrival=arrival, exit=exit_)
        for event in edges(before, now):
            state, _ = advance(state, event)
        before = now
    for event in edges(before, Pressed(arrival=False, exit=False)):
        state, _ = advance(state, event)
    assert state in (LoopState.EMPTY, LoopState.BETWEEN, LoopState.BETWEEN_AGAINST)


class Lane:
    """Loops pressed by hand, and the clock."""

    def __init__(self, said_at: LoopMoment = "arrival") -> None:
        self.cars = LoopCars("in", said_at)
        self.pressed = Pressed(arrival=False, exit=False)
        self.at_s = 10.0

    def press(self, *, arrival: bool, exit_: bool, after_s: float = 1.0) -> LoopCar | None:
        """Wait, then press or leave; returns who is wanted at that moment."""
        self.wait(after_s)
        now = Pressed(arrival=arrival, exit=exit_)
        found = [Edge(at_s=self.at_s, event=e, pressed=now) for e in edges(self.pressed, now)]
        self.pressed = now
        self.cars.take(found, self.at_s)
        return self.cars.wanted(self.at_s)

    def wait(self, seconds: float) -> LoopCar | None:
        """Nothing changes for a while; returns who is wanted then."""
        self.at_s += seconds
        self.cars.take([], self.at_s)
        return self.cars.wanted(self.at_s)


def test_a_car_that_stands_on_the_arrival_loop_is_wanted_once() -> None:
    lane = Lane()
    assert lane.press(arrival=True, exit_=False) is None
    wanted = lane.wait(STANDS_S)
    assert wanted is not None
    assert (wanted.direction, wanted.must_be_said) == ("in", False)
    lane.cars.said(is_read=True)
    assert lane.wait(1000) is None
    assert lane.press(arrival=True, exit_=True) is None
    assert lane.press(arrival=False, exit_=True) is None
    assert lane.press(arrival=False, exit_=False) is None


def test_a_car_that_only_noses_over_the_loop_is_nobody() -> None:
    lane = Lane()
    lane.press(arrival=True, exit_=False)
    assert lane.press(arrival=False, exit_=False, after_s=STANDS_S / 2) is None
    assert lane.wait(STANDS_S) is None
    assert lane.wait(BETWEEN_S) is None
    assert not lane.cars.is_pressed


def test_a_car_over_the_exit_loop_first_drives_against_the_lane() -> None:
    lane = Lane()
    lane.press(arrival=False, exit_=True)
    wanted = lane.wait(STANDS_S)
    assert wanted is not None
    assert wanted.direction == "out"


def test_a_car_that_stands_unread_must_be_said_and_stays_wanted_for_its_plate_for_a_while() -> None:
    lane = Lane()
    lane.press(arrival=True, exit_=False)
    wanted = lane.wait(UNREAD_S)
    assert wanted is not None
    assert wanted.must_be_said
    lane.cars.said(is_read=False)
    later = lane.wait(1.0)
    assert later is not None
    assert not later.must_be_said
    assert lane.wait(LATER_S) is None


def test_a_quick_car_is_wanted_when_it_has_passed() -> None:
    lane = Lane()
    assert lane.press(arrival=True, exit_=False) is None
    assert lane.press(arrival=True, exit_=True, after_s=0.1) is None
    assert lane.press(arrival=False, exit_=True, after_s=0.1) is None
    wanted = lane.press(arrival=False, exit_=False, after_s=0.1)
    assert wanted is not None
    assert wanted.must_be_said
    lane.cars.said(is_read=False)
    assert lane.wait(1.0) is None


def test_where_cars_are_said_at_the_passage_one_that_backs_out_is_nobody() -> None:
    lane = Lane("passage")
    lane.press(arrival=True, exit_=False)
    assert lane.wait(60) is None
    assert lane.press(arrival=True, exit_=True) is None
    assert lane.press(arrival=True, exit_=False) is None
    assert lane.press(arrival=False, exit_=False) is None
    assert lane.wait(BETWEEN_S + 1) is None


def test_two_cars_nose_to_tail_are_two() -> None:
    lane = Lane("passage")
    lane.press(arrival=True, exit_=False)
    lane.press(arrival=True, exit_=True)
    lane.press(arrival=False, exit_=True)
    lane.press(arrival=True, exit_=True)
    assert lane.press(arrival=True, exit_=False) is not None
    lane.cars.said(is_read=True)
    assert lane.wait(1.0) is None
    lane.press(arrival=True, exit_=True)
    lane.press(arrival=False, exit_=True)
    assert lane.press(arrival=False, exit_=False) is not None


def test_inputs_that_return_pressed_are_a_car_that_stands_there() -> None:
    watch = LoopWatch(inputs := SimulatedLoops(), "cam", now_s=lambda: 10.0)
    cars = LoopCars("in", "arrival")

    async def away_and_back() -> None:
        assert await watch.poll()
        inputs.is_away = True
        assert not await watch.poll()
        assert watch.is_away
        inputs.is_away, inputs.pressed = False, Pressed(arrival=True, exit=False)
        assert await watch.poll()

    asyncio.run(away_and_back())
    assert not watch.is_away
    cars.take(watch.taken(), 10.0)
    assert cars.wanted(10.0 + STANDS_S) is not None
    assert watch.taken() == []


def wiring(port: int, *, is_inverted: bool = False) -> LoopWiring:
    return LoopWiring(
        place=ModbusPlace(host="127.0.0.1", port=port, unit=1),
        arrival_input=9,
        exit_input=4,
        is_inverted=is_inverted,
        said_at="arrival",
    )


async def test_loops_are_felt_through_a_relay_module() -> None:
    async with relay_module() as module:
        module.inputs[9] = True
        client = ModbusClient(ModbusPlace(host="127.0.0.1", port=module.port, unit=1))
        assert await ModbusLoops(client, wiring(module.port)).read() == Pressed(arrival=True, exit=False)
        turned = ModbusLoops(client, wiring(module.port, is_inverted=True))
        assert await turned.read() == Pressed(arrival=False, exit=True)
        module.exception = 2
        with pytest.raises(LoopsAway):
            await turned.read()
        await client.close()
