"""What lanes do by themselves while something is away, and how that is entered when it can be.

The policy stands in the site file, which needs no database. A lane whose policy is `open` keeps its arm up and its
loop counts; `closed` keeps it down; at `attendant` the person at the booth opens by hand and the loop counts too.
Every crossing is written to a file of the lane at once, one JSON object a line, and survives a power cut.

While the database answers and a camera or the screens are away (`presence`), only a lane whose policy is `open` is
taken from the orders: its arm stays up, a crossing first carries out the lane's waiting order, the others are entered
as above. At `closed` no car is let in by itself; at `attendant` orders go on and the person at the booth decides.
"""

import asyncio
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection

from facility.alarm_store import raise_alarm
from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Unavailable
from facility.ids import LaneId, new_uuid
from facility.layout import Policy
from facility.logs import get_logger
from facility.site import Lane, Site
from gateway.parking import equipment, gates, lanes, lanes_store, occupancy, presence
from gateway.parking.drivers.gate import Gate, GateFault
from gateway.parking.gates import InUse

log = get_logger()
Conn = AsyncConnection[Any]

LOOK_EVERY_S = 2.0
AWAY_AFTER_S = 6.0
FOLDER = "lane-journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Cars that crossed a lane's loop while it followed its policy, and what was away: `database` or `reads`."""

    lane_id: str
    at: datetime
    cars: int
    policy: Policy
    away: str = "database"


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
            "away": crossing.away,
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
        crossings.append(
            Crossing(
                lane_id=lane_id,
                at=at,
                cars=found["cars"],
                policy=found["policy"],
                away=found.get("away", "database"),
            )
        )
    return crossings


async def enter_journal(conn: Conn, site: Site, data: Path, lane_id: str, *, now: datetime) -> int:
    """Enter what a lane did by itself: a stay without a plate for each car in, one less for each car out.

    Each is a question for the attendant, who gives the stay its plate or closes the one that left. The file is put
    away by `put_journal_away` once this unit of work is kept.

    Returns:
        Cars entered.
    """
    lane = lanes.lane_of(site, lane_id)
    zone_id = lanes.zones_behind(site, lane)[0]
    cars = 0
    for crossing in read_journal(data, lane_id):
        for _ in range(crossing.cars):
            stay_id = None
            if lane.direction == "in":
                stay_id = await gates.begin_unseen(
                    conn, lane, zone_id, how="journal", ticket="J", now=crossing.at
                )
            else:
                await occupancy.count_cars(conn, zone_id, -1, now=now)
            question = lanes.question_of_unseen(
                lane.id,
                at=crossing.at,
                reason=f"{crossing.away}_away",
                stay_id=stay_id,
                by=f"policy {crossing.policy}",
            )
            await lanes_store.insert_lane_entry(conn, question)
            cars += 1
    if cars:
        await raise_alarm(conn, "lane.journal", lane_id, "warning", {"cars": cars}, now=now)
    return cars


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
    """Knows what is away, and runs the lanes by their policy while it is.

    Args:
        in_use: which lanes an order moves and which a policy; shared with who carries out the orders.
    """

    def __init__(self, ctx: Context, at_lanes: Mapping[LaneId, Gate], in_use: InUse | None = None) -> None:
        self._ctx = ctx
        self._gates = at_lanes
        self._in_use = in_use or InUse()
        self._began_at = ctx.clock.now()
        self._away_since: float | None = None
        self._is_database_away = False
        self._watchers: dict[LaneId, asyncio.Task[None]] = {}

    @property
    def is_away(self) -> bool:
        """Whether the lanes run by their policy because the database is away."""
        return self._is_database_away

    async def look(self, *, is_there: bool) -> None:
        """Take in whether the database answers: begin the policy after a while away, end it when it returns."""
        if is_there:
            await self._database_is_there()
            return
        now_s = self._ctx.clock.monotonic()
        if self._away_since is None:
            self._away_since = now_s
        if not self._is_database_away and now_s - self._away_since >= AWAY_AFTER_S:
            log.error("database.away_lanes_by_policy")
            await self._end(list(self._watchers))
            self._is_database_away = True
        if self._is_database_away:
            for lane_id in self._gates:
                self._begin(lane_id, self._ctx.site.lanes[lane_id].fallback.database, "database")

    async def _database_is_there(self) -> None:
        self._away_since = None
        if self._is_database_away:
            await self._end(list(self._watchers))
            self._is_database_away = False
            self._began_at = self._ctx.clock.now()  # nobody could beat meanwhile
            log.warning("database.back_lanes_decide")
        async with unit_of_work(self._ctx.pool) as conn:
            policies = await presence.look(
                conn, self._ctx.site, watched_since=self._began_at, now=self._ctx.clock.now()
            )
        open_lanes = {lane_id for lane_id, policy in policies.items() if policy == "open"}
        await self._end([lane_id for lane_id in self._watchers if lane_id not in open_lanes])
        for lane_id in open_lanes & self._gates.keys():
            self._begin(lane_id, "open", "reads")
        await self._enter_all()

    def _begin(self, lane_id: LaneId, policy: Policy, away: str) -> None:
        """Take a lane into its policy; one whose gate carries out an order is taken at a later look."""
        if lane_id in self._watchers or lane_id in self._in_use.by_order:
            return
        log.warning("lane.by_policy", lane=lane_id, policy=policy, away=away)
        self._in_use.by_policy.add(lane_id)
        lane = self._ctx.site.lanes[lane_id]
        self._watchers[lane_id] = asyncio.create_task(
            self._by_policy(lane, self._gates[lane_id], policy, away)
        )

    async def _by_policy(self, lane: Lane, gate: Gate, policy: Policy, away: str) -> None:
        """Hold a lane to its policy and count; a gate that does not answer is tried again until it does."""
        is_failing = False
        while True:
            try:
                if policy == "open":
                    await gate.hold_open()
                if is_failing:
                    log.warning("gate.answers_again", lane=lane.id)
                is_failing = False
                while True:
                    await self._note_crossing(lane, await gate.cars_crossed(3600.0), policy, away)
            except GateFault as fault:
                if not is_failing:
                    log.error("gate.failed", lane=lane.id, reason=str(fault))
                is_failing = True
                await asyncio.sleep(LOOK_EVERY_S)

    async def _note_crossing(self, lane: Lane, cars: int, policy: Policy, away: str) -> None:
        if cars and away == "reads" and await gates.end_oldest(self._ctx, lane.id):
            cars -= 1
        if cars and policy != "closed":
            crossing = Crossing(
                lane_id=lane.id, at=self._ctx.clock.now(), cars=cars, policy=policy, away=away
            )
            await asyncio.to_thread(write_crossing, self._ctx.settings.data, crossing)

    async def _end(self, lane_ids: Collection[LaneId]) -> None:
        tasks = [self._watchers.pop(lane_id) for lane_id in lane_ids]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane_id in lane_ids:
            try:
                await self._gates[lane_id].lower_arm()
            except GateFault as fault:
                log.error("gate.failed", lane=lane_id, reason=str(fault))
            self._in_use.by_policy.discard(lane_id)

    async def _enter_all(self) -> None:
        data, now = self._ctx.settings.data, self._ctx.clock.now()
        for lane_id in self._gates:
            if not journal_of(data, lane_id).exists():
                continue
            async with unit_of_work(self._ctx.pool) as conn:
                cars = await enter_journal(conn, self._ctx.site, data, lane_id, now=now)
            put_journal_away(data, lane_id, now=now)
            log.warning("journal.entered", lane=lane_id, cars=cars)


async def watch_over(ctx: Context, at_lanes: Mapping[LaneId, Gate], in_use: InUse) -> None:
    """Watch for the lanes what is away, until cancelled."""
    watch = Watch(ctx, at_lanes, in_use)
    while True:
        try:
            await watch.look(is_there=await is_database_there(ctx))
        except (Unavailable, psycopg.OperationalError) as fault:
            log.warning("database.away", fault=str(fault))
        await asyncio.sleep(LOOK_EVERY_S)


async def run(ctx: Context) -> None:
    """Run the gates: by order, or by each lane's policy while something it needs is away."""
    at_lanes = equipment.gates_of(ctx.site)
    in_use = InUse()
    async with asyncio.TaskGroup() as group:
        group.create_task(gates.run(ctx, at_lanes, in_use))
        group.create_task(watch_over(ctx, at_lanes, in_use))
