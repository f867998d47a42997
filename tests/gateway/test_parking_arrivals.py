"""A car at an entry, with the real database."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from facility.board import EquipmentKind, Source
from facility.board_store import place_lockout
from facility.db import Pool, unit_of_work
from facility.ids import new_uuid
from facility.mode import ModeEvent
from facility.site import Site
from facility.store import write_mode
from gateway.parking import lanes_store, lists_store, occupancy, occupancy_store, store
from gateway.parking.arrivals import arrive
from gateway.parking.rules.decision import Reason
from gateway.parking.rules.stay import StayState
from tests.fakes import FakeClock
from tests.gateway.parking_world import Garage, open_garage, read_of


@pytest.fixture
async def garage(dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path) -> Garage:
    return await open_garage(dsn, pool, site, clock, tmp_path)


async def come(garage: Garage, plate: str, lane: str = "A-IN", **how: object) -> lanes_store.LaneEntry | None:
    async with garage.rows() as conn:
        read = read_of(plate, lane, garage.clock.now(), **how)  # type: ignore[arg-type]
        return await arrive(conn, garage.ctx.site, read, now=garage.clock.now())


async def test_a_car_is_let_in_and_counted_once_the_loop_felt_it(garage: Garage) -> None:
    entry = await come(garage, "苏F12345")
    assert entry is not None and (entry.outcome, entry.reason) == ("open", Reason.ORDINARY)
    assert (await garage.stays())[0].state is StayState.ENTERING
    assert (await garage.occupied())["B1-G"] == 0
    garage.clock.advance(timedelta(seconds=3))
    assert await garage.pass_gates() == ["passed"]
    stay = (await garage.stays())[0]
    assert stay.state is StayState.INSIDE
    assert stay.zone_id == "B1-G"
    assert (await garage.occupied())["B1-G"] == 1
    async with garage.rows() as conn:
        points = await occupancy_store.read_minutes(
            conn,
            garage.clock.now() - timedelta(minutes=2),
            garage.clock.now() + timedelta(minutes=1),
            ["B1-G"],
        )
    assert [point.occupied for point in points] == [1.0]


async def test_a_driver_who_backs_off_leaves_no_stay(garage: Garage) -> None:
    await come(garage, "苏F12345")
    assert await garage.pass_gates(cars=0) == ["backed_out"]
    assert await garage.stays() == []
    assert (await garage.occupied())["B1-G"] == 0


async def test_two_lanes_that_read_one_car_at_the_same_moment_open_once(garage: Garage) -> None:
    plates = ["苏FA1111", "浙BC2345", "苏EK7788", "沪ANH003", "皖MVV456", "苏F99E99", "京QP6R61", "粤BD34K0"]
    for plate in plates:
        reads = [read_of(plate, lane, garage.clock.now()) for lane in ("A-IN", "B-IN", "U-IN")]

        async def decide(read: lanes_store.PlateRead) -> lanes_store.LaneEntry | None:
            async with unit_of_work(garage.ctx.pool) as conn:
                return await arrive(conn, garage.ctx.site, read, now=garage.clock.now())

        entries = await asyncio.gather(*(decide(read) for read in reads))
        outcomes = sorted(entry.outcome for entry in entries if entry is not None)
        assert outcomes == ["ask", "ask", "open"]
    assert len(await garage.stays()) == len(plates)


async def test_one_read_delivered_twice_is_decided_once(garage: Garage) -> None:
    read = read_of("苏F12345", "A-IN", garage.clock.now())
    for _ in range(2):
        async with garage.rows() as conn:
            await arrive(conn, garage.ctx.site, read, now=garage.clock.now())
    async with garage.rows() as conn:
        assert len(await lanes_store.read_lane_log(conn, "A-IN")) == 1


async def test_a_waiting_car_read_again_with_one_character_wrong_is_the_same_car(garage: Garage) -> None:
    await come(garage, "苏F12345")
    garage.clock.advance(timedelta(seconds=2))
    assert await come(garage, "苏F1234S") is None
    assert len(await garage.stays()) == 1


@pytest.mark.parametrize(
    ("plate", "accepted", "reason"), [("", True, "no_plate"), ("苏F1234", False, "unsure_read")]
)
async def test_a_read_nobody_can_be_sure_of_goes_to_the_attendant(
    garage: Garage, plate: str, accepted: bool, reason: str
) -> None:
    entry = await come(garage, plate, accepted=accepted)
    assert entry is not None and (entry.outcome, entry.reason) == ("ask", reason)
    assert await garage.stays() == []


async def test_a_better_look_opens_what_the_first_one_asked_about(garage: Garage) -> None:
    first = await come(garage, "苏F1284S", accepted=False)
    assert first is not None and first.outcome == "ask"
    garage.clock.advance(timedelta(seconds=2))
    better = await come(garage, "皖A98K76", corrects=first.read_id)
    assert better is not None and better.outcome == "open"
    async with garage.rows() as conn:
        log = await lanes_store.read_lane_log(conn, "A-IN")
    assert {(entry.outcome, entry.settlement) for entry in log} == {("ask", "opened"), ("open", None)}
    assert len(await garage.stays()) == 1


async def test_a_correction_of_a_read_that_opened_opens_no_second_time(garage: Garage) -> None:
    first = await come(garage, "苏F12845")
    assert first is not None and first.outcome == "open"
    garage.clock.advance(timedelta(seconds=2))
    assert await come(garage, "皖A98K76", corrects=first.read_id) is None
    assert len(await garage.stays()) == 1


async def test_a_car_that_drives_against_the_lane_opens_nothing_by_itself(garage: Garage) -> None:
    entry = await come(garage, "苏F12345", direction="out")
    assert entry is not None and (entry.outcome, entry.reason) == ("ask", "against_lane")
    assert await garage.stays() == []


async def test_a_car_that_is_inside_already_asks_the_attendant(garage: Garage) -> None:
    await come(garage, "苏F12345")
    await garage.pass_gates()
    garage.clock.advance(timedelta(minutes=5))
    entry = await come(garage, "苏F12345", "B-IN")
    assert entry is not None and (entry.outcome, entry.reason) == ("ask", Reason.ALREADY_INSIDE)


async def test_the_basement_takes_no_car_while_it_is_converted_and_the_upper_floors_do(
    garage: Garage,
) -> None:
    async with garage.rows() as conn:
        await write_mode(
            conn, ModeEvent.CONVERSION_ORDERED, by="commander", reason="test", now=garage.clock.now()
        )
    below, above = await come(garage, "苏F12345"), await come(garage, "苏F54321", "U-IN")
    assert below is not None and (below.outcome, below.reason) == ("refuse", Reason.MODE)
    assert above is not None and above.outcome == "open"


async def test_a_lockout_on_a_lane_keeps_it_shut_except_for_emergency_vehicles(garage: Garage) -> None:
    async with garage.rows() as conn:
        await place_lockout(
            conn,
            kind=EquipmentKind.LANE,
            equipment_id="A-IN",
            source=Source.MAINTENANCE,
            reason="arm bent",
            by="fitter",
            now=garage.clock.now(),
        )
    car, police = await come(garage, "苏F12345"), await come(garage, "苏F1234警", kind="white")
    assert car is not None and (car.outcome, car.reason) == ("refuse", Reason.LANE_LOCKED_OUT)
    assert police is not None and (police.outcome, police.reason) == ("open", Reason.EMERGENCY)


async def test_a_full_garage_refuses_a_stranger_and_takes_the_owner_of_a_bay(garage: Garage) -> None:
    now = garage.clock.now()
    async with garage.rows() as conn:
        for zone, count in (await occupancy_store.read_counts(conn)).items():
            await occupancy.correct_count(conn, zone, count.capacity, by="test", reason="counted", now=now)
        await lists_store.insert_permit(
            conn,
            lists_store.Permit(
                id=new_uuid(),
                kind="monthly",
                holder="王先生",
                bay_id="B1-050",
                max_inside=1,
                valid_from=now.date(),
                valid_to=now.date() + timedelta(days=30),
                fee_fen=30000,
                made_at=now,
                made_by="manager",
                ended_at=None,
                ended_by=None,
                plates=["苏F88888", "苏F99999"],
            ),
        )
    stranger, owner, second = [await come(garage, plate) for plate in ("苏F12345", "苏F88888", "苏F99999")]
    assert stranger is not None and (stranger.outcome, stranger.reason) == ("refuse", Reason.FULL)
    assert owner is not None and (owner.outcome, owner.reason) == ("open", Reason.PERMIT)
    assert second is not None and (second.outcome, second.reason) == ("refuse", Reason.FULL)


async def test_an_old_read_opens_nothing_and_waits_for_a_person(garage: Garage) -> None:
    read = read_of("苏F12345", "A-IN", garage.clock.now())
    garage.clock.advance(timedelta(minutes=10))
    async with garage.rows() as conn:
        entry = await arrive(conn, garage.ctx.site, read, now=garage.clock.now())
    assert entry is not None and (entry.outcome, entry.reason) == ("ask", Reason.LATE_READ)
    assert await garage.pass_gates() == []


async def test_a_tailgater_gets_a_stay_without_a_plate_and_an_alarm(garage: Garage) -> None:
    await come(garage, "苏F12345")
    await garage.pass_gates(cars=2)
    stays = await garage.stays()
    assert sorted(stay.entry_how for stay in stays) == ["read", "tailgate"]
    assert (await garage.occupied())["B1-G"] == 2


async def test_an_order_left_over_from_before_a_restart_opens_nothing(garage: Garage) -> None:
    await come(garage, "苏F12345")
    garage.clock.advance(timedelta(minutes=3))
    assert await garage.pass_gates() == ["expired"]
    assert await garage.stays() == []


async def test_a_stay_keeps_the_plate_of_its_read(garage: Garage) -> None:
    entry = await come(garage, "苏FD12345", kind="green")
    assert entry is not None and entry.stay_id is not None
    async with garage.rows() as conn:
        stay = await store.read_stay(conn, entry.stay_id)
    assert (stay.plate, stay.plate_kind, stay.vehicle_class) == ("苏FD12345", "green", "small")


async def test_the_next_car_of_a_fleet_is_not_taken_for_the_one_before(garage: Garage) -> None:
    await come(garage, "苏F20002")
    await garage.pass_gates()
    garage.clock.advance(timedelta(seconds=8))
    entry = await come(garage, "苏F20007")
    assert entry is not None and entry.outcome == "open"
    assert len(await garage.stays()) == 2
