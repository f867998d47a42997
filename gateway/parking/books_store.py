"""Rows of money as the books page shows them: payments with what was given back of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """A payment that was made, whose car it was for, and what of it was given back or is on its way back."""

    number: str
    provider: str
    plate: str | None
    ticket: str | None
    stay_id: UUID | None
    paid_at: datetime
    parking_fen: int
    charging_fen: int
    refunded_fen: int
    is_stray: bool
    is_simulated: bool


async def read_payments_made(conn: Conn, part: str, *, limit: int) -> list[BookedPayment]:
    """Payments whose number, plate or ticket holds a text (all for an empty one), the newest first."""
    async with conn.cursor(row_factory=class_row(BookedPayment)) as cur:
        await cur.execute(
            """
            select p.number, p.provider, s.plate, s.ticket, p.stay_id, p.paid_at, p.parking_fen, p.charging_fen,
                   coalesce((select sum(r.parking_fen + r.charging_fen) from parking.refund r
                             where r.payment_id = p.id and r.state <> 'failed'), 0)::integer as refunded_fen,
                   p.is_stray, p.is_simulated
            from parking.payment p left join parking.stay s on s.id = p.stay_id
            where p.state = 'paid'
              and (%(part)s = '' or p.number ilike '%%' || %(part)s || '%%' or s.plate ilike '%%' || %(part)s || '%%'
                   or s.ticket ilike '%%' || %(part)s || '%%')
            order by p.paid_at desc limit %(limit)s
            """,
            {"part": part, "limit": limit},
        )
        return await cur.fetchall()
