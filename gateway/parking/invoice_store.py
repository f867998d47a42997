"""Rows of e-invoice requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """One request with its payment; amounts are what stayed after refunds."""

    id: UUID
    number: str
    provider: str
    paid_at: datetime
    title: str
    tax_number: str
    deliver_to: str
    parking_fen: int
    charging_fen: int


async def insert_request(
    conn: Conn,
    *,
    request_id: UUID,
    payment_id: UUID,
    title: str,
    tax_number: str,
    deliver_to: str,
    amount_fen: int,
    asked_at: datetime,
) -> bool:
    """Keep a request; returns False where the payment has one."""
    return (
        await conn.execute(
            """
            insert into parking.invoice_request (id, payment_id, title, tax_number, deliver_to, amount_fen, asked_at)
            values (%(id)s, %(payment_id)s, %(title)s, %(tax_number)s, %(deliver_to)s, %(amount_fen)s, %(asked_at)s)
            on conflict (payment_id) do nothing
            """,
            {
                "id": request_id,
                "payment_id": payment_id,
                "title": title,
                "tax_number": tax_number,
                "deliver_to": deliver_to,
                "amount_fen": amount_fen,
                "asked_at": asked_at,
            },
        )
    ).rowcount == 1


async def take_requests(conn: Conn, *, by: str, now: datetime) -> list[InvoiceRow]:
    """Mark the requests not exported yet as exported, hand them out, the oldest first, and forget where each goes."""
    async with conn.cursor(row_factory=class_row(InvoiceRow)) as cur:
        await cur.execute(
            """
            with waiting as (
                select id, deliver_to from parking.invoice_request where exported_at is null for update
            ), taken as (
                update parking.invoice_request i
                set exported_at = %(now)s, exported_by = %(by)s, deliver_to = ''
                from waiting w where w.id = i.id
                returning i.id, i.payment_id, i.title, i.tax_number, i.asked_at, w.deliver_to
            )
            select t.id, p.number, p.provider, p.paid_at, t.title, t.tax_number, t.deliver_to,
                   (p.parking_fen - coalesce(r.parking_fen, 0))::integer as parking_fen,
                   (p.charging_fen - coalesce(r.charging_fen, 0))::integer as charging_fen
            from taken t join parking.payment p on p.id = t.payment_id
            left join lateral (
                select sum(parking_fen) as parking_fen, sum(charging_fen) as charging_fen
                from parking.refund where payment_id = p.id and state <> 'failed'
            ) r on true
            order by t.asked_at, t.id
            """,
            {"by": by, "now": now},
        )
        return await cur.fetchall()


async def read_asked_payments(conn: Conn, stay_id: UUID) -> set[UUID]:
    """The payments of a stay for which an e-invoice was asked."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select r.payment_id from parking.invoice_request r
            join parking.payment p on p.id = r.payment_id where p.stay_id = %(stay_id)s
            """,
            {"stay_id": stay_id},
        )
        return {row[0] for row in await cur.fetchall()}


async def count_waiting_requests(conn: Conn) -> int:
    """Requests that were not exported yet."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select count(*) from parking.invoice_request where exported_at is null")
        row: int | None = await cur.fetchone()
    return row or 0
