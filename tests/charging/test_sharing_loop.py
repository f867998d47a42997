"""Sharing power over a real socket with a simulated charger that obeys profiles."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.rules.planning import BEST, POLICIES
from charging.rules.sharing import Car, Moment, PhaseLimit, Supply, lower_first, standing_offers
from charging.sharing_loop import share, site_supply
from charging.simulator.charger import Pace, SimulatedCharger
from charging.simulator.fleet import make_of, new_car
from facility import board_store
from facility.board import EquipmentKind, Source
from facility.context import Context
from facility.db import unit_of_work
from facility.ids import EvseId
from facility.units import Watt
from tests.charging.conftest import Yard

DC_A_W = 3 * 220
"""W of one ampere on each of three phases."""


@pytest.fixture
async def simulated(yard: Yard) -> AsyncIterator[SimulatedCharger]:
    """E27 (DC, 60 kW) with a car plugged in and its transaction running."""
    await yard.tag("TAG1")
    make = make_of(yard.ctx.site.evses[EvseId("E27")])
    charger = SimulatedCharger(
        make,
        f"ws://127.0.0.1:{yard.port}/ocpp",
        yard.clock,
        Pace(sample_every_s=0.05),
        lambda: new_car(Random(1), make),
    )
    life = asyncio.create_task(charger.run())
    await asyncio.wait_for(charger._is_connected.wait(), 10)
    charger.plug_in(new_car(Random(1), make), "TAG1", timedelta(minutes=30))
    await yard.eventually(lambda: _is_running(yard))
    yield charger
    for task in (life, charger._session):
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _is_running(yard: Yard) -> bool:
    return bool(await yard.rows("select 1 from charging.transaction where state in ('running', 'suspended')"))


async def _round(yard: Yard, ctx: Context) -> dict[str, int]:
    async with unit_of_work(ctx.pool) as conn:
        ordered = await share(conn, ctx, POLICIES[BEST]())

    async def is_quiet() -> bool:
        return not await yard.rows(
            "select 1 from charging.charger_order where state in ('queued', 'sent')"
            " and action = 'SetChargingProfile'"
        )

    await yard.eventually(is_quiet)
    return ordered


async def _orders(yard: Yard) -> int:
    return len(await yard.rows("select 1 from charging.charger_order where action = 'SetChargingProfile'"))


def _with_feeder(ctx: Context, limit_w: int) -> Context:
    dc = replace(ctx.site.supply_limits["dc"], limit_w=Watt(limit_w))
    limits = {**ctx.site.supply_limits, "dc": dc}
    return replace(ctx, site=replace(ctx.site, supply_limits=limits))


async def test_an_offer_is_ordered_once_and_again_only_when_it_changes(
    yard: Yard, simulated: SimulatedCharger
) -> None:
    narrow = _with_feeder(yard.ctx, 30_000)
    assert (await _round(yard, narrow))["E27"] == 30_000 // 3 // 220
    assert simulated.limit_w == 45 * DC_A_W
    sent = await _orders(yard)
    await _round(yard, narrow)
    assert await _orders(yard) == sent
    await _round(yard, _with_feeder(yard.ctx, 20_000))
    assert simulated.limit_w == 30 * DC_A_W
    assert await _orders(yard) == sent + 1


async def test_a_zone_whose_supply_is_taken_away_gets_nothing_until_its_lockout_is_lifted(
    yard: Yard, simulated: SimulatedCharger
) -> None:
    site = yard.ctx.site
    zone = site.bays[site.evses[EvseId("E27")].bay].zone
    async with unit_of_work(yard.ctx.pool) as conn:
        await board_store.place_lockout(
            conn,
            kind=EquipmentKind.ZONE,
            equipment_id=zone,
            source=Source.CONVERSION,
            reason="supply_to_zero",
            by="test",
            now=yard.clock.now(),
        )
    await _round(yard, yard.ctx)
    assert simulated.limit_w == 0
    async with unit_of_work(yard.ctx.pool) as conn:
        await board_store.lift_lockout(
            conn,
            kind=EquipmentKind.ZONE,
            equipment_id=zone,
            source=Source.CONVERSION,
            by="test",
            now=yard.clock.now(),
        )
    await _round(yard, yard.ctx)
    assert simulated.limit_w == simulated.make.max_w


async def test_the_sites_limits_become_amperes_of_a_phase_rounded_down(yard: Yard) -> None:
    whole = site_supply(yard.ctx.site)
    assert [limit.limit_a[0] for limit in whole.limits] == [260_000 // 660, 180_000 // 660]


def test_nobody_rises_before_the_others_have_come_down() -> None:
    def car(key: str) -> Car:
        return Car(
            key=key, phases=(0,), max_a=32, arrived_min=0, leaves_min=None, delivered_wh=0, wanted_wh=None
        )

    supply = Supply(limits=(PhaseLimit(limit_a=(32, 32, 32)),), imbalance_a=None)
    moment = Moment(now_min=0, cars=(car("a"), car("b")), supply=supply)
    assert lower_first(moment, [32, 0], [16, 16]) == [16, 0]
    assert lower_first(moment, [16, 0], [16, 16]) == [16, 16]


@given(
    st.lists(st.sampled_from(["0", "1", "2", "012"]), max_size=10),
    st.sampled_from(["llf_pour", "plan", "edf"]),
)
def test_the_phases_of_a_sub_feeder_differ_by_no_more_than_it_allows(
    phases_of: list[str], policy: str
) -> None:
    cars = tuple(
        Car(
            key=str(place),
            phases=tuple(int(phase) for phase in phases),
            max_a=32,
            arrived_min=0,
            leaves_min=None,
            delivered_wh=0,
            wanted_wh=None,
        )
        for place, phases in enumerate(phases_of)
    )
    members = frozenset(str(place) for place in range(0, 10, 2))
    limits = (
        PhaseLimit(limit_a=(200,) * 3),
        PhaseLimit(limit_a=(60,) * 3, members=members, imbalance_a=10, base_a=(4, 0, 0)),
    )
    offers = POLICIES[policy]()(Moment(now_min=0, cars=cars, supply=Supply(limits=limits, imbalance_a=None)))
    load = [4, 0, 0]
    for car, offer in zip(cars, offers, strict=True):
        if car.key in members:
            for phase in car.phases:
                load[phase] += offer
    assert max(load) - min(load) <= 10


@given(
    st.lists(st.tuples(st.sampled_from(["0", "1", "2", "012"]), st.integers(0, 32)), max_size=12),
    st.integers(0, 6),
    st.integers(0, 90),
)
def test_who_may_begin_at_any_moment_fits_beside_every_offer(
    given_cars: list[tuple[str, int]], running: int, limit_a: int
) -> None:
    cars = [
        Car(
            key=str(place),
            phases=tuple(int(phase) for phase in phases),
            max_a=32,
            arrived_min=0,
            leaves_min=None,
            delivered_wh=0,
            wanted_wh=None,
            offer_a=held,
        )
        for place, (phases, held) in enumerate(given_cars)
    ]
    limits = (
        PhaseLimit(limit_a=(limit_a,) * 3),
        PhaseLimit(limit_a=(20,) * 3, members=frozenset({"0", "7"})),
    )
    supply = Supply(limits=limits, imbalance_a=None)
    moment = Moment(now_min=0, cars=tuple(cars[:running]), supply=supply)
    offers, idle = POLICIES["llf_pour"]()(moment), cars[running:]
    standing = standing_offers(moment, offers, idle)
    assert set(standing) <= {0, 6}
    for limit in limits:
        for phase in range(3):
            load = sum(
                amperes
                for car, amperes in zip(cars, [*offers, *standing], strict=True)
                if phase in car.phases and (limit.members is None or car.key in limit.members)
            )
            assert load <= limit.limit_a[phase]


async def test_a_car_keeps_to_the_limit_from_its_first_second(yard: Yard) -> None:
    """The charger could give 60 kW, its feeder has 30: no sample of the meter, the first included, is above."""
    await yard.tag("TAG1")
    make = make_of(yard.ctx.site.evses[EvseId("E27")])
    narrow, pace = _with_feeder(yard.ctx, 30_000), Pace(sample_every_s=0.02)
    charger = SimulatedCharger(
        make, f"ws://127.0.0.1:{yard.port}/ocpp", yard.clock, pace, lambda: new_car(Random(1), make)
    )
    car = new_car(Random(1), make)
    assert car.wanted_w() > 30_000  # left to itself it breaks the limit
    life = asyncio.create_task(charger.run())
    await asyncio.wait_for(charger._is_connected.wait(), 10)
    await yard.eventually(lambda: _is_available(yard))
    await _round(yard, narrow)
    assert charger.limit_w == 6 * DC_A_W
    sent = await _orders(yard)
    await _round(yard, narrow)
    assert await _orders(yard) == sent  # held already
    charger.plug_in(car, "TAG1", timedelta(minutes=30))
    await yard.eventually(lambda: _has_samples(yard, 3))
    assert (await _round(yard, narrow))["E27"] == 45
    await yard.eventually(lambda: _has_samples(yard, 10))
    powers = [
        power
        for (power,) in await yard.rows("select power_w from charging.meter_sample order by measured_at")
    ]
    assert powers[0] == 6 * DC_A_W and max(powers) <= 30_000 and powers[-1] > 6 * DC_A_W
    for task in (life, charger._session):
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _is_available(yard: Yard) -> bool:
    return bool(
        await yard.rows("select 1 from charging.connector where evse_id = 'E27' and status = 'Available'")
    )


async def _has_samples(yard: Yard, count: int) -> bool:
    return len(await yard.rows("select 1 from charging.meter_sample")) >= count


@given(st.lists(st.tuples(st.integers(0, 32), st.integers(0, 32)), max_size=8), st.integers(0, 120))
def test_what_is_held_and_what_rises_never_exceed_the_limit_together(
    pairs: list[tuple[int, int]], limit_a: int
) -> None:
    cars = tuple(
        Car(
            key=str(place),
            phases=(0,),
            max_a=32,
            arrived_min=0,
            leaves_min=None,
            delivered_wh=0,
            wanted_wh=None,
        )
        for place in range(len(pairs))
    )
    supply = Supply(limits=(PhaseLimit(limit_a=(limit_a,) * 3),), imbalance_a=None)
    held = [one for one, _ in pairs]
    ordered = lower_first(Moment(now_min=0, cars=cars, supply=supply), held, [offer for _, offer in pairs])
    worst = sum(max(was, now) for was, now in zip(held, ordered, strict=True))
    assert worst <= max(limit_a, sum(held))
