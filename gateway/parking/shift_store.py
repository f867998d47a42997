"""Rows of shifts at the booth and the cash each took."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from facility.errors import Conflict, Missing

Conn = AsyncConnection[Any]


class ShiftMissing(Missing):
    """The person has no open shift."""

    code = "shift.missing"


class ShiftOpen(Conflict):
    """The person has an open shift already."""

    code = "shift.open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One attendant's time at the booth; the cash fields are fen and are set when it is handed over."""

    id: UUID
    person_id: UUID
    person_name: str
    began_at: datetime
    opening_cash_fen: int
    ended_at: datetime | None
    expected_cash_fen: int | None
    counted_cash_fen: int | None
    handed_to: str | None
    note: str


async def insert_shift(
    conn: Conn,
    *,
    shift_id: UUID,
    person_id: UUID,
    person_name: str,
    began_at: datetime,
    opening_cash_fen: int,
) -> None:
    """Begin a shift.

    Raises:
        ShiftOpen: the person has an open one.
    """
    begun = await conn.execute(
        """
        insert into parking.shift (id, person_id, person_name, began_at, opening_cash_fen)
        values (%(id)s, %(person_id)s, %(person_name)s, %(began_at)s, %(opening_cash_fen)s)
        on conflict (person_id) where ended_at is null do nothing
        """,
        {
            "id": shift_id,
            "person_id": person_id,
            "person_name": person_name,
            "began_at": began_at,
            "opening_cash_fen": opening_cash_fen,
        },
    )
    if not begun.rowcount:
        raise ShiftOpen(f"{person_name} has an open shift")


async def find_open_shift(conn: Conn, person_id: UUID) -> Shift | None:
    """The open shift of a person."""
    async with conn.cursor(row_factory=class_row(Shift)) as cur:
        await cur.execute(
            "select * from parking.shift where person_id = %(person_id)s and ended_at is null for update",
            {"person_id": person_id},
        )
        return await cur.fetchone()


async def read_shifts(conn: Conn, *, limit: int = 30) -> list[Shift]:
    """The newest shifts first."""
    async with conn.cursor(row_factory=class_row(Shift)) as cur:
        await cur.execute(
            "select * from parking.shift order by began_at desc limit %(limit)s",
            {"limit": limit},
        )
        return await cur.fetchall()


async def insert_cash(
    conn: Conn,
    *,
    entry_id: UUID,
    shift_id: UUID,
    stay_id: UUID | None,
    at: datetime,
    amount_fen: int,
    cause: str,
) -> None:
    """Keep cash taken (positive) or given out (negative) in a shift."""
    await conn.execute(
        """
        insert into parking.cash_entry (id, shift_id, stay_id, at, amount_fen, cause)
        values (%(id)s, %(shift_id)s, %(stay_id)s, %(at)s, %(amount_fen)s, %(cause)s)
        """,
        {
            "id": entry_id,
            "shift_id": shift_id,
            "stay_id": stay_id,
            "at": at,
            "amount_fen": amount_fen,
            "cause": cause,
        },
    )


async def sum_cash(conn: Conn, shift_id: UUID) -> int:
    """Cash taken less cash given out in a shift, in fen."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select coalesce(sum(amount_fen), 0)::integer from parking.cash_entry where shift_id = %(id)s",
            {"id": shift_id},
        )
        row: int | None = await cur.fetchone()
        return row or 0


async def end_shift(
    conn: Conn,
    shift_id: UUID,
    *,
    ended_at: datetime,
    expected_cash_fen: int,
    counted_cash_fen: int,
    handed_to: str,
    note: str,
) -> None:
    """Hand a shift over with its counted cash."""
    await conn.execute(
        """
        update parking.shift
        set ended_at = %(ended_at)s, expected_cash_fen = %(expected_cash_fen)s,
            counted_cash_fen = %(counted_cash_fen)s, handed_to = %(handed_to)s, note = %(note)s
        where id = %(id)s and ended_at is null
        """,
        {
            "id": shift_id,
            "ended_at": ended_at,
            "expected_cash_fen": expected_cash_fen,
            "counted_cash_fen": counted_cash_fen,
            "handed_to": handed_to,
            "note": note,
        },
    )
