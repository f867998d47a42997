"""Gates carry out orders: open, watch the loop, and say what became of the car."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from facility.alarm_store import clear_alarm, raise_alarm
from facility.board import EquipmentKind
from facility.board_store import report_status
from facility.context import Context
from facility.db import listen, unit_of_work
from facility.errors import Unavailable
from facility.fact_store import write_fact
from facility.ids import LaneId, new_uuid
from facility.logs import get_logger
from facility.site import Lane, Site
from gateway.parking import gates_store, lanes, lanes_store, occupancy, occupancy_store, record_store, store
from gateway.parking.drivers.gate import Gate, GateFault
from gateway.parking.gates_store import GateOrder
from gateway.parking.rules.stay import StayEvent, StayState, advance
from gateway.parking.store import NewStay, Stay

log = get_logger()
Conn = AsyncConnection[Any]
Gates = Mapping[LaneId, Gate]

# An order nobody carried out in this time is not carried out any more: the car may be gone.
ORDER_LIVES = timedelta(seconds=30)
CROSSING_TIMEOUT_S = 45.0
SWEEP_S = 2.0


async def carry_out(ctx: Context, gate: Gate, order: GateOrder) -> str:
    """Carry out one order and keep how it ended.

    Returns:
        `passed`, `backed_out`, `timed_out`, `failed` or `expired`.
    """
    if order.opened_at is None and ctx.clock.now() - order.ordered_at > ORDER_LIVES:
        return await _end(ctx, order, cars=0, result="expired")
    if order.opened_at is None:
        try:
            async with asyncio.timeout(CROSSING_TIMEOUT_S):
                await gate.raise_arm()
        except (GateFault, TimeoutError) as fault:
            log.error("gate.failed", lane=order.lane_id, reason=str(fault))
            return await _end(ctx, order, cars=0, result="failed", trouble=str(fault))
        await _note_opened(ctx, gate, order)
    cars, trouble = await _watch_crossing(gate, order)
    return await _end(ctx, order, cars=cars, result="passed" if cars else "backed_out", trouble=trouble)


async def _watch_crossing(gate: Gate, order: GateOrder) -> tuple[int, str | None]:
    """Under an open arm: the cars that crossed, and what is wrong with the gate meanwhile.

    A car for which a gate opened is taken to have passed where nobody watched the loop (this process ended while the
    gate stood open, or the loop does not answer): the zone's count can be corrected, a lost stay cannot.
    """
    cars, trouble = 1, None
    try:
        if order.opened_at is None:
            cars = await gate.cars_crossed(CROSSING_TIMEOUT_S)
        else:
            log.warning("gate.passage_assumed", lane=order.lane_id, order=str(order.id))
    except GateFault as fault:
        trouble = str(fault)
    try:
        await gate.lower_arm()
    except GateFault as fault:
        trouble = trouble or str(fault)
    if trouble is not None:
        log.error("gate.failed", lane=order.lane_id, reason=trouble)
    return cars, trouble


async def end_oldest(ctx: Context, lane_id: str) -> bool:
    """A car crossed under an arm held up: it is the car of the lane's oldest waiting order.

    Returns:
        Whether there was an order; without one nobody knows the car.
    """
    try:
        async with unit_of_work(ctx.pool) as conn:
            waiting = await gates_store.read_waiting_orders(conn)
        order = next((one for one in waiting if one.lane_id == lane_id), None)
        if order is None:
            return False
        await _end(ctx, order, cars=1, result="passed")
    except (Unavailable, psycopg.OperationalError) as fault:
        log.warning("database.away", lane=lane_id, fault=str(fault))
        return False
    return True


async def _note_opened(ctx: Context, gate: Gate, order: GateOrder) -> None:
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        await gates_store.write_gate_opened(conn, order.id, now)
        await write_fact(
            conn,
            "gate.opened",
            order.lane_id,
            {"cause": order.cause, "simulated": gate.is_simulated},
            now=now,
        )


async def _end(ctx: Context, order: GateOrder, *, cars: int, result: str, trouble: str | None = None) -> str:
    """Keep how an order ended; `trouble` says what is wrong with the gate, `None` that it answered."""
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        if not await gates_store.end_gate_order(conn, order.id, ended_at=now, cars=cars, result=result):
            return result
        lane = lanes.lane_of(ctx.site, order.lane_id)
        if order.stay_id is not None:
            stay = await store.lock_stay(conn, order.stay_id)
            await settle(conn, ctx.site, lane, stay, has_passed=cars > 0, now=now)
        if cars > 1:
            await tailgate(conn, ctx.site, lane, cars - 1, now=now)
        if trouble is not None or result == "expired":
            detail = {"result": result, "trouble": trouble or ""}
            await raise_alarm(conn, "gate.failed", lane.id, "warning", detail, now=now)
        if trouble is not None:
            await report_status(conn, EquipmentKind.LANE, lane.id, "faulted", now=now)
        elif result != "expired" and await clear_alarm(conn, "gate.failed", lane.id, now=now):
            await report_status(conn, EquipmentKind.LANE, lane.id, "serving", now=now)
    log.info("gate.ended", lane=order.lane_id, result=result, cars=cars)
    return result


async def settle(conn: Conn, site: Site, lane: Lane, stay: Stay, *, has_passed: bool, now: datetime) -> None:
    """What the loop said becomes the stay's state, the zone's count, a sample and a fact.

    An opening that belongs to a stay which has moved on since (a person closed it) changes nothing.
    """
    if lane.direction == "in" and stay.state is StayState.ENTERING:
        if has_passed:
            await confirm_inside(conn, stay, lanes.zones_behind(site, lane)[0], now=now)
        else:
            await turn_back(conn, stay)
    elif lane.direction == "out" and stay.state is StayState.LEAVING:
        if has_passed:
            await confirm_outside(conn, stay, now=now)
        else:
            await _write(conn, stay, StayEvent.STAYED_IN, zone_id=stay.zone_id, leaving_at=None)


async def confirm_inside(conn: Conn, stay: Stay, zone_id: str, *, now: datetime) -> None:
    """The entry loop felt the car: it is inside and counted."""
    await _write(conn, stay, StayEvent.PASSED_IN, zone_id=zone_id, inside_at=now)
    await occupancy.count_cars(conn, zone_id, 1, now=now)
    await record_store.insert_movement(conn, stay.id, at=now, from_zone=None, to_zone=zone_id, cause="gate")
    await write_fact(
        conn, "stay.opened", str(stay.id), {"zone": zone_id, "simulated": stay.is_simulated}, now=now
    )


async def turn_back(conn: Conn, stay: Stay) -> None:
    """The car backed off: there was no stay."""
    await _write(conn, stay, StayEvent.TURNED_BACK, zone_id=None)


async def confirm_outside(conn: Conn, stay: Stay, *, now: datetime) -> None:
    """The exit loop felt the car: it is gone, and its bay and zone are freed of it."""
    left_at = max(stay.leaving_at or now, stay.entered_at)
    await _write(conn, stay, StayEvent.PASSED_OUT, zone_id=None, leaving_at=stay.leaving_at, left_at=left_at)
    await take_out(conn, stay, now=now)


async def take_out(conn: Conn, stay: Stay, *, now: datetime) -> None:
    """A car is no longer inside: count, bay and live screens follow."""
    await occupancy_store.forget_stay_bay(conn, stay.id)
    if stay.zone_id is not None:
        await occupancy.count_cars(conn, stay.zone_id, -1, now=now)
        await record_store.insert_movement(
            conn, stay.id, at=now, from_zone=stay.zone_id, to_zone=None, cause="gate"
        )
    await write_fact(conn, "stay.closed", str(stay.id), {"simulated": stay.is_simulated}, now=now)


async def _write(
    conn: Conn,
    stay: Stay,
    event: StayEvent,
    *,
    zone_id: str | None,
    inside_at: datetime | None = None,
    leaving_at: datetime | None = None,
    left_at: datetime | None = None,
) -> None:
    await store.write_stay_state(
        conn,
        stay.id,
        state=advance(stay.state, event),
        zone_id=zone_id,
        inside_at=inside_at or stay.inside_at,
        leaving_at=leaving_at,
        left_at=left_at,
    )


async def tailgate(conn: Conn, site: Site, lane: Lane, cars: int, *, now: datetime) -> None:
    """More cars than one crossed at one opening: each is kept, counted, and asked about.

    A follower at an entry gets a stay without a plate; a follower at an exit has left without its stay being
    known, so the count follows and the attendant says whose stay it was.
    """
    zone_id = lanes.zones_behind(site, lane)[0]
    for _ in range(cars):
        if lane.direction == "out":
            stay_id = None
            await occupancy.count_cars(conn, zone_id, -1, now=now)
        else:
            stay_id = await begin_unseen(conn, lane, zone_id, how="tailgate", ticket="TG", now=now)
        question = lanes.question_of_unseen(lane.id, at=now, reason="tailgate", stay_id=stay_id, by="system")
        await lanes_store.insert_lane_entry(conn, question)
        await lanes.tell_lane(conn, question)
    await raise_alarm(conn, "lane.tailgate", lane.id, "warning", {"cars": cars}, now=now)


async def begin_unseen(conn: Conn, lane: Lane, zone_id: str, *, how: str, ticket: str, now: datetime) -> UUID:
    """Begin the stay of a car that came in without anybody knowing its plate; it is inside and counted.

    Args:
        how: `tailgate` or `journal`. ticket: the first letters of the ticket that stands for its plate.
    """
    stay_id = new_uuid()
    await store.insert_stay(
        conn,
        NewStay(
            id=stay_id,
            plate=None,
            plate_kind="other",
            vehicle_class="small",
            ticket=f"{ticket}-{stay_id.hex[:8].upper()}",
            state=StayState.ENTERING,
            entry_lane=lane.id,
            entry_read=None,
            entry_how=how,
            entered_at=now,
            permit_id=None,
            is_simulated=False,
        ),
    )
    await confirm_inside(conn, await store.lock_stay(conn, stay_id), zone_id, now=now)
    return stay_id


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """The lanes whose gate an order moves now, and those whose gate a policy moves: never both."""

    by_order: set[str] = field(default_factory=set)
    by_policy: set[str] = field(default_factory=set)


class Keeper:
    """Runs one lane's orders one after another, and the lanes beside each other."""

    def __init__(self, ctx: Context, gates: Gates, group: asyncio.TaskGroup, in_use: InUse) -> None:
        self._ctx = ctx
        self._gates = gates
        self._in_use = in_use
        self._group = group
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Start what waits: the oldest order of every lane that is not busy."""
        async with unit_of_work(self._ctx.pool) as conn:
            waiting = await gates_store.read_waiting_orders(conn)
        for order in waiting:
            if order.lane_id in self._in_use.by_policy:
                continue
            running = self._busy.get(order.lane_id)
            if running is None or running.done():
                self._busy[order.lane_id] = self._group.create_task(self._work_off(order))

    async def _work_off(self, first: GateOrder) -> None:
        """Carry out a lane's orders until none waits."""
        order: GateOrder | None = first
        lane_id = first.lane_id
        self._in_use.by_order.add(lane_id)
        try:
            while order is not None:
                await carry_out(self._ctx, self._gates[LaneId(lane_id)], order)
                async with unit_of_work(self._ctx.pool) as conn:
                    waiting = await gates_store.read_waiting_orders(conn)
                order = next((one for one in waiting if one.lane_id == lane_id), None)
        except Exception:
            log.exception("gate.order_failed")
        finally:
            self._in_use.by_order.discard(lane_id)


async def run(ctx: Context, at_lanes: Gates, in_use: InUse) -> None:
    """Carry out gate orders as they are written, but none of a lane that follows its policy."""
    await report_lanes(ctx, at_lanes)
    async with asyncio.TaskGroup() as group:
        keeper = Keeper(ctx, at_lanes, group, in_use)
        async for _notice in listen(ctx.dsn, ["gate_order", "board"], SWEEP_S):
            await keeper.look()


async def report_lanes(ctx: Context, gates: Gates) -> None:
    """Say of every lane that it serves or is out, as its lockouts and its closing want it."""
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        closed = await lanes_store.read_lane_states(conn)
        for lane_id in gates:
            standing = await lanes.read_standing(conn, lane_id)
            is_out = standing.is_locked_out or (lane_id in closed and closed[lane_id].is_closed)
            await report_status(conn, EquipmentKind.LANE, lane_id, "out" if is_out else "serving", now=now)
