"""Rows of payments, notifications, refunds, reconciliations and invoice requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.errors import Missing

Conn = AsyncConnection[Any]


class PaymentMissing(Missing):
    """No payment answers to this number."""

    code = "payment.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One payment; `expires_at` is until when its price holds, `is_stray` money to be given back."""

    id: UUID
    number: str
    stay_id: UUID | None
    provider: str
    state: str
    parking_fen: int
    charging_fen: int
    lines: list[dict[str, Any]]
    asked_at: datetime
    expires_at: datetime
    priced_at: datetime
    pay_address: str | None
    paid_at: datetime | None
    provider_trade: str | None
    reason: str
    is_stray: bool
    is_simulated: bool

    @property
    def amount_fen(self) -> int:
        """Parking and charging together, in fen."""
        return self.parking_fen + self.charging_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A payment about to be asked for, or cash just taken (`paid_at` set)."""

    id: UUID
    number: str
    stay_id: UUID
    provider: str
    parking_fen: int
    charging_fen: int
    lines: list[dict[str, Any]]
    asked_at: datetime
    expires_at: datetime
    is_simulated: bool
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """Money given back of a payment."""

    id: UUID
    number: str
    payment_id: UUID
    parking_fen: int
    charging_fen: int
    reason: str
    asked_at: datetime
    asked_by: str
    state: str
    done_at: datetime | None
    provider_refund: str | None
    detail: str

    @property
    def amount_fen(self) -> int:
        """Parking and charging together, in fen."""
        return self.parking_fen + self.charging_fen


async def insert_payment(conn: Conn, new: NewPayment) -> None:
    """Keep a payment; priced at the moment it is asked for."""
    await conn.execute(
        """
        insert into parking.payment (id, number, stay_id, provider, state, parking_fen, charging_fen, lines, asked_at,
                                     expires_at, priced_at, paid_at, is_simulated)
        values (%(id)s, %(number)s, %(stay_id)s, %(provider)s,
                case when %(paid_at)s::timestamptz is null then 'asked' else 'paid' end,
                %(parking_fen)s, %(charging_fen)s, %(lines)s, %(asked_at)s, %(expires_at)s, %(asked_at)s, %(paid_at)s,
                %(is_simulated)s)
        """,
        {
            "id": new.id,
            "number": new.number,
            "stay_id": new.stay_id,
            "provider": new.provider,
            "parking_fen": new.parking_fen,
            "charging_fen": new.charging_fen,
            "lines": Jsonb(new.lines),
            "asked_at": new.asked_at,
            "expires_at": new.expires_at,
            "paid_at": new.paid_at,
            "is_simulated": new.is_simulated,
        },
    )


async def insert_payment_charging(
    conn: Conn, payment_id: UUID, transaction_ids: list[int], amounts_fen: list[int]
) -> None:
    """Keep which charging bills a payment is for."""
    await conn.execute(
        """
        insert into parking.payment_charging (payment_id, transaction_id, amount_fen)
        select %(payment_id)s, t, a from unnest(%(transactions)s::bigint[], %(amounts)s::integer[]) as u (t, a)
        """,
        {"payment_id": payment_id, "transactions": transaction_ids, "amounts": amounts_fen},
    )


async def read_payment_charging(conn: Conn, payment_id: UUID) -> list[int]:
    """The charging transactions a payment is for."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select transaction_id from parking.payment_charging where payment_id = %(id)s order by 1",
            {"id": payment_id},
        )
        return await cur.fetchall()


async def find_waiting_payment(conn: Conn, stay_id: UUID) -> PaymentRow | None:
    """The payment a stay waits for, held for this unit of work."""
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cur:
        await cur.execute(
            "select * from parking.payment where stay_id = %(stay_id)s and state in ('asked', 'pending') for update",
            {"stay_id": stay_id},
        )
        return await cur.fetchone()


async def read_payment(conn: Conn, number: str) -> PaymentRow:
    """One payment by our number.

    Raises:
        PaymentMissing: there is none.
    """
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cur:
        await cur.execute("select * from parking.payment where number = %(number)s", {"number": number})
        row = await cur.fetchone()
    if row is None:
        raise PaymentMissing("no payment has this number")
    return row


async def find_payment_for_update(conn: Conn, provider: str, number: str) -> PaymentRow | None:
    """One payment of a provider, held for this unit of work."""
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cur:
        await cur.execute(
            "select * from parking.payment where number = %(number)s and provider = %(provider)s for update",
            {"number": number, "provider": provider},
        )
        return await cur.fetchone()


async def read_payments_of_stay(conn: Conn, stay_id: UUID) -> list[PaymentRow]:
    """Every payment of a stay, the newest first."""
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cur:
        await cur.execute(
            "select * from parking.payment where stay_id = %(stay_id)s order by asked_at desc, id",
            {"stay_id": stay_id},
        )
        return await cur.fetchall()


async def read_waiting_payments(conn: Conn, *, asked_before: datetime, limit: int = 100) -> list[PaymentRow]:
    """Payments nobody told the end of, the oldest first."""
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cur:
        await cur.execute(
            """
            select * from parking.payment where state in ('asked', 'pending') and asked_at < %(before)s
            order by asked_at limit %(limit)s
            """,
            {"before": asked_before, "limit": limit},
        )
        return await cur.fetchall()


async def write_payment_pending(conn: Conn, payment_id: UUID, address: str) -> bool:
    """The provider was asked; returns False where the payment was closed meanwhile."""
    return (
        await conn.execute(
            """
            update parking.payment set state = 'pending', pay_address = %(address)s
            where id = %(id)s and state = 'asked'
            """,
            {"id": payment_id, "address": address},
        )
    ).rowcount == 1


async def write_payment_ended(conn: Conn, payment_id: UUID, *, state: str, reason: str) -> bool:
    """A waiting payment is `refused` or `closed`; returns False where it had ended."""
    return (
        await conn.execute(
            """
            update parking.payment set state = %(state)s, reason = %(reason)s
            where id = %(id)s and state in ('asked', 'pending')
            """,
            {"id": payment_id, "state": state, "reason": reason},
        )
    ).rowcount == 1


async def write_payment_paid(
    conn: Conn, payment_id: UUID, *, paid_at: datetime, trade: str | None, is_stray: bool
) -> None:
    """The money came."""
    await conn.execute(
        """
        update parking.payment
        set state = 'paid', paid_at = %(paid_at)s, provider_trade = %(trade)s, is_stray = %(is_stray)s
        where id = %(id)s
        """,
        {"id": payment_id, "paid_at": paid_at, "trade": trade, "is_stray": is_stray},
    )


async def insert_notification(
    conn: Conn, *, provider: str, notification_id: str, received_at: datetime, number: str
) -> bool:
    """Take a notification; returns False where it was taken before."""
    return (
        await conn.execute(
            """
            insert into parking.payment_notification (provider, notification_id, received_at, number, outcome)
            values (%(provider)s, %(notification_id)s, %(received_at)s, %(number)s, 'taken')
            on conflict do nothing
            """,
            {
                "provider": provider,
                "notification_id": notification_id,
                "received_at": received_at,
                "number": number,
            },
        )
    ).rowcount == 1


async def write_notification_outcome(
    conn: Conn, *, provider: str, notification_id: str, outcome: str
) -> None:
    """What became of a notification."""
    await conn.execute(
        """
        update parking.payment_notification set outcome = %(outcome)s
        where provider = %(provider)s and notification_id = %(notification_id)s
        """,
        {"provider": provider, "notification_id": notification_id, "outcome": outcome},
    )


async def insert_refund(conn: Conn, new: RefundRow) -> None:
    """Keep a refund."""
    await conn.execute(
        """
        insert into parking.refund (id, number, payment_id, parking_fen, charging_fen, reason, asked_at, asked_by,
                                    state, done_at, provider_refund, detail)
        values (%(id)s, %(number)s, %(payment_id)s, %(parking_fen)s, %(charging_fen)s, %(reason)s, %(asked_at)s,
                %(asked_by)s, %(state)s, %(done_at)s, %(provider_refund)s, %(detail)s)
        """,
        {
            "id": new.id,
            "number": new.number,
            "payment_id": new.payment_id,
            "parking_fen": new.parking_fen,
            "charging_fen": new.charging_fen,
            "reason": new.reason,
            "asked_at": new.asked_at,
            "asked_by": new.asked_by,
            "state": new.state,
            "done_at": new.done_at,
            "provider_refund": new.provider_refund,
            "detail": new.detail,
        },
    )


async def write_refund(
    conn: Conn,
    refund_id: UUID,
    *,
    state: str,
    done_at: datetime | None,
    provider_refund: str | None,
    detail: str,
) -> None:
    """What the provider says of a refund."""
    await conn.execute(
        """
        update parking.refund set state = %(state)s, done_at = %(done_at)s,
               provider_refund = coalesce(%(provider_refund)s, provider_refund), detail = %(detail)s
        where id = %(id)s and state in ('asked', 'pending')
        """,
        {
            "id": refund_id,
            "state": state,
            "done_at": done_at,
            "provider_refund": provider_refund,
            "detail": detail,
        },
    )


async def read_refunds(conn: Conn, payment_id: UUID) -> list[RefundRow]:
    """What was given back of a payment."""
    async with conn.cursor(row_factory=class_row(RefundRow)) as cur:
        await cur.execute(
            "select * from parking.refund where payment_id = %(id)s order by asked_at, id", {"id": payment_id}
        )
        return await cur.fetchall()


async def read_waiting_refunds(conn: Conn, *, limit: int = 50) -> list[tuple[RefundRow, PaymentRow]]:
    """Refunds a provider has not done yet, each with its payment."""
    async with conn.cursor(row_factory=class_row(RefundRow)) as cur:
        await cur.execute(
            "select * from parking.refund where state in ('asked', 'pending') order by asked_at limit %(limit)s",
            {"limit": limit},
        )
        refunds = await cur.fetchall()
    async with conn.cursor(row_factory=class_row(PaymentRow)) as cur:
        await cur.execute(
            "select * from parking.payment where id = any(%(ids)s)",
            {"ids": [one.payment_id for one in refunds]},
        )
        payments = {row.id: row for row in await cur.fetchall()}
    return [(one, payments[one.payment_id]) for one in refunds]
