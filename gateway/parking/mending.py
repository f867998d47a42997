"""What a person puts right about stays afterwards: a plate, the moment of entry, a car that left or came in unseen.

A car that crossed while nobody decided (an outage, a follower under an open arm) was counted by its loop; the lane's
question asks for its plate, and the answer changes the stay without counting the car again.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, errors

from facility.errors import Conflict, Invalid
from facility.fact_store import write_fact
from facility.site import Site
from gateway.parking import (
    asking,
    attending,
    gates,
    lanes,
    lanes_store,
    occupancy,
    occupancy_store,
    record_store,
    store,
)
from gateway.parking.acts import Act, keep_correction, settle_question
from gateway.parking.rules.stay import StayEvent, StayState, advance
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]


class StayTimes(Invalid):
    """The moments of a stay would contradict each other."""

    code = "stay.times"


class NotThatQuestion(Conflict):
    """This question does not ask for that: it is no car that crossed unseen in this direction."""

    code = "lane.other_question"


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
    await keep_correction(conn, act, "stay", str(stay.id), "state", stay.state.value, state.value)
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
            await store.write_plate(conn, stay.id, plate=typed, plate_kind=attending.kind_of_typed(typed))
    except errors.UniqueViolation as fault:
        raise attending.PlateInside("another open stay has this plate") from fault
    await keep_correction(conn, act, "stay", str(stay.id), "plate", stay.plate, typed)
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
    await keep_correction(
        conn, act, "stay", str(stay.id), "entered_at", stay.entered_at.isoformat(), entered_at.isoformat()
    )
    return await store.read_stay(conn, stay_id)


async def name_crossed(conn: Conn, entry_id: UUID, act: Act, *, plate: str) -> Stay:
    """Say which plate the car had that came in while nobody decided; its stay was begun by the loop.

    Raises:
        NotThatQuestion: the question has no such stay. PlateInside, PlateUnreadable: see `correct_plate`.
    """
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    if entry.stay_id is None or entry.read_id is not None:
        raise NotThatQuestion("no stay was begun for this question")
    stay = await correct_plate(conn, entry.stay_id, act, plate=plate)
    await settle_question(conn, entry, act, f"plate {stay.plate}", stay.id)
    return stay


async def close_crossed(conn: Conn, site: Site, entry_id: UUID, act: Act, *, typed: str) -> Stay:
    """Say whose car went out while nobody decided, by plate or ticket: its stay ends when it crossed.

    The loop took the car out of the count of the zone behind the lane; where it stood in another zone, that is mended.

    Raises:
        NotThatQuestion: the question is not of a car that went out. NotInside, PlateUnreadable: see `asking`.
    """
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    lane = lanes.lane_of(site, entry.lane_id)
    if lane.direction != "out" or entry.read_id is not None or entry.stay_id is not None:
        raise NotThatQuestion("no car went out unseen here")
    found = await store.find_open_ticket(conn, typed.strip().upper())
    if found is None:
        found = await asking.find_stay(conn, asking.understand(typed))
    stay = await store.lock_stay(conn, found.id)
    counted = lanes.zones_behind(site, lane)[0]
    if stay.zone_id is not None and stay.zone_id != counted:
        await occupancy.count_cars(conn, counted, 1, now=act.now)
        await occupancy.count_cars(conn, stay.zone_id, -1, now=act.now)
    await store.write_exit(conn, stay.id, exit_lane=lane.id, exit_read=None, exit_how="journal")
    await store.write_stay_state(
        conn,
        stay.id,
        state=advance(stay.state, StayEvent.WRITTEN_OFF),
        zone_id=None,
        inside_at=stay.inside_at,
        leaving_at=stay.leaving_at,
        left_at=max(entry.at, stay.entered_at),
    )
    await occupancy_store.forget_stay_bay(conn, stay.id)
    await record_store.insert_movement(
        conn, stay.id, at=entry.at, from_zone=stay.zone_id, to_zone=None, cause="lane"
    )
    await write_fact(conn, "stay.closed", str(stay.id), {"simulated": stay.is_simulated}, now=act.now)
    await keep_correction(conn, act, "stay", str(stay.id), "state", stay.state.value, StayState.CLOSED.value)
    await settle_question(conn, entry, act, f"left: {stay.plate or stay.ticket}", stay.id)
    return await store.read_stay(conn, stay.id)


async def replace_stay(conn: Conn, entry_id: UUID, act: Act, *, stay_id: UUID) -> Stay:
    """A plate that is inside stands at an entry: its exit was missed. End the old stay and let the car in.

    Raises:
        NotThatQuestion: the question does not name this stay as its car.
    """
    entry = await lanes_store.lock_lane_entry(conn, entry_id)
    if stay_id not in entry.candidates or entry.plate is None:
        raise NotThatQuestion("the car that waits is not known as this one")
    await write_off(conn, stay_id, act)
    return await attending.let_in(conn, entry_id, act, plate=entry.plate)
