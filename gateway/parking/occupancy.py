"""Zone counts, bays and the occupancy series: what moves them and how the series is kept."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import listen, notify, unit_of_work
from facility.errors import Missing
from facility.fact_store import write_fact
from facility.site import Site
from facility.units import local
from gateway.parking import gifts_store, lanes_store, lookup_store, record_store, rollup_store, store
from gateway.parking import occupancy_store as rows
from gateway.parking.rules.stay import OPEN_STATES

log = structlog.get_logger()
Conn = AsyncConnection[Any]

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


class BayUnknown(Missing):
    """The site has no such bay."""

    code = "bay.missing"


class ZoneUnknown(Missing):
    """The site has no such zone."""

    code = "zone.missing"


async def prepare(ctx: Context) -> None:
    """Give every bay, zone and lane of the site its first row; changes nothing where they have one."""
    async with unit_of_work(ctx.pool) as conn:
        await prepare_rows(conn, ctx.site, now=ctx.clock.now())


async def prepare_rows(conn: Conn, site: Site, *, now: datetime) -> None:
    """As `prepare`, in the caller's unit of work."""
    capacity: dict[str, int] = dict.fromkeys(site.zones, 0)
    for bay in site.bays.values():
        capacity[bay.zone] += 1
    await rows.prepare_bays(conn, [(bay.id, bay.zone) for bay in site.bays.values()], now=now)
    for zone_id, bays in capacity.items():
        await rows.prepare_zone(conn, zone_id, capacity=bays, now=now)
    for lane in site.lanes.values():
        await lanes_store.prepare_lane(conn, lane.id, now=now)
    await rows.follow_bay_use(conn, now=now)


async def count_cars(conn: Conn, zone_id: str, cars: int, *, now: datetime, cause: str = "change") -> None:
    """Move a zone's count, keep a sample of it and tell the live screens."""
    count = await rows.add_to_count(conn, zone_id, cars, now=now)
    if count is None:
        raise ZoneUnknown(f"no zone {zone_id}")
    await rows.insert_sample(conn, count, cause=cause)
    await _tell_count(conn, count, now)


async def _tell_count(conn: Conn, count: rows.ZoneCount, now: datetime) -> None:
    await write_fact(
        conn, "zone.count", count.zone_id, {"occupied": count.occupied, "capacity": count.capacity}, now=now
    )
    await notify(conn, "zone_count", count.zone_id)


async def bay_heard(
    conn: Conn,
    bay_id: str,
    *,
    is_occupied: bool,
    now: datetime,
    stay_id: UUID | None = None,
    is_simulated: bool = False,
) -> bool:
    """Take in what a bay's sensor says; where it also knows the car, the car's zone follows.

    Returns:
        Whether the bay filled or emptied.

    Raises:
        BayUnknown: the site has no such bay.
    """
    before = await rows.lock_bay(conn, bay_id)
    if before is None:
        raise BayUnknown(f"no bay {bay_id}")
    known = stay_id if is_occupied else None
    if is_occupied and known is None and before.is_occupied:
        known = before.stay_id
    await rows.write_bay(
        conn, bay_id, is_occupied=is_occupied, stay_id=known, now=now, is_simulated=is_simulated
    )
    if known is not None:
        await move_to_zone(conn, known, before.zone_id, now=now, cause="bay")
    changed = before.is_occupied != is_occupied
    if changed:
        await write_fact(conn, "bay.changed", bay_id, {"occupied": is_occupied}, now=now)
    return changed


async def move_to_zone(conn: Conn, stay_id: UUID, zone_id: str, *, now: datetime, cause: str) -> bool:
    """A car inside is now in another zone: both counts follow; returns whether it moved."""
    stay = await store.lock_stay(conn, stay_id)
    if stay.state not in OPEN_STATES or stay.zone_id is None or stay.zone_id == zone_id:
        return False
    await count_cars(conn, stay.zone_id, -1, now=now)
    await count_cars(conn, zone_id, 1, now=now)
    await store.write_stay_state(
        conn,
        stay_id,
        state=stay.state,
        zone_id=zone_id,
        inside_at=stay.inside_at,
        leaving_at=stay.leaving_at,
        left_at=stay.left_at,
    )
    await record_store.insert_movement(
        conn, stay_id, at=now, from_zone=stay.zone_id, to_zone=zone_id, cause=cause
    )
    return True


async def correct_count(
    conn: Conn, zone_id: str, counted: int, *, by: str, reason: str, now: datetime
) -> rows.ZoneCount:
    """Set a zone's count to what a person counted, and keep who, when and by how much it had drifted.

    Raises:
        ZoneUnknown: the site has no such zone.
    """
    before = await rows.lock_count(conn, zone_id)
    if before is None:
        raise ZoneUnknown(f"no zone {zone_id}")
    await rows.write_count(conn, zone_id, counted, now=now)
    after = rows.ZoneCount(zone_id=zone_id, occupied=counted, capacity=before.capacity, changed_at=now)
    await rows.insert_sample(conn, after, cause="counted")
    await record_store.insert_correction(
        conn,
        at=now,
        by_person=by,
        subject_kind="zone",
        subject=zone_id,
        field="occupied",
        before=str(before.occupied),
        after=str(counted),
        reason=reason,
    )
    await _tell_count(conn, after, now)
    return after


async def roll_up(conn: Conn, *, now: datetime) -> int:
    """Bring the roll-ups up to the last whole minute; each step begun since the last time is made anew.

    Returns:
        Rows written.
    """
    done_until = await rollup_store.read_rollup_mark(conn)
    since = done_until or await rollup_store.read_first_sample(conn)
    if since is None:
        return 0
    until = now.replace(second=0, microsecond=0)
    quarter = since - timedelta(
        minutes=since.minute % 15, seconds=since.second, microseconds=since.microsecond
    )
    hour = quarter.replace(minute=0)
    day = local(hour).replace(hour=0)
    written = await rollup_store.roll_up_quarters(conn, quarter, until)
    written += await rollup_store.roll_up_hours(conn, hour, until)
    written += await rollup_store.roll_up_quarter_days(conn, day, until)
    written += await rollup_store.roll_up_days(conn, day, until)
    await rollup_store.write_rollup_mark(conn, until)
    return written


async def roll_up_from_quarters(conn: Conn, since: datetime, *, now: datetime) -> None:
    """Make hours and days where the quarter hours since a local midnight are written, and go on from there."""
    until = now.replace(second=0, microsecond=0)
    await rollup_store.roll_up_hours(conn, since, until)
    await rollup_store.roll_up_quarter_days(conn, since, until)
    await rollup_store.roll_up_days(conn, since, until)
    await rollup_store.write_rollup_mark(conn, until)


async def each_minute(conn: Conn, *, now: datetime) -> None:
    """What the minute brings: capacities follow the bays' use, a sample of every zone, roll-ups."""
    for count in await rows.follow_bay_use(conn, now=now):
        await _tell_count(conn, count, now)
    await rows.sample_zones(conn, now=now)
    await roll_up(conn, now=now)
    await gifts_store.drop_stale_places(conn, now=now)
    await gifts_store.forget_asks(conn, before=now - timedelta(hours=1))
    await lookup_store.forget_lookups(conn, before=now - timedelta(days=1))


async def run(ctx: Context) -> None:
    """Keep the series, and let capacities follow what bays are for."""
    await prepare(ctx)
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep_series(ctx))
        group.create_task(_follow_bay_use(ctx))


async def _follow_bay_use(ctx: Context) -> None:
    """A bay given back to parking counts at once, not at the next minute: the next car may need it."""
    async for _notice in listen(ctx.dsn, ["bay_use"], MINUTE.total_seconds()):
        now = ctx.clock.now()
        async with unit_of_work(ctx.pool) as conn:
            for count in await rows.follow_bay_use(conn, now=now):
                await rows.insert_sample(conn, count, cause="change")
                await _tell_count(conn, count, now)


async def _keep_series(ctx: Context) -> None:
    """A sample of every zone on each whole minute."""
    while True:
        now = ctx.clock.now()
        wait = MINUTE - timedelta(seconds=now.second, microseconds=now.microsecond)
        await asyncio.sleep(wait.total_seconds())
        try:
            async with unit_of_work(ctx.pool) as conn:
                await each_minute(conn, now=ctx.clock.now().replace(second=0, microsecond=0))
        except Exception:
            log.exception("occupancy.minute_failed")
