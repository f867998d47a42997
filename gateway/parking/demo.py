"""Simulated cars in real time: pictures into the camera folders, bays that fill, payments, pictures at the exits.

They go through the same doors as real cars: the reader reads their pictures, the gates decide, the bay sensors
report, the payment opens the exit. Whatever is kept of them is flagged as simulated.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from uuid import UUID

from facility.context import Context
from facility.db import unit_of_work
from facility.ids import CameraId, new_uuid
from facility.logs import get_logger
from facility.mode import Mode
from facility.site import Lane
from facility.store import read_mode
from facility.units import local
from gateway.parking import demo_store, departures, dues, dues_store, lanes, lanes_store, occupancy, store
from gateway.parking.lanes_store import LaneEntry
from gateway.parking.rules.decision import Outcome, Reason
from gateway.parking.rules.stay import StayState

log = get_logger()

EVENT_EVERY_S = 14.0
EVACUATION_EVERY_S = 5.0
LOOK_EVERY_S = 1.0
READ_WITHIN_S = 30.0
SETTLES_AFTER_S = 45.0
WALKS_S = (6.0, 18.0)
CHARGER_BAYS_A_LOOK = 2
BY = "模拟收费员 / simulated attendant"

# Share of the bays taken at each local hour, about what the simulated past has; an assumption of the demonstration.
CURVE = (
    0.24, 0.24, 0.24, 0.24, 0.24, 0.24, 0.23, 0.24, 0.40, 0.55, 0.62, 0.68,
    0.68, 0.62, 0.58, 0.58, 0.62, 0.60, 0.52, 0.46, 0.40, 0.34, 0.29, 0.26,
)  # fmt: skip


def draw_car(path: Path, plate: str, kind: str, seed: int) -> None:
    """Put a gate picture of a car where a camera's pictures go; it appears there whole."""
    from lpr.demo import render_gate_picture
    from lpr.vision.picture import encode_jpeg

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")
    part.write_bytes(encode_jpeg(render_gate_picture(plate, kind, seed)))
    part.replace(path)


class Town:
    """The simulated drivers; one lives in each process that runs the demonstration."""

    def __init__(self, ctx: Context, rng: Random, group: asyncio.TaskGroup) -> None:
        self._ctx = ctx
        self._rng = rng
        self._group = group
        self._leaving: set[UUID] = set()

    async def live(self) -> None:
        """Let cars come and go so that the garage follows its curve, until cancelled."""
        while True:
            try:
                pause_s = await self._step()
            except Exception:
                log.exception("demo.step_failed")
                pause_s = EVENT_EVERY_S
            await asyncio.sleep(pause_s * self._rng.uniform(0.6, 1.4))

    async def _step(self) -> float:
        await self.follow_chargers()
        async with unit_of_work(self._ctx.pool) as conn:
            mode = (await read_mode(conn)).mode
            basement, upper = await demo_store.count_inside(
                conn, self._zones("basement"), self._zones("upper")
            )
        if mode is not Mode.PEACETIME and basement:
            await self._start_leaving("basement")
            return EVACUATION_EVERY_S
        area = "upper" if mode is not Mode.PEACETIME or self._rng.random() < 0.75 else "basement"
        inside = basement if area == "basement" else upper
        bays = sum(zone.capacity for zone in self._ctx.site.zones.values() if zone.area == area)
        wanted = CURVE[local(self._ctx.clock.now()).hour] * bays
        if self._rng.random() < min(max(0.5 + (wanted - inside) / (0.2 * bays), 0.1), 0.9):
            self._group.create_task(self._safely(self._arrive(area)))
        else:
            await self._start_leaving(area)
        return EVENT_EVERY_S

    def _zones(self, area: str) -> list[str]:
        return [zone.id for zone in self._ctx.site.zones.values() if zone.area == area]

    async def _start_leaving(self, area: str) -> None:
        async with unit_of_work(self._ctx.pool) as conn:
            stays = await demo_store.read_simulated_inside(conn, self._zones(area))
        free = [stay for stay in stays if stay.id not in self._leaving]
        if free:
            # The longer a car stands, the likelier it is the next to go.
            stay = free[int(len(free) * self._rng.random() ** 2)]
            self._leaving.add(stay.id)
            self._group.create_task(self._safely(self._leave(stay)))

    async def _safely(self, act: Coroutine[None, None, None]) -> None:
        try:
            await act
        except Exception:
            log.exception("demo.car_failed")

    def _lane(self, area: str, direction: str) -> Lane:
        lanes_there = [
            lane
            for lane in self._ctx.site.lanes.values()
            if lane.area == area and lane.direction == direction
        ]
        return self._rng.choice(lanes_there)

    async def _show_to_camera(self, lane: Lane, plate: str, kind: str) -> LaneEntry | None:
        """Drive up to a lane's camera; returns what the lane decided, `None` where it did not in time."""
        camera = self._ctx.site.cameras[CameraId(lane.camera)]
        if camera.source != "folder" or camera.address is None:
            return None
        began_at = self._ctx.clock.now()
        path = self._ctx.settings.data / camera.address / f"{new_uuid()}.jpg"
        await asyncio.to_thread(draw_car, path, plate, kind, self._rng.randrange(1_000_000))
        for _ in range(int(READ_WITHIN_S / LOOK_EVERY_S)):
            await asyncio.sleep(LOOK_EVERY_S)
            async with unit_of_work(self._ctx.pool) as conn:
                entries = await lanes_store.read_recent_entries(conn, lane.id, since=began_at)
            if entries:
                return entries[-1]
        return None

    async def _arrive(self, area: str) -> None:
        async with unit_of_work(self._ctx.pool) as conn:
            plate, kind = await demo_store.pick_outside_car(conn, self._rng.random())
        entry = await self._show_to_camera(self._lane(area, "in"), plate, kind)
        if entry is None:
            return
        if entry.outcome != Outcome.OPEN or entry.stay_id is None:
            await self._give_up(entry)
            return
        await self._flag(entry.stay_id)
        await asyncio.sleep(self._rng.uniform(*WALKS_S))
        async with unit_of_work(self._ctx.pool) as conn:
            stay = await store.read_stay(conn, entry.stay_id)
            if stay.state is StayState.INSIDE:
                await self._park(conn, stay, area)

    async def _flag(self, stay_id: UUID) -> None:
        """Flag a stay whose plate was misread: its car is simulated all the same."""
        async with unit_of_work(self._ctx.pool) as conn:
            await demo_store.flag_stay(conn, stay_id)

    async def _park(self, conn: store.Conn, stay: store.Stay, area: str) -> None:
        """Stand in a free bay of the area; bays with a charger are for those who charge."""
        taken = await demo_store.read_unusable_bays(conn)
        with_charger = {evse.bay for evse in self._ctx.site.evses.values()}
        free = [
            bay
            for bay in self._ctx.site.bays.values()
            if bay.id not in taken
            and bay.id not in with_charger
            and self._ctx.site.zones[bay.zone].area == area
        ]
        if free:
            bay = self._rng.choice(free)
            await occupancy.bay_heard(
                conn,
                bay.id,
                is_occupied=True,
                now=self._ctx.clock.now(),
                stay_id=stay.id,
                is_simulated=True,
            )

    async def _give_up(self, entry: LaneEntry) -> None:
        """A simulated driver who was not let in drives on, so that nobody waits for a car that is not there."""
        await asyncio.sleep(SETTLES_AFTER_S)
        async with unit_of_work(self._ctx.pool) as conn:
            current = await lanes_store.lock_lane_entry(conn, entry.id)
            if current.settled_at is None:
                await lanes_store.settle_lane_entry(
                    conn, entry.id, at=self._ctx.clock.now(), by=BY, settlement="drove on", stay_id=None
                )

    async def _leave(self, stay: store.Stay) -> None:
        try:
            if self._rng.random() < 0.6:
                await self._pay(stay.id)
            await self._leave_bay(stay)
            await asyncio.sleep(self._rng.uniform(*WALKS_S))
            area = "basement" if stay.zone_id in self._zones("basement") else "upper"
            entry = await self._show_to_camera(self._lane(area, "out"), stay.plate or "", stay.plate_kind)
            if entry is None or entry.outcome == Outcome.OPEN:
                return
            if entry.reason == Reason.UNPAID:
                await asyncio.sleep(self._rng.uniform(3.0, 9.0))
                await self._pay(stay.id)
                return
            await asyncio.sleep(SETTLES_AFTER_S)
            await self._let_out_by_hand(stay.id, entry)
        finally:
            self._leaving.discard(stay.id)

    async def _leave_bay(self, stay: store.Stay) -> None:
        async with unit_of_work(self._ctx.pool) as conn:
            bay = await demo_store.find_bay(conn, stay.id)
            if bay is not None:
                await occupancy.bay_heard(
                    conn, bay, is_occupied=False, now=self._ctx.clock.now(), is_simulated=True
                )

    async def _pay(self, stay_id: UUID) -> None:
        """Pay what is owed, as the simulated provider would book it."""
        now = self._ctx.clock.now()
        async with unit_of_work(self._ctx.pool) as conn:
            stay = await store.lock_stay(conn, stay_id)
            due = await dues.read_due(conn, stay, now=now)
            if due.due_fen:
                money = dues_store.Money(
                    stay_id=stay_id,
                    at=now,
                    amount_fen=due.due_fen,
                    part="parking",
                    how="simulated",
                    reference=str(new_uuid()),
                    charging_transaction_id=None,
                    is_simulated=True,
                )
                await dues_store.insert_money(conn, [money])

    async def _let_out_by_hand(self, stay_id: UUID, entry: LaneEntry) -> None:
        """The reader could not tell a simulated car at the exit: its simulated driver calls, and is let out."""
        now = self._ctx.clock.now()
        async with unit_of_work(self._ctx.pool) as conn:
            current = await lanes_store.lock_lane_entry(conn, entry.id)
            stay = await store.lock_stay(conn, stay_id)
            if current.settled_at is not None or stay.state is not StayState.INSIDE:
                return
            await departures.begin_exit(
                conn, stay, lane_id=entry.lane_id, read_id=entry.read_id, how="attendant", now=now
            )
            await lanes_store.settle_lane_entry(
                conn, entry.id, at=now, by=BY, settlement="opened", stay_id=stay_id
            )
            await lanes.order_gate(conn, entry.lane_id, stay_id, by=BY, cause="attendant", now=now)

    async def follow_chargers(self) -> None:
        """Let the bay sensors at simulated chargers say what the chargers say, a few bays at a look."""
        site = self._ctx.site
        async with unit_of_work(self._ctx.pool) as conn:
            plugged = await demo_store.read_plugged_evses(conn)
            occupied = await demo_store.read_occupied_bays(conn)
            wrong = [
                evse
                for evse in site.evses.values()
                if evse.id in plugged and plugged[evse.id] != (evse.bay in occupied)
            ]
            for evse in wrong[:CHARGER_BAYS_A_LOOK]:
                comes = plugged[evse.id]
                zone = site.bays[evse.bay].zone
                others = [one for one in self._zones("basement") if one != zone]
                stay_id = await demo_store.pick_stay_to_move(conn, others) if comes else None
                if stay_id is not None and (left := await demo_store.find_bay(conn, stay_id)) is not None:
                    await occupancy.bay_heard(
                        conn, left, is_occupied=False, now=self._ctx.clock.now(), is_simulated=True
                    )
                await occupancy.bay_heard(
                    conn,
                    evse.bay,
                    is_occupied=comes,
                    now=self._ctx.clock.now(),
                    stay_id=stay_id,
                    is_simulated=True,
                )


async def run(ctx: Context) -> None:
    """Let simulated cars live where the demonstration is on; nothing where it is off."""
    if not ctx.settings.demo or not ctx.site.is_demonstration:
        return
    async with asyncio.TaskGroup() as group:
        await Town(ctx, Random(), group).live()
