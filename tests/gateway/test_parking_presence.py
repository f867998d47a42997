"""Cameras and screens that are away: alarms, and what each lane does meanwhile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from facility.db import Pool
from facility.heartbeat_store import write_beat
from facility.ids import LaneId
from facility.layout import Fallback, Policy
from facility.site import Site
from gateway.parking import gates_store, lanes_store
from gateway.parking.arrivals import arrive
from gateway.parking.drivers.gate import Gate
from gateway.parking.fallback import Watch
from gateway.parking.gates import InUse
from gateway.parking.presence import look
from gateway.parking.rules.away import SILENT_FOR, cameras_named_away, is_silent, policy_of
from tests.fakes import FakeClock
from tests.gateway.parking_world import Garage, open_garage, read_of
from tests.gateway.test_parking_fallback import HandGate, drive


@pytest.fixture
async def garage(dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path) -> Garage:
    return await open_garage(dsn, pool, site, clock, tmp_path)


async def beat(garage: Garage, name: str, **detail: Any) -> None:
    now = garage.clock.now()
    async with garage.rows() as conn:
        await write_beat(conn, name=name, pid=1, started_at=now, now=now, detail=detail)


async def alarms(garage: Garage) -> set[tuple[str, str]]:
    async with garage.rows() as conn:
        rows = await (await conn.execute("select kind, subject from report.alarm_open")).fetchall()
    return {(kind, subject) for kind, subject in rows}


@pytest.mark.parametrize(
    ("camera", "network", "policy"),
    [(False, False, None), (True, False, "closed"), (False, True, "attendant"), (True, True, "closed")],
)
def test_the_policy_of_what_is_away_holds_and_the_stricter_of_two(
    camera: bool, network: bool, policy: Policy | None
) -> None:
    fallback = Fallback(database="closed", network="attendant", camera="closed")
    assert policy_of(fallback, is_camera_away=camera, is_network_away=network) == policy


def test_an_arm_held_up_goes_before_every_other_policy() -> None:
    fallback = Fallback(database="closed", network="open", camera="closed")
    assert policy_of(fallback, is_camera_away=True, is_network_away=True) == "open"


def test_a_process_that_never_spoke_is_given_time_to_start_and_a_silent_one_is_away() -> None:
    began = datetime(2026, 3, 2, tzinfo=UTC)
    late = began + SILENT_FOR + timedelta(seconds=1)
    assert not is_silent({}, "lpr", watched_since=began, now=began + SILENT_FOR)
    assert is_silent({}, "lpr", watched_since=began, now=late)
    assert not is_silent({"lpr": late}, "lpr", watched_since=began, now=late + SILENT_FOR)


def test_a_detail_that_names_no_camera_means_none_is_away() -> None:
    assert cameras_named_away({}) == frozenset()
    assert cameras_named_away({"cameras_away": "cam-A-IN"}) == frozenset()
    assert cameras_named_away({"cameras_away": ["cam-A-IN"]}) == {"cam-A-IN"}


async def test_a_camera_without_pictures_raises_its_alarm_and_clears_it_when_it_returns(
    garage: Garage,
) -> None:
    began = garage.clock.now()
    await beat(garage, "web")
    await beat(garage, "lpr", cameras_away=["cam-A-IN"])
    async with garage.rows() as conn:
        policies = await look(conn, garage.ctx.site, watched_since=began, now=garage.clock.now())
    assert policies == {"A-IN": "attendant"}
    assert await alarms(garage) == {("camera.away", "A-IN")}
    async with garage.rows() as conn:
        assert (await lanes_store.read_lane_states(conn))["A-IN"].policy == "attendant"
    await beat(garage, "lpr", cameras_away=[])
    async with garage.rows() as conn:
        assert not await look(conn, garage.ctx.site, watched_since=began, now=garage.clock.now())
        assert (await lanes_store.read_lane_states(conn))["A-IN"].policy is None
    assert await alarms(garage) == set()


async def test_a_silent_reader_is_every_camera_away_and_a_quiet_camera_is_none(garage: Garage) -> None:
    began = garage.clock.now()
    await beat(garage, "lpr")
    garage.clock.advance(timedelta(seconds=21))
    await beat(garage, "web")
    async with garage.rows() as conn:
        policies = await look(conn, garage.ctx.site, watched_since=began, now=garage.clock.now())
    assert set(policies) == set(garage.ctx.site.lanes)
    await beat(garage, "lpr")  # it reads again; no car has come, and no camera has read anything
    async with garage.rows() as conn:
        assert not await look(conn, garage.ctx.site, watched_since=began, now=garage.clock.now())


async def test_without_the_screens_exits_stay_open_and_what_passed_is_entered(garage: Garage) -> None:
    gate, entry = HandGate(), HandGate()
    at_lanes: dict[LaneId, Gate] = {LaneId("U-OUT"): gate, LaneId("U-IN"): entry}
    watch = Watch(garage.ctx, at_lanes)
    await beat(garage, "web")
    garage.clock.advance(timedelta(seconds=21))
    await beat(garage, "lpr")
    await watch.look(is_there=True)
    assert ("network.away", "web") in await alarms(garage)
    await drive(gate, 1)
    assert gate.is_up and not entry.is_up and not watch.is_away
    await beat(garage, "web")
    await watch.look(is_there=True)
    assert not gate.is_up
    async with garage.rows() as conn:
        (ask,) = await lanes_store.read_asks(conn)
    assert (ask.lane_id, ask.reason, ask.decided_by) == ("U-OUT", "reads_away", "policy open")
    assert ("network.away", "web") not in await alarms(garage)


async def test_a_gate_that_carries_out_an_order_is_held_open_only_afterwards(garage: Garage) -> None:
    gate, in_use = HandGate(), InUse()
    in_use.by_order.add("U-OUT")
    watch = Watch(garage.ctx, {LaneId("U-OUT"): gate}, in_use)
    garage.clock.advance(timedelta(seconds=21))
    await watch.look(is_there=True)
    assert not in_use.by_policy
    in_use.by_order.clear()
    await watch.look(is_there=True)
    await gate.taken.wait()
    assert in_use.by_policy == {"U-OUT"} and gate.is_up


async def test_a_car_with_an_order_passes_under_the_held_arm_as_that_car(garage: Garage) -> None:
    gate = HandGate()
    site, now = garage.ctx.site, garage.clock.now()
    async with garage.rows() as conn:
        await arrive(conn, site, read_of("苏F12345", "U-IN", now), now=now)
    watch = Watch(garage.ctx, {LaneId("U-IN"): gate})
    watch._begin(LaneId("U-IN"), "open", "reads")
    await drive(gate, 1)
    assert [stay.state for stay in await garage.stays()] == ["inside"]
    async with garage.rows() as conn:
        assert not await gates_store.read_waiting_orders(conn)
        assert not await lanes_store.read_asks(conn)
    await watch._end([LaneId("U-IN")])


async def test_a_lane_closed_by_its_policy_lets_no_car_in_by_itself(garage: Garage) -> None:
    now = garage.clock.now()
    async with garage.rows() as conn:
        await lanes_store.write_lane_policy(conn, "U-IN", "closed", now=now)
        entry = await arrive(conn, garage.ctx.site, read_of("苏F12345", "U-IN", now), now=now)
    assert entry is not None and (entry.outcome, entry.reason) == ("refuse", "lane_closed")
