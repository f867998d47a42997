"""A car at an entry: decided, written and its gate ordered in one unit of work."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.context import Context
from facility.db import listen, unit_of_work
from facility.ids import new_uuid
from facility.logs import get_logger
from facility.site import Lane, Site
from facility.units import local
from gateway.parking import (
    departures,
    gifts_store,
    lanes,
    lanes_store,
    occupancy,
    store,
)
from gateway.parking.at_gate_store import AtGate, read_at_gate
from gateway.parking.lanes_store import LaneEntry, PlateRead
from gateway.parking.rules.decision import (
    EntryFacts,
    Outcome,
    Reason,
    decide_entry,
    is_area_converted,
    is_emergency_plate,
)
from gateway.parking.rules.stay import StayState

log = get_logger()
Conn = AsyncConnection[Any]

# A read older than this is no car at the gate any more: it is kept for a person, and no gate opens for it.
FRESH_FOR = timedelta(minutes=2)
HEARD_BACK = timedelta(hours=2)
SWEEP_S = 5.0


async def read_entry_facts(
    conn: Conn, site: Site, lane: Lane, *, plate: str, plate_kind: str, is_sure: bool, now: datetime
) -> tuple[EntryFacts, AtGate]:
    """Everything the decision at an entry stands on."""
    zones = lanes.zones_behind(site, lane)
    known = await read_at_gate(
        conn,
        plate,
        lane.id,
        zones=zones,
        levels=[site.zones[zone].level for zone in zones],
        now=now,
        today=local(now).date(),
    )
    facts = EntryFacts(
        has_plate=bool(plate),
        is_read_sure=is_sure,
        is_emergency=known.is_emergency or is_emergency_plate(plate, plate_kind),
        is_lane_closed=known.is_lane_closed,
        is_locked_out=known.is_locked_out,
        is_area_converted=is_area_converted(known.mode, lane.area),
        is_denied=known.is_denied,
        is_allowed=known.is_allowed,
        is_inside=known.open_stay_id is not None,
        has_permit=known.permit_id is not None,
        has_permit_bay=known.permit_bay_id is not None,
        is_permit_in_use=known.permit_inside >= known.permit_max_inside,
        has_visitor_pass=known.has_visitor_pass,
        has_place_kept=known.has_place_kept,
        free_places=known.free_places,
    )
    return facts, known


async def arrive(conn: Conn, site: Site, read: PlateRead, *, now: datetime) -> LaneEntry | None:
    """Decide for a car that an entry camera saw.

    Two lanes that read one car at the same moment both come here; the index of open stays lets one of them in,
    the other asks the attendant.

    Returns:
        The entry written to the lane log; `None` where this read was decided before.
    """
    lane = lanes.lane_of(site, read.lane_id)
    async with conn.pipeline():
        await lanes_store.hold_lane(conn, lane.id)
        facts, known = await read_entry_facts(
            conn, site, lane, plate=read.text, plate_kind=read.kind, is_sure=read.accepted, now=now
        )
    decision = decide_entry(facts)
    entry = lanes.entry_of_read(read, decision, now=now, is_simulated=known.is_simulated)
    if read.direction != lane.direction and entry.outcome == Outcome.OPEN and not facts.is_emergency:
        entry = replace(entry, outcome=Outcome.ASK, reason=Reason.AGAINST_LANE)
    first = await lanes.find_same_car(conn, read, now=now)
    if first is not None and not lanes.is_answered_by(first, entry):
        await lanes.note_repeat(conn, entry, first)
        return None
    if entry.reason == Reason.ALREADY_INSIDE and known.open_stay_id is not None:
        entry = replace(entry, candidates=[known.open_stay_id])
    if entry.outcome == Outcome.OPEN and now - read.seen_at > FRESH_FOR:
        entry = replace(entry, outcome=Outcome.ASK, reason=Reason.LATE_READ)
    if entry.outcome == Outcome.OPEN:
        entry = await _open_for(conn, entry, facts, known, now=read.seen_at)
    if not await lanes_store.insert_lane_entry(conn, entry):
        return None
    async with conn.pipeline():
        await lanes_store.write_camera_seen(conn, lane.id, read.seen_at)
        if entry.outcome == Outcome.OPEN:
            if first is not None:
                await lanes_store.settle_lane_asks(
                    conn, lane_id=lane.id, plate=first.plate, at=now, settlement="opened"
                )
            await lanes.order_gate(conn, lane.id, entry.stay_id, by="system", cause=entry.reason, now=now)
        await lanes.tell_lane(conn, entry)
    return entry


async def _open_for(
    conn: Conn, entry: LaneEntry, facts: EntryFacts, known: AtGate, *, now: datetime
) -> LaneEntry:
    """Begin the stay of a car that is let in; where its plate is inside already the attendant decides instead.

    An emergency vehicle is let in whatever the lists say, also where its last exit was missed.
    """
    if facts.is_emergency and (not facts.has_plate or facts.is_inside):
        return replace(entry, stay_id=known.open_stay_id)
    stay_id = new_uuid()
    begun = await store.insert_stay(
        conn,
        store.NewStay(
            id=stay_id,
            plate=entry.plate,
            plate_kind=entry.plate_kind or "other",
            vehicle_class="emergency" if facts.is_emergency else vehicle_class_of(entry.plate_kind),
            ticket=None,
            state=StayState.ENTERING,
            entry_lane=entry.lane_id,
            entry_read=entry.read_id,
            entry_how="read",
            entered_at=now,
            permit_id=known.permit_id if entry.reason == Reason.PERMIT else None,
            is_simulated=entry.is_simulated,
        ),
    )
    if not begun:
        return replace(entry, outcome=Outcome.ASK, reason=Reason.ALREADY_INSIDE)
    if entry.plate is not None and facts.has_place_kept:
        await gifts_store.take_place_kept(conn, entry.plate, now=now)
    return replace(entry, stay_id=stay_id)


def vehicle_class_of(plate_kind: str | None) -> str:
    """The class a plate's kind stands for: yellow plates are large vehicles (GA 36-2018)."""
    return "large" if plate_kind in ("yellow1", "yellow2") else "small"


async def hear(ctx: Context, read_id: UUID) -> LaneEntry | None:
    """Take in one published read, at an entry or at an exit."""
    async with unit_of_work(ctx.pool) as conn:
        read = await lanes_store.read_plate_read(conn, read_id)
        if read is None:
            log.warning("read.missing", read=str(read_id))
            return None
        lane = lanes.lane_of(ctx.site, read.lane_id)
        if lane.direction == "in":
            return await arrive(conn, ctx.site, read, now=ctx.clock.now())
        return await departures.depart(conn, ctx.site, read, now=ctx.clock.now())


async def _hear_safely(ctx: Context, read_id: UUID) -> None:
    try:
        entry = await hear(ctx, read_id)
    except Exception:
        log.exception("read.failed", read=str(read_id))
        return
    if entry is not None:
        log.info(
            "lane.decided", lane=entry.lane_id, plate=entry.plate, outcome=entry.outcome, reason=entry.reason
        )


async def _open_safely(ctx: Context, stay_id: UUID) -> None:
    try:
        async with unit_of_work(ctx.pool) as conn:
            is_opened = await departures.open_for_paid(conn, ctx.site, stay_id, now=ctx.clock.now())
    except Exception:
        log.exception("payment.gate_failed", stay=str(stay_id))
        return
    if is_opened:
        log.info("lane.opened_for_payment", stay=str(stay_id))


async def _sweep(ctx: Context) -> None:
    """Take up what a lost notification left: reads nobody decided, and cars that paid at the exit."""
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        missed = await lanes_store.read_unheard_reads(conn, since=now - HEARD_BACK)
        waiting = await lanes_store.read_unpaid_waiting(conn, since=now - lanes.WAITS_FOR)
    for read_id in missed:
        await _hear_safely(ctx, read_id)
    for stay_id in waiting:
        await _open_safely(ctx, stay_id)


async def run(ctx: Context) -> None:
    """Take in plate reads and payments as they are written, and on a timer those whose notification was lost."""
    await occupancy.prepare(ctx)
    async for notice in listen(ctx.dsn, ["plate_read", "stay_paid"], SWEEP_S):
        if notice.is_sweep:
            await _sweep(ctx)
        elif notice.channel == "stay_paid":
            await _open_safely(ctx, UUID(notice.payload))
        else:
            await _hear_safely(ctx, UUID(notice.payload))
