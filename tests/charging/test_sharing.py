"""Sharing a supply: no policy may break a limit, and the plan earns its place."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging.replay import BadScenario, Scenario, load_scenario, replay, violations
from charging.rules.planning import BEST, POLICIES
from charging.rules.sharing import MIN_A, Car, Moment, PhaseLimit, Supply, fcfs, round_robin

SCENARIOS = Path(__file__).parents[2].parent / "shared" / "reference" / "charging-scenarios"

_PHASES = st.sampled_from([(0,), (1,), (2,), (0, 1, 2)])


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    """Any cars on any supply: a feeder, and below it a sub-feeder of every second car."""
    cars = tuple(
        Car(
            key=str(number),
            phases=draw(_PHASES),
            max_a=draw(st.integers(0, 32)),
            arrived_min=draw(st.integers(0, 500)),
            leaves_min=draw(st.none() | st.integers(0, 2000)),
            delivered_wh=draw(st.integers(0, 50_000)),
            wanted_wh=draw(st.none() | st.integers(0, 80_000)),
            offer_a=draw(st.integers(0, 32)),
            draw_a=draw(st.none() | st.floats(0, 32)),
        )
        for number in range(draw(st.integers(0, 9)))
    )
    amperes = st.tuples(*[st.integers(0, 100)] * 3)
    sub = frozenset(car.key for car in cars[::2])
    limits = (PhaseLimit(limit_a=draw(amperes)), PhaseLimit(limit_a=draw(amperes), members=sub))
    supply = Supply(limits=limits, imbalance_a=draw(st.none() | st.integers(0, 40)))
    return Moment(now_min=500, cars=cars, supply=supply)


@pytest.mark.parametrize("name", sorted(POLICIES))
@settings(max_examples=40, deadline=None)
@given(moment=moments())
def test_no_policy_breaks_a_limit_the_balance_or_a_cars_own(name: str, moment: Moment) -> None:
    offers = POLICIES[name]()(moment)
    assert len(offers) == len(moment.cars)
    for car, offer in zip(moment.cars, offers, strict=True):
        assert offer == 0 or MIN_A <= offer <= car.max_a
    loads = [_load(moment, offers, phase, None) for phase in range(3)]
    for limit in moment.supply.limits:
        for phase in range(3):
            assert _load(moment, offers, phase, limit.members) <= limit.limit_a[phase]
    if moment.supply.imbalance_a is not None:
        assert max(loads) - min(loads) <= moment.supply.imbalance_a


def _load(moment: Moment, offers: list[int], phase: int, members: frozenset[str] | None) -> int:
    return sum(
        offer
        for car, offer in zip(moment.cars, offers, strict=True)
        if phase in car.phases and (members is None or car.key in members)
    )


def _car(key: str, phase: int, **more: int) -> Car:
    car = Car(
        key=key,
        phases=(phase,),
        max_a=32,
        arrived_min=0,
        leaves_min=600,
        delivered_wh=0,
        wanted_wh=40_000,
    )
    return replace(car, **more)  # type: ignore[arg-type]


def _supply(limit_a: int) -> Supply:
    return Supply(limits=(PhaseLimit(limit_a=(limit_a,) * 3),), imbalance_a=32)


def test_round_robin_shares_equally_and_first_come_takes_all() -> None:
    moment = Moment(now_min=0, cars=(_car("a", 0), _car("b", 0, arrived_min=1)), supply=_supply(32))
    assert round_robin(moment) == [16, 16]
    assert fcfs(moment) == [32, 0]


def test_a_share_below_six_amperes_is_none() -> None:
    cars = tuple(_car(str(number), 0) for number in range(3))
    assert sorted(round_robin(Moment(now_min=0, cars=cars, supply=_supply(16)))) == [0, 8, 8]


def test_a_breach_is_counted() -> None:
    moment = Moment(now_min=0, cars=(_car("a", 0), _car("b", 0)), supply=_supply(32))
    assert violations(moment, [16, 16], 32.0) == 0
    assert violations(moment, [32, 32], 32.0) == 2
    assert violations(moment, [5, 0], 32.0) == 1


def test_a_folder_without_a_scenario_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadScenario):
        load_scenario(tmp_path)


def _day() -> Scenario:
    if not SCENARIOS.is_dir():
        pytest.skip("the reference scenarios are not here")
    whole = load_scenario(SCENARIOS)
    return replace(whole, stays=tuple(stay for stay in whole.stays if stay.arrival < 288), steps=500)


def test_on_a_reference_day_the_plan_delivers_more_than_an_equal_share_and_breaks_nothing() -> None:
    day = _day()
    scores = {
        name: replay(day, 30, POLICIES[name](), is_perfect=True) for name in ("round_robin", "fcfs", BEST)
    }
    assert all(score.violations == 0 for score in scores.values())
    assert scores[BEST].delivered_pct > scores["round_robin"].delivered_pct
    assert scores[BEST].delivered_pct > scores["fcfs"].delivered_pct
