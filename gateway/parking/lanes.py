"""What arrivals and departures share: an entry of the lane log, an order to a gate, a car read twice."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.board import Duty, EquipmentKind, wanted_duty
from facility.board_store import read_lockouts
from facility.errors import Missing
from facility.fact_store import write_fact
from facility.ids import LaneId, ZoneId, new_uuid
from facility.site import Lane, Site
from gateway.parking import gates_store, lanes_store
from gateway.parking.gates_store import GateOrder
from gateway.parking.lanes_store import LaneEntry, PlateRead
from gateway.parking.rules.decision import Decision, Outcome
from lpr.rules.match import MAX_DISTANCE, distance

Conn = AsyncConnection[Any]

# A car that waits at a gate is read again and again; within this time the reads are one car.
REPEAT_WITHIN = timedelta(seconds=30)
# How long a car is taken to stand at an exit after it was asked to pay.
WAITS_FOR = timedelta(minutes=15)
# How long a car without a plate is taken to stand at an entry after its camera saw it.
TICKET_WITHIN = timedelta(minutes=3)


class LaneUnknown(Missing):
    """The site has no such lane."""

    code = "lane.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStanding:
    """What bars a lane: a person closed it, or a lockout stands on it; and its policy while something is away."""

    is_closed: bool
    is_locked_out: bool
    policy: str | None


def lane_of(site: Site, lane_id: str) -> Lane:
    """One lane of the site.

    Raises:
        LaneUnknown: there is none of this name.
    """
    lane = site.lanes.get(LaneId(lane_id))
    if lane is None:
        raise LaneUnknown(f"no lane {lane_id}")
    return lane


def zones_behind(site: Site, lane: Lane) -> tuple[ZoneId, ...]:
    """The zones a lane leads to, the one it opens into first."""
    behind = [zone for zone in site.zones.values() if zone.area == lane.area]
    return tuple(zone.id for zone in sorted(behind, key=lambda zone: zone.level != lane.level))


async def read_standing(conn: Conn, lane_id: str) -> LaneStanding:
    """What bars a lane now."""
    state = (await lanes_store.read_lane_states(conn)).get(lane_id)
    lockouts = await read_lockouts(conn)
    return LaneStanding(
        is_closed=state is not None and state.is_closed,
        is_locked_out=wanted_duty(lockouts, EquipmentKind.LANE, lane_id) is Duty.OUT,
        policy=state.policy if state is not None else None,
    )


def entry_of_read(read: PlateRead, decision: Decision, *, now: datetime, is_simulated: bool) -> LaneEntry:
    """The lane log's entry of a read and its decision, not yet tied to a stay."""
    return LaneEntry(
        id=new_uuid(),
        lane_id=read.lane_id,
        at=now,
        read_id=read.id,
        plate=read.text or None,
        plate_kind=read.kind,
        confidence=read.confidence,
        picture_path=read.picture_path,
        outcome=decision.outcome,
        reason=decision.reason,
        stay_id=None,
        due_fen=None,
        candidates=[],
        decided_by="system",
        settled_at=None,
        settled_by=None,
        settlement=None,
        is_simulated=is_simulated,
    )


def question_of_unseen(
    lane_id: str, *, at: datetime, reason: str, stay_id: UUID | None, by: str
) -> LaneEntry:
    """What a lane asks about a car that crossed while nobody decided: its plate, or whose stay ended."""
    return LaneEntry(
        id=new_uuid(),
        lane_id=lane_id,
        at=at,
        read_id=None,
        plate=None,
        plate_kind=None,
        confidence=None,
        picture_path=None,
        outcome="ask",
        reason=reason,
        stay_id=stay_id,
        due_fen=None,
        candidates=[],
        decided_by=by,
        settled_at=None,
        settled_by=None,
        settlement=None,
        is_simulated=False,
    )


async def find_same_car(conn: Conn, read: PlateRead, *, now: datetime) -> LaneEntry | None:
    """The newest of a lane's recent entries that is this car read again.

    What corrects an earlier read, and the same text, are the same car. A text that is only near is the same car while
    that entry still waits for its answer or its gate; afterwards it is the next car of a fleet whose plates are alike.
    """
    since = now - REPEAT_WITHIN
    recent = await lanes_store.read_recent_entries(conn, read.lane_id, since=since)
    if not recent:
        return None
    at_gate = {order.stay_id for order in await gates_store.read_waiting_orders(conn)}
    for entry in recent:
        if read.corrects is not None and entry.read_id == read.corrects:
            return entry
        is_unsettled = entry.outcome != Outcome.OPEN and entry.settled_at is None
        if entry.outcome != Outcome.OPEN and not is_unsettled:
            continue
        if read.text == (entry.plate or ""):
            return entry
        is_waiting = is_unsettled or (entry.stay_id is not None and entry.stay_id in at_gate)
        if is_waiting and distance(read.text, entry.plate or "") <= MAX_DISTANCE:
            return entry
    return None


def is_answered_by(first: LaneEntry, better: LaneEntry) -> bool:
    """Whether a better look at the car opens what the first one had to ask a person about."""
    return first.outcome == Outcome.ASK and first.settled_at is None and better.outcome == Outcome.OPEN


async def note_repeat(conn: Conn, entry: LaneEntry, first: LaneEntry) -> None:
    """Keep that a read is an earlier one's car; nothing else happens."""
    await lanes_store.insert_lane_entry(
        conn, replace(entry, outcome="repeat", reason=first.reason, stay_id=first.stay_id)
    )


async def order_gate(
    conn: Conn, lane_id: str, stay_id: UUID | None, *, by: str, cause: str, now: datetime
) -> GateOrder:
    """Order a lane's gate to open for one car once this unit of work is kept."""
    order = GateOrder(
        id=new_uuid(),
        lane_id=lane_id,
        stay_id=stay_id,
        ordered_at=now,
        ordered_by=by,
        cause=cause,
        opened_at=None,
        ended_at=None,
        cars=None,
        result=None,
    )
    await gates_store.insert_gate_order(conn, order)
    return order


async def tell_lane(conn: Conn, entry: LaneEntry) -> None:
    """Tell the live screens what a lane decided."""
    await write_fact(
        conn,
        "lane.changed",
        entry.lane_id,
        {"outcome": entry.outcome, "reason": entry.reason, "entry": str(entry.id)},
        now=entry.at,
    )
