"""What the attendant does at the lanes: settles what one asks, opens a gate, closes a lane, gives a ticket.

Every act carries who and why; a change to a row is kept as a correction with what stood there before.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.errors import Conflict
from facility.fact_store import write_fact
from facility.ids import new_secret, new_uuid
from facility.site import Site
from facility.units import local
from gateway.parking import asking, departures, lanes, lanes_store, occupancy, store
from gateway.parking.acts import Act, keep_correction, settle_question
from gateway.parking.arrivals import read_entry_facts, vehicle_class_of
from gateway.parking.at_gate_store import read_at_gate
from gateway.parking.rules.decision import Outcome, decide_entry
from gateway.parking.rules.stay import StayState
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]

TICKET_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class PlateInside(Conflict):
    """Another open stay has this plate."""

    code = "stay.plate_inside"


class NoCarWaits(Conflict):
    """No car without a plate waits at this lane."""

    code = "ticket.no_car"


class TicketRefused(Conflict):
    """This entry takes no car now."""

    code = "ticket.refused"


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
        await keep_correction(conn, act, "lane", str(entry.id), "plate", entry.plate, typed)
    await settle_question(conn, entry, act, "opened", stay_id)
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
        await keep_correction(conn, act, "lane", str(entry.id), "plate", entry.plate, stay.plate)
    await settle_question(conn, entry, act, "opened", stay_id)
    await lanes.order_gate(conn, entry.lane_id, stay_id, by=act.by, cause="attendant", now=act.now)
    return await store.read_stay(conn, stay_id)


async def let_out_unknown(conn: Conn, site: Site, entry_id: UUID, act: Act) -> None:
    """Open an exit for a car nobody saw come in: it has no stay, so only the count follows."""
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    lane = lanes.lane_of(site, entry.lane_id)
    await settle_question(conn, entry, act, "opened without a stay", None)
    await lanes.order_gate(conn, lane.id, None, by=act.by, cause="attendant", now=act.now)
    await occupancy.count_cars(conn, lanes.zones_behind(site, lane)[0], -1, now=act.now)


async def turn_away(conn: Conn, entry_id: UUID, act: Act) -> None:
    """Settle what a lane asks without opening it."""
    await settle_question(conn, await lanes_store.lock_lane_entry(conn, entry_id), act, "turned away", None)


async def open_gate(conn: Conn, site: Site, lane_id: str, act: Act) -> None:
    """Open a gate for something that is no stay: a fire engine, a delivery, a car that backs out."""
    lane = lanes.lane_of(site, lane_id)
    order = await lanes.order_gate(conn, lane.id, None, by=act.by, cause="attendant", now=act.now)
    await keep_correction(conn, act, "lane", lane.id, "opened", None, str(order.id))


async def close_lane(conn: Conn, site: Site, lane_id: str, act: Act, *, is_closed: bool) -> None:
    """Close a lane to cars, or open it again."""
    lane = lanes.lane_of(site, lane_id)
    before = (await lanes_store.read_lane_states(conn)).get(lane.id)
    await lanes_store.write_lane_closed(
        conn, lane.id, is_closed=is_closed, reason=act.reason if is_closed else None, by=act.by, now=act.now
    )
    was = "closed" if before is not None and before.is_closed else "open"
    await keep_correction(conn, act, "lane", lane.id, "state", was, "closed" if is_closed else "open")
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
