"""What lanes do by themselves while the database is away, and how that is entered when it returns.

The policy stands in the site file, which needs no database. A lane whose policy is `open` keeps its arm up and its
loop counts; `closed` keeps it down; at `attendant` the person at the booth opens by hand and the loop counts too.
Every crossing is written to a file of the lane at once, one JSON object a line, and survives a power cut.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Unavailable
from facility.ids import LaneId, new_uuid
from facility.layout import Policy
from facility.logs import get_logger
from facility.site import Lane, Site
from facility.store import raise_alarm
from gateway.parking import gates, lanes, lanes_store, occupancy, store
from gateway.parking.drivers.gate import Gate, GateFault
from gateway.parking.lanes_store import LaneEntry
from gateway.parking.rules.stay import StayState

log = get_logger()
Conn = AsyncConnection[Any]

LOOK_EVERY_S = 2.0
AWAY_AFTER_S = 6.0
FOLDER = "lane-journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Cars that crossed a lane's loop while the database was away."""

    lane_id: str
    at: datetime
    cars: int
    policy: Policy


def journal_of(data: Path, lane_id: str) -> Path:
    """The file that keeps a lane's crossings."""
    return data / FOLDER / f"{lane_id}.jsonl"


def write_crossing(data: Path, crossing: Crossing) -> None:
    """Append a crossing to its lane's file, on the disk before this returns."""
    path = journal_of(data, crossing.lane_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(
        {
            "at": crossing.at.isoformat(),
            "cars": crossing.cars,
            "policy": crossing.policy,
            "id": str(new_uuid()),
        }
    )
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_journal(data: Path, lane_id: str) -> list[Crossing]:
    """A lane's crossings not entered yet; a last line that a power cut left half written is left out."""
    path = journal_of(data, lane_id)
    crossings: list[Crossing] = []
    if not path.exists():
        return crossings
    for line in path.read_text("utf-8").splitlines():
        try:
            found = json.loads(line)
        except json.JSONDecodeError:
            log.warning("journal.line_broken", lane=lane_id)
            continue
        at = datetime.fromisoformat(found["at"])
        crossings.append(Crossing(lane_id=lane_id, at=at, cars=found["cars"], policy=found["policy"]))
    return crossings


async def enter_journal(conn: Conn, site: Site, data: Path, lane_id: str, *, now: datetime) -> int:
    """Enter what a lane did by itself: a stay without a plate for each car in, one less for each car out.

    Each is a question for the attendant, who gives the stay its plate or closes the one that left. The file is put
    away by `put_journal_away` once this unit of work is kept.

    Returns:
        Cars entered.
    """
    lane = lanes.lane_of(site, lane_id)
    cars = 0
    for crossing in read_journal(data, lane_id):
        for _ in range(crossing.cars):
            stay_id = await _enter_in(conn, site, lane, crossing) if lane.direction == "in" else None
            if stay_id is None:
                await occupancy.count_cars(conn, lanes.zones_behind(site, lane)[0], -1, now=now)
            await lanes_store.insert_lane_entry(conn, _question(crossing, stay_id))
            cars += 1
    if cars:
        await raise_alarm(conn, "lane.journal", lane_id, "warning", {"cars": cars}, now=now)
    return cars


async def _enter_in(conn: Conn, site: Site, lane: Lane, crossing: Crossing) -> UUID:
    stay_id = new_uuid()
    await store.insert_stay(
        conn,
        store.NewStay(
            id=stay_id,
            plate=None,
            plate_kind="other",
            vehicle_class="small",
            ticket=f"J-{stay_id.hex[:8].upper()}",
            state=StayState.ENTERING,
            entry_lane=lane.id,
            entry_read=None,
            entry_how="journal",
            entered_at=crossing.at,
            permit_id=None,
            is_simulated=False,
        ),
    )
    zone = lanes.zones_behind(site, lane)[0]
    await gates.confirm_inside(conn, await store.lock_stay(conn, stay_id), zone, now=crossing.at)
    return stay_id


def _question(crossing: Crossing, stay_id: UUID | None) -> LaneEntry:
    return LaneEntry(
        id=new_uuid(),
        lane_id=crossing.lane_id,
        at=crossing.at,
        read_id=None,
        plate=None,
        plate_kind=None,
        confidence=None,
        picture_path=None,
        outcome="ask",
        reason="database_away",
        stay_id=stay_id,
        due_fen=None,
        candidates=[],
        decided_by=f"policy {crossing.policy}",
        settled_at=None,
        settled_by=None,
        settlement=None,
        is_simulated=False,
    )


def put_journal_away(data: Path, lane_id: str, *, now: datetime) -> None:
    """Keep an entered journal under a name that is not read again."""
    path = journal_of(data, lane_id)
    if path.exists():
        path.rename(path.with_name(f"{lane_id}.{now:%Y%m%dT%H%M%S}.entered"))


async def is_database_there(ctx: Context) -> bool:
    """Whether the database answers within two seconds."""
    try:
        async with asyncio.timeout(2.0), unit_of_work(ctx.pool) as conn:
            await conn.execute("select 1")
    except (Unavailable, psycopg.Error, TimeoutError):
        return False
    return True


class Watch:
    """Knows whether the database is away, and runs the lanes by their policy while it is."""

    def __init__(self, ctx: Context, at_lanes: Mapping[LaneId, Gate]) -> None:
        self._ctx = ctx
        self._gates = at_lanes
        self._away_since: float | None = None
        self._watchers: list[asyncio.Task[None]] = []

    @property
    def is_away(self) -> bool:
        """Whether the lanes run by their policy now."""
        return bool(self._watchers)

    async def look(self, *, is_there: bool) -> None:
        """Take in whether the database answers: begin the policy after a while away, end it when it returns."""
        now_s = self._ctx.clock.monotonic()
        if is_there:
            self._away_since = None
            if self._watchers:
                await self._end()
            await self._enter_all()
            return
        if self._away_since is None:
            self._away_since = now_s
        if not self._watchers and now_s - self._away_since >= AWAY_AFTER_S:
            log.error("database.away_lanes_by_policy")
            self._watchers = [
                asyncio.create_task(self._by_policy(self._ctx.site.lanes[lane_id], gate))
                for lane_id, gate in self._gates.items()
            ]

    async def _by_policy(self, lane: Lane, gate: Gate) -> None:
        policy = lane.fallback.database
        try:
            if policy == "open":
                await gate.hold_open()
            while True:
                cars = await gate.cars_crossed(3600.0)
                if cars and policy != "closed":
                    crossing = Crossing(lane_id=lane.id, at=self._ctx.clock.now(), cars=cars, policy=policy)
                    await asyncio.to_thread(write_crossing, self._ctx.settings.data, crossing)
        except GateFault as fault:
            log.error("gate.failed", lane=lane.id, reason=str(fault))

    async def _end(self) -> None:
        for task in self._watchers:
            task.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers = []
        for lane_id, gate in self._gates.items():
            if self._ctx.site.lanes[lane_id].fallback.database == "open":
                await gate.lower_arm()
        log.warning("database.back_lanes_decide")

    async def _enter_all(self) -> None:
        data, now = self._ctx.settings.data, self._ctx.clock.now()
        for lane_id in self._gates:
            if not journal_of(data, lane_id).exists():
                continue
            async with unit_of_work(self._ctx.pool) as conn:
                cars = await enter_journal(conn, self._ctx.site, data, lane_id, now=now)
            put_journal_away(data, lane_id, now=now)
            log.warning("journal.entered", lane=lane_id, cars=cars)


async def watch_database(ctx: Context, at_lanes: Mapping[LaneId, Gate]) -> None:
    """Watch the database for the lanes, until cancelled."""
    watch = Watch(ctx, at_lanes)
    while True:
        await watch.look(is_there=await is_database_there(ctx))
        await asyncio.sleep(LOOK_EVERY_S)


async def run(ctx: Context) -> None:
    """Run the gates: by order while the database answers, by each lane's policy while it does not."""
    at_lanes = gates.simulated_gates(ctx.site)
    async with asyncio.TaskGroup() as group:
        group.create_task(gates.run(ctx, at_lanes))
        group.create_task(watch_database(ctx, at_lanes))
