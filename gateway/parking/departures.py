"""A car at an exit: matched to its stay, priced, and let out once nothing is owed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.mode import Mode
from facility.site import Site
from facility.store import read_mode
from gateway.parking import dues, lanes, lanes_store, store
from gateway.parking.lanes_store import LaneEntry, PlateRead
from gateway.parking.rules.decision import (
    ExitFacts,
    Outcome,
    Reason,
    decide_exit,
    is_emergency_plate,
)
from gateway.parking.rules.stay import StayEvent, StayState, advance
from gateway.parking.simulated import is_simulated_plate
from gateway.parking.store import Stay
from lpr.rules.match import best_match

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose car an exit read is: the stay, whether the plate is exactly the one at entry, and the near ones."""

    stay: Stay | None
    is_exact: bool
    candidates: list[UUID]


async def find_stay(conn: Conn, text: str) -> Found:
    """Match an exit read to a car inside: exactly first, then fuzzily where one candidate stands out."""
    if not text:
        return Found(stay=None, is_exact=False, candidates=[])
    exact = await store.find_open_stay(conn, text)
    if exact is not None:
        return Found(stay=exact, is_exact=True, candidates=[exact.id])
    inside = await store.read_open_plates(conn)
    match = best_match(text, inside)
    near = [inside[choice.text] for choice in match.choices]
    stay = await store.read_stay(conn, inside[match.text]) if match.text is not None else None
    return Found(stay=stay, is_exact=False, candidates=near)


async def depart(conn: Conn, site: Site, read: PlateRead, *, now: datetime) -> LaneEntry | None:
    """Decide for a car that an exit camera saw.

    Returns:
        The entry written to the lane log; `None` where this read was decided before.
    """
    lane = lanes.lane_of(site, read.lane_id)
    await lanes_store.hold_lane(conn, lane.id)
    found = await find_stay(conn, read.text)
    facts, due = await _exit_facts(conn, lane.id, read, found, now)
    decision = decide_exit(facts)
    is_simulated = await is_simulated_plate(conn, read.text)
    entry = replace(
        lanes.entry_of_read(read, decision, now=now, is_simulated=is_simulated),
        stay_id=found.stay.id if found.stay else None,
        due_fen=due.due_fen if due else None,
        candidates=found.candidates,
    )
    must_open = facts.is_emergency or facts.is_evacuating
    if read.direction != lane.direction and entry.outcome == Outcome.OPEN and not must_open:
        entry = replace(entry, outcome=Outcome.ASK, reason=Reason.AGAINST_LANE)
    first = await lanes.find_same_car(conn, read, now=now)
    if first is not None and (first.outcome == Outcome.OPEN or entry.outcome != Outcome.OPEN):
        await lanes.note_repeat(conn, entry, first)
        return None
    if entry.outcome == Outcome.OPEN and found.stay is not None:
        entry = await _let_out(conn, entry, read, found.stay.id)
    if not await lanes_store.insert_lane_entry(conn, entry):
        return None
    await lanes_store.write_camera_seen(conn, lane.id, read.seen_at)
    if entry.outcome == Outcome.OPEN:
        await lanes_store.settle_lane_asks(
            conn, lane_id=lane.id, plate=entry.plate, at=now, settlement="opened"
        )
        await lanes.order_gate(conn, lane.id, entry.stay_id, by="system", cause=entry.reason, now=now)
    await lanes.tell_lane(conn, entry)
    return entry


async def _exit_facts(
    conn: Conn, lane_id: str, read: PlateRead, found: Found, now: datetime
) -> tuple[ExitFacts, dues.Due | None]:
    standing = await lanes.read_standing(conn, lane_id)
    mode = (await read_mode(conn)).mode
    due = await dues.read_due(conn, found.stay, now=now) if found.stay is not None else None
    facts = ExitFacts(
        has_plate=bool(read.text),
        is_read_sure=read.accepted or found.is_exact,
        is_emergency=is_emergency_plate(read.text, read.kind)
        or (found.stay is not None and found.stay.vehicle_class == "emergency"),
        is_lane_closed=standing.is_closed,
        is_locked_out=standing.is_locked_out,
        is_evacuating=mode is Mode.CONVERTING,
        has_stay=found.stay is not None,
        has_candidates=bool(found.candidates),
        due_fen=due.due_fen if due else None,
        paid_fen=due.paid_fen if due else 0,
    )
    return facts, due


async def _let_out(conn: Conn, entry: LaneEntry, read: PlateRead, stay_id: UUID) -> LaneEntry:
    """Move the stay to leaving; where another lane is letting the same car out, the attendant decides."""
    stay = await store.lock_stay(conn, stay_id)
    if stay.state not in (StayState.INSIDE, StayState.ENTERING):
        return replace(entry, outcome=Outcome.ASK, reason=Reason.LEAVING_ELSEWHERE)
    await begin_exit(
        conn, stay, lane_id=entry.lane_id, read_id=read.id, how="read", now=max(read.seen_at, stay.entered_at)
    )
    return entry


async def begin_exit(
    conn: Conn, stay: Stay, *, lane_id: str | None, read_id: UUID | None, how: str, now: datetime
) -> None:
    """A gate is about to let this car out; the stay is locked by the caller.

    Raises:
        StayConflict: the stay is not inside.
    """
    state = advance(stay.state, StayEvent.EXIT_OPENED)
    await store.write_exit(conn, stay.id, exit_lane=lane_id, exit_read=read_id, exit_how=how)
    await store.write_stay_state(
        conn,
        stay.id,
        state=state,
        zone_id=stay.zone_id,
        inside_at=stay.inside_at,
        leaving_at=now,
        left_at=None,
    )


async def open_for_paid(conn: Conn, site: Site, stay_id: UUID, *, now: datetime) -> bool:
    """A payment came in: where the car waits at an exit and owes nothing more, open for it.

    Returns:
        Whether a gate was ordered to open.
    """
    waiting = await lanes_store.find_waiting_entry(conn, stay_id, since=now - lanes.WAITS_FOR)
    if waiting is None:
        return False
    await lanes_store.hold_lane(conn, waiting.lane_id)
    stay = await store.lock_stay(conn, stay_id)
    due = await dues.read_due(conn, stay, now=now)
    if due.due_fen != 0 or stay.state not in (StayState.INSIDE, StayState.ENTERING):
        return False
    standing = await lanes.read_standing(conn, waiting.lane_id)
    if standing.is_closed or standing.is_locked_out:
        return False
    await begin_exit(conn, stay, lane_id=waiting.lane_id, read_id=waiting.read_id, how="read", now=now)
    await lanes_store.settle_lane_entry(
        conn, waiting.id, at=now, by="system", settlement=Reason.PAID, stay_id=stay_id
    )
    await lanes.order_gate(conn, waiting.lane_id, stay_id, by="system", cause=Reason.PAID, now=now)
    return True
