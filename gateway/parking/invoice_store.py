"""Rows of e-invoice requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

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
    """Mark the requests not exported yet as exported and hand them out, the oldest first."""
    async with conn.cursor(row_factory=class_row(InvoiceRow)) as cur:
        await cur.execute(
            """
            with taken as (
                update parking.invoice_request set exported_at = %(now)s, exported_by = %(by)s
                where exported_at is null returning *
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
