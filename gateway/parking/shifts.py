"""Shifts at the booth: begun with a counted float, handed over with a counted drawer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.identity import Person
from facility.ids import new_uuid
from gateway.parking import record_store, shift_store
from gateway.parking.shift_store import Shift, ShiftMissing

Conn = AsyncConnection[Any]


async def begin_shift(conn: Conn, person: Person, *, opening_cash_fen: int, now: datetime) -> Shift:
    """Begin a person's shift with the cash counted in the drawer.

    Raises:
        ShiftOpen: the person has an open shift.
    """
    await shift_store.insert_shift(
        conn,
        shift_id=new_uuid(),
        person_id=person.id,
        person_name=person.name,
        began_at=now,
        opening_cash_fen=opening_cash_fen,
    )
    return await open_shift(conn, person)


async def open_shift(conn: Conn, person: Person) -> Shift:
    """A person's open shift.

    Raises:
        ShiftMissing: there is none.
    """
    shift = await shift_store.find_open_shift(conn, person.id)
    if shift is None:
        raise ShiftMissing("begin a shift first")
    return shift


async def expected_cash_fen(conn: Conn, shift: Shift) -> int:
    """What the drawer should hold: the float and what came in less what went out."""
    return shift.opening_cash_fen + await shift_store.sum_cash(conn, shift.id)


async def keep_cash(
    conn: Conn, person: Person, *, amount_fen: int, cause: str, stay_id: UUID | None, now: datetime
) -> UUID:
    """Keep cash that went into or out of the drawer in the person's shift.

    Raises:
        ShiftMissing: the person has no open shift.
    """
    shift = await open_shift(conn, person)
    entry_id = new_uuid()
    await shift_store.insert_cash(
        conn,
        entry_id=entry_id,
        shift_id=shift.id,
        stay_id=stay_id,
        at=now,
        amount_fen=amount_fen,
        cause=cause,
    )
    return entry_id


async def hand_over(
    conn: Conn, person: Person, *, counted_cash_fen: int, handed_to: str, note: str, now: datetime
) -> int:
    """End a shift with its counted cash; a difference is kept as a correction that names both.

    Returns:
        Counted less expected, in fen.

    Raises:
        ShiftMissing: the person has no open shift.
    """
    shift = await open_shift(conn, person)
    expected = await expected_cash_fen(conn, shift)
    await shift_store.end_shift(
        conn,
        shift.id,
        ended_at=now,
        expected_cash_fen=expected,
        counted_cash_fen=counted_cash_fen,
        handed_to=handed_to,
        note=note,
    )
    if counted_cash_fen != expected:
        await record_store.insert_correction(
            conn,
            at=now,
            by_person=person.name,
            subject_kind="shift",
            subject=str(shift.id),
            field="cash_fen",
            before=str(expected),
            after=str(counted_cash_fen),
            reason=note.strip() or "counted at hand-over",
        )
    return counted_cash_fen - expected
