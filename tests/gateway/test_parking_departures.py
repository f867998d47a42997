"""A car at an exit, with the real database and the real price lists."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from facility.db import Pool, unit_of_work
from facility.mode import ModeEvent
from facility.site import Site
from facility.store import write_mode
from gateway.parking import dues, dues_store, lanes_store, store
from gateway.parking.arrivals import arrive
from gateway.parking.departures import depart, open_for_paid
from gateway.parking.rules.decision import Reason
from gateway.parking.rules.stay import StayState
from tests.fakes import FakeClock
from tests.gateway.parking_world import Garage, open_garage, read_of

HALF_HOURS = {"free_minutes": 30, "unit_minutes": 30, "price_per_unit": 2, "exit_grace_minutes": 15}


@pytest.fixture
async def garage(dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path) -> Garage:
    made = await open_garage(dsn, pool, site, clock, tmp_path)
    async with made.rows() as conn:
        await dues_store.insert_tariff(
            conn,
            name="list A",
            body=HALF_HOURS,
            in_force_from=clock.now() - timedelta(days=1),
            saved_at=clock.now(),
            saved_by="manager",
        )
    return made


async def come(garage: Garage, plate: str, lane: str = "A-IN") -> store.Stay:
    async with garage.rows() as conn:
        entry = await arrive(
            conn, garage.ctx.site, read_of(plate, lane, garage.clock.now()), now=garage.clock.now()
        )
    assert entry is not None and entry.stay_id is not None
    await garage.pass_gates()
    async with garage.rows() as conn:
        return await store.read_stay(conn, entry.stay_id)


async def leave(
    garage: Garage, plate: str, lane: str = "A-OUT", *, accepted: bool = True
) -> lanes_store.LaneEntry | None:
    async with garage.rows() as conn:
        read = read_of(plate, lane, garage.clock.now(), accepted=accepted)
        return await depart(conn, garage.ctx.site, read, now=garage.clock.now())


async def pay(garage: Garage, stay: store.Stay, amount_fen: int) -> None:
    async with garage.rows() as conn:
        await dues_store.insert_money(
            conn,
            [
                dues_store.Money(
                    stay_id=stay.id,
                    at=garage.clock.now(),
                    amount_fen=amount_fen,
                    part="parking",
                    how="test",
                    reference=f"r{amount_fen}",
                    charging_transaction_id=None,
                    is_simulated=False,
                )
            ],
        )


async def test_a_short_stay_leaves_without_paying_and_is_counted_out(garage: Garage) -> None:
    stay = await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=20))
    entry = await leave(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason) == ("open", Reason.NOTHING_DUE)
    assert await garage.pass_gates() == ["passed"]
    async with garage.rows() as conn:
        closed = await store.read_stay(conn, stay.id)
    assert (closed.state, closed.exit_lane) == (StayState.CLOSED, "A-OUT")
    assert closed.left_at == garage.clock.now()
    assert (await garage.occupied())["B1-G"] == 0


async def test_a_car_that_owes_waits_and_its_payment_opens_the_gate(garage: Garage) -> None:
    stay = await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=95))
    entry = await leave(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason, entry.due_fen) == ("ask", Reason.UNPAID, 800)
    assert await garage.pass_gates() == []
    await pay(garage, stay, 800)
    async with garage.rows() as conn:
        assert await open_for_paid(conn, garage.ctx.site, stay.id, now=garage.clock.now())
    assert await garage.pass_gates() == ["passed"]
    assert await garage.stays() == []


async def test_a_payment_of_too_little_opens_nothing(garage: Garage) -> None:
    stay = await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=95))
    await leave(garage, "苏F12345")
    await pay(garage, stay, 700)
    async with garage.rows() as conn:
        assert not await open_for_paid(conn, garage.ctx.site, stay.id, now=garage.clock.now())
        assert (await dues.read_due(conn, stay, now=garage.clock.now())).due_fen == 100


async def test_a_car_that_paid_before_leaves_within_the_grace(garage: Garage) -> None:
    stay = await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=60))
    await pay(garage, stay, 400)
    garage.clock.advance(timedelta(minutes=15))
    entry = await leave(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason) == ("open", Reason.PAID)


async def test_an_exit_read_with_one_likely_mistake_finds_its_stay(garage: Garage) -> None:
    stay = await come(garage, "苏FD8B21")
    garage.clock.advance(timedelta(minutes=5))
    entry = await leave(garage, "苏F08B21")
    assert entry is not None and (entry.outcome, entry.stay_id) == ("open", stay.id)


async def test_an_exit_read_that_fits_two_cars_asks_with_both(garage: Garage) -> None:
    first, second = await come(garage, "苏FA8821"), await come(garage, "苏FAB821", "B-IN")
    garage.clock.advance(timedelta(minutes=5))
    entry = await leave(garage, "苏FA3821")
    assert entry is not None and (entry.outcome, entry.reason) == ("ask", Reason.SEVERAL_CANDIDATES)
    assert set(entry.candidates) == {first.id, second.id}
    assert len(await garage.stays()) == 2


async def test_a_car_nobody_saw_come_in_asks_the_attendant(garage: Garage) -> None:
    entry = await leave(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason) == ("ask", Reason.NO_ENTRY)


async def test_two_exits_that_read_one_car_open_once(garage: Garage) -> None:
    await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=5))

    async def decide(lane: str) -> lanes_store.LaneEntry | None:
        async with unit_of_work(garage.ctx.pool) as conn:
            read = read_of("苏F12345", lane, garage.clock.now())
            return await depart(conn, garage.ctx.site, read, now=garage.clock.now())

    entries = await asyncio.gather(*(decide(lane) for lane in ("A-OUT", "B-OUT", "U-OUT")))
    assert sorted(entry.outcome for entry in entries if entry) == ["ask", "ask", "open"]
    assert await garage.pass_gates() == ["passed"]


async def test_while_the_garage_is_cleared_nobody_waits_to_pay_and_the_debt_stays(garage: Garage) -> None:
    stay = await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=95))
    async with garage.rows() as conn:
        await write_mode(
            conn, ModeEvent.CONVERSION_ORDERED, by="commander", reason="test", now=garage.clock.now()
        )
    entry = await leave(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason) == ("open", Reason.EVACUATION)
    await garage.pass_gates()
    async with garage.rows() as conn:
        closed = await store.read_stay(conn, stay.id)
        assert (await dues.read_due(conn, closed, now=garage.clock.now())).due_fen == 800


async def test_a_stay_keeps_the_price_list_it_began_under(garage: Garage) -> None:
    stay = await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=10))
    async with garage.rows() as conn:
        await dues_store.insert_tariff(
            conn,
            name="list B",
            body={**HALF_HOURS, "price_per_unit": 50},
            in_force_from=garage.clock.now(),
            saved_at=garage.clock.now(),
            saved_by="manager",
        )
    garage.clock.advance(timedelta(minutes=50))
    async with garage.rows() as conn:
        assert (await dues.read_due(conn, stay, now=garage.clock.now())).due_fen == 400


async def test_without_a_price_list_a_person_decides(garage: Garage) -> None:
    async with garage.rows() as conn:
        await conn.execute("delete from parking.tariff_version")
    await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=95))
    entry = await leave(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason, entry.due_fen) == ("ask", Reason.NO_FEE, None)
