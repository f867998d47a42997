"""What the attendant does: settles what a lane asks, opens a gate, puts right what the machines got wrong.

Every act carries who and why; a change to a row is kept as a correction with what stood there before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, errors

from facility.errors import Conflict, Invalid
from facility.ids import new_secret, new_uuid
from facility.site import Site
from facility.store import write_fact
from facility.units import local
from gateway.parking import asking, departures, gates, lanes, lanes_store, occupancy, store
from gateway.parking.arrivals import read_entry_facts, vehicle_class_of
from gateway.parking.at_gate_store import read_at_gate
from gateway.parking.lanes_store import LaneEntry
from gateway.parking.rules.decision import Outcome, decide_entry
from gateway.parking.rules.stay import StayEvent, StayState, advance
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]

TICKET_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class ReasonNeeded(Invalid):
    """An act of the attendant carries no reason."""

    code = "attendant.reason_needed"


class PlateInside(Conflict):
    """Another open stay has this plate."""

    code = "stay.plate_inside"


class NoCarWaits(Conflict):
    """No car without a plate waits at this lane."""

    code = "ticket.no_car"


class TicketRefused(Conflict):
    """This entry takes no car now."""

    code = "ticket.refused"


class StayTimes(Invalid):
    """The moments of a stay would contradict each other."""

    code = "stay.times"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who acts, why and when."""

    by: str
    reason: str
    now: datetime

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ReasonNeeded("say why")


async def let_in(conn: Conn, entry_id: UUID, act: Act, *, plate: str | None) -> Stay:
    """Open an entry for a car that waits there, by the plate the attendant sees; without one, by a ticket.

    Raises:
        LaneEntryMissing, LaneEntrySettled: there is no such entry, or somebody settled it.
        PlateInside: the plate's stay is open; close that first.
        PlateUnreadable: what was given is no plate.
    """
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    typed = asking.understand(plate).plate if plate else None
    known = await read_at_gate(
        conn, typed or "", entry.lane_id, zones=[], levels=[], now=act.now, today=local(act.now).date()
    )
    stay_id = new_uuid()
    begun = await store.insert_stay(
        conn,
        store.NewStay(
            id=stay_id,
            plate=typed,
            plate_kind=(entry.plate_kind or "other") if typed == entry.plate else kind_of_typed(typed),
            vehicle_class=vehicle_class_of(entry.plate_kind),
            ticket=None if typed else new_ticket(),
            state=StayState.ENTERING,
            entry_lane=entry.lane_id,
            entry_read=entry.read_id,
            entry_how="attendant" if typed else "ticket",
            entered_at=entry.at,
            permit_id=known.permit_id if known.permit_inside < known.permit_max_inside else None,
            is_simulated=known.is_simulated,
        ),
    )
    if not begun:
        raise PlateInside("a car of this plate is inside; close its stay first")
    if typed != entry.plate and entry.plate is not None:
        await _correct(conn, act, "lane", str(entry.id), "plate", entry.plate, typed)
    await _settle(conn, entry, act, "opened", stay_id)
    await lanes.order_gate(conn, entry.lane_id, stay_id, by=act.by, cause="attendant", now=act.now)
    return await store.read_stay(conn, stay_id)


def kind_of_typed(plate: str | None) -> str:
    """The kind of a plate somebody typed: its length tells a new-energy plate."""
    if plate is None:
        return "other"
    return "green" if len(plate) == 8 else "blue"


def new_ticket() -> str:
    """A ticket number: T and six signs that are not mixed up when read aloud."""
    octets = new_secret(24).encode()
    signs = [TICKET_LETTERS[octet % len(TICKET_LETTERS)] for octet in octets[: asking.TICKET_SIGNS]]
    return "T" + "".join(signs)


async def let_out(conn: Conn, entry_id: UUID, act: Act, *, stay_id: UUID) -> Stay:
    """Open an exit for the car of a stay that the attendant chose from both pictures.

    What the stay owes stays owed. Where the exit read differs from the plate at entry, that is kept.

    Raises:
        LaneEntryMissing, LaneEntrySettled, StayMissing, StayConflict: see each.
    """
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    stay = await store.lock_stay(conn, stay_id)
    await departures.begin_exit(
        conn,
        stay,
        lane_id=entry.lane_id,
        read_id=entry.read_id,
        how="attendant",
        now=max(act.now, stay.entered_at),
    )
    if entry.plate and stay.plate and entry.plate != stay.plate:
        await _correct(conn, act, "lane", str(entry.id), "plate", entry.plate, stay.plate)
    await _settle(conn, entry, act, "opened", stay_id)
    await lanes.order_gate(conn, entry.lane_id, stay_id, by=act.by, cause="attendant", now=act.now)
    return await store.read_stay(conn, stay_id)


async def let_out_unknown(conn: Conn, site: Site, entry_id: UUID, act: Act) -> None:
    """Open an exit for a car nobody saw come in: it has no stay, so only the count follows."""
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    lane = lanes.lane_of(site, entry.lane_id)
    await _settle(conn, entry, act, "opened without a stay", None)
    await lanes.order_gate(conn, lane.id, None, by=act.by, cause="attendant", now=act.now)
    await occupancy.count_cars(conn, lanes.zones_behind(site, lane)[0], -1, now=act.now)


async def turn_away(conn: Conn, entry_id: UUID, act: Act) -> None:
    """Settle what a lane asks without opening it."""
    await _settle(conn, await lanes_store.lock_lane_entry(conn, entry_id), act, "turned away", None)


async def open_gate(conn: Conn, site: Site, lane_id: str, act: Act) -> None:
    """Open a gate for something that is no stay: a fire engine, a delivery, a car that backs out."""
    lane = lanes.lane_of(site, lane_id)
    order = await lanes.order_gate(conn, lane.id, None, by=act.by, cause="attendant", now=act.now)
    await _correct(conn, act, "lane", lane.id, "opened", None, str(order.id))


async def close_lane(conn: Conn, site: Site, lane_id: str, act: Act, *, is_closed: bool) -> None:
    """Close a lane to cars, or open it again."""
    lane = lanes.lane_of(site, lane_id)
    before = (await lanes_store.read_lane_states(conn)).get(lane.id)
    await lanes_store.write_lane_closed(
        conn, lane.id, is_closed=is_closed, reason=act.reason if is_closed else None, by=act.by, now=act.now
    )
    was = "closed" if before is not None and before.is_closed else "open"
    await _correct(conn, act, "lane", lane.id, "state", was, "closed" if is_closed else "open")
    await write_fact(conn, "lane.changed", lane.id, {"closed": is_closed}, now=act.now)


async def give_ticket(conn: Conn, site: Site, lane_id: str, *, now: datetime) -> Stay:
    """A driver without a plate takes a ticket at an entry, where the lane sees a car that waits.

    Raises:
        NoCarWaits: the lane's camera saw no car without a plate just now.
        TicketRefused: this entry takes no car now.
    """
    lane = lanes.lane_of(site, lane_id)
    await lanes_store.hold_lane(conn, lane.id)
    recent = await lanes_store.read_recent_entries(conn, lane.id, since=now - lanes.TICKET_WITHIN)
    waiting = next((one for one in recent if one.settled_at is None and not one.plate), None)
    if lane.direction != "in" or waiting is None:
        raise NoCarWaits(f"no car without a plate waits at {lane_id}")
    ticket = new_ticket()
    facts, _known = await read_entry_facts(
        conn, site, lane, plate=ticket, plate_kind="other", is_sure=True, now=now
    )
    decision = decide_entry(facts)
    if decision.outcome is not Outcome.OPEN:
        raise TicketRefused(f"{lane_id} takes no car now: {decision.reason}")
    stay_id = new_uuid()
    await store.insert_stay(
        conn,
        store.NewStay(
            id=stay_id,
            plate=None,
            plate_kind="other",
            vehicle_class="small",
            ticket=ticket,
            state=StayState.ENTERING,
            entry_lane=lane.id,
            entry_read=waiting.read_id,
            entry_how="ticket",
            entered_at=now,
            permit_id=None,
            is_simulated=False,
        ),
    )
    await lanes_store.settle_lane_entry(
        conn, waiting.id, at=now, by="system", settlement="ticket", stay_id=stay_id
    )
    await lanes.order_gate(conn, lane.id, stay_id, by="system", cause="ticket", now=now)
    return await store.read_stay(conn, stay_id)


async def write_off(conn: Conn, stay_id: UUID, act: Act) -> Stay:
    """Close the stay of a car that is no longer inside (it left unseen)."""
    stay = await store.lock_stay(conn, stay_id)
    state = advance(stay.state, StayEvent.WRITTEN_OFF)
    await store.write_exit(
        conn, stay.id, exit_lane=stay.exit_lane, exit_read=stay.exit_read, exit_how="unseen"
    )
    await store.write_stay_state(
        conn,
        stay.id,
        state=state,
        zone_id=None,
        inside_at=stay.inside_at,
        leaving_at=stay.leaving_at,
        left_at=max(act.now, stay.entered_at) if state is StayState.CLOSED else None,
    )
    await gates.take_out(conn, stay, now=act.now)
    await _correct(conn, act, "stay", str(stay.id), "state", stay.state.value, state.value)
    return await store.read_stay(conn, stay_id)


async def correct_plate(conn: Conn, stay_id: UUID, act: Act, *, plate: str) -> Stay:
    """Give an open stay the plate its car really has.

    Raises:
        PlateInside: another open stay has it. PlateUnreadable: it is no plate.
    """
    stay = await store.lock_stay(conn, stay_id)
    typed = asking.understand(plate).plate
    if typed is None:
        raise asking.PlateUnreadable("this is a ticket, not a plate")
    try:
        async with conn.transaction():
            await store.write_plate(conn, stay.id, plate=typed, plate_kind=kind_of_typed(typed))
    except errors.UniqueViolation as fault:
        raise PlateInside("another open stay has this plate") from fault
    await _correct(conn, act, "stay", str(stay.id), "plate", stay.plate, typed)
    return await store.read_stay(conn, stay_id)


async def correct_entry(conn: Conn, stay_id: UUID, act: Act, *, entered_at: datetime) -> Stay:
    """Put right the moment a stay is charged from.

    Raises:
        StayTimes: it lies in the future, or after the car left.
    """
    stay = await store.lock_stay(conn, stay_id)
    if entered_at > (stay.left_at or act.now):
        raise StayTimes("a car comes in before it leaves, and not in the future")
    await store.write_entered_at(conn, stay.id, entered_at)
    await _correct(
        conn, act, "stay", str(stay.id), "entered_at", stay.entered_at.isoformat(), entered_at.isoformat()
    )
    return await store.read_stay(conn, stay_id)


async def _settle(conn: Conn, entry: LaneEntry, act: Act, settlement: str, stay_id: UUID | None) -> None:
    await lanes_store.settle_lane_entry(
        conn, entry.id, at=act.now, by=act.by, settlement=f"{settlement}: {act.reason}", stay_id=stay_id
    )


async def _correct(
    conn: Conn, act: Act, kind: str, subject: str, field: str, before: str | None, after: str | None
) -> None:
    await store.insert_correction(
        conn,
        at=act.now,
        by_person=act.by,
        subject_kind=kind,
        subject=subject,
        field=field,
        before=before,
        after=after,
        reason=act.reason,
    )
