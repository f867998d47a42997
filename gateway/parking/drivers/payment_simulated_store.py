"""The simulated provider's own books."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRow:
    """A payment as the simulated provider sees it; what it will do and when, and what it has yet to tell."""

    number: str
    trade: str
    amount_fen: int
    state: str
    asked_at: datetime
    acts_at: datetime | None
    acts: str
    paid_at: datetime | None
    notify_at: datetime | None
    notified: int
    notify_times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedRow:
    """One line of its statement."""

    number: str
    amount_fen: int
    trade: str


async def read_or_make_key(conn: Conn, fresh: str) -> str:
    """The key notifications are signed with; `fresh` where there is none yet."""
    await conn.execute(
        "insert into parking.simulated_key (secret) values (%(fresh)s) on conflict do nothing",
        {"fresh": fresh},
    )
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select secret from parking.simulated_key")
        return str(await cur.fetchone())


async def insert_trade(conn: Conn, *, number: str, trade: str, amount_fen: int, asked_at: datetime) -> None:
    """Take an order; asked again with the same number it stays the first."""
    await conn.execute(
        """
        insert into parking.simulated_trade (number, trade, amount_fen, state, asked_at)
        values (%(number)s, %(trade)s, %(amount_fen)s, 'waiting', %(asked_at)s)
        on conflict (number) do nothing
        """,
        {"number": number, "trade": trade, "amount_fen": amount_fen, "asked_at": asked_at},
    )


async def find_trade(conn: Conn, number: str) -> TradeRow | None:
    """One trade."""
    async with conn.cursor(row_factory=class_row(TradeRow)) as cur:
        await cur.execute(
            "select * from parking.simulated_trade where number = %(number)s", {"number": number}
        )
        return await cur.fetchone()


async def plan_act(
    conn: Conn, number: str, *, acts: str, acts_at: datetime, notify_after_s: float, notify_times: int
) -> bool:
    """What the driver's bank will do and how often it will tell; returns False where nothing can be done any more."""
    return (
        await conn.execute(
            """
            update parking.simulated_trade
            set acts = %(acts)s, acts_at = %(acts_at)s, notify_times = %(notify_times)s,
                notify_at = %(acts_at)s + make_interval(secs => %(notify_after_s)s)
            where number = %(number)s and state = 'waiting'
            """,
            {
                "number": number,
                "acts": acts,
                "acts_at": acts_at,
                "notify_after_s": notify_after_s,
                "notify_times": notify_times,
            },
        )
    ).rowcount == 1


async def act_due(conn: Conn, *, now: datetime) -> int:
    """Do what was planned up to now; returns how many trades changed."""
    return (
        await conn.execute(
            """
            update parking.simulated_trade
            set state = case acts when 'pays' then 'paid' else 'refused' end,
                paid_at = case acts when 'pays' then acts_at end
            where state = 'waiting' and acts <> 'nothing' and acts_at <= %(now)s
            """,
            {"now": now},
        )
    ).rowcount


async def take_to_notify(conn: Conn, *, now: datetime, again_at: datetime) -> list[TradeRow]:
    """The trades to tell about now, each put off to `again_at` for the case that the telling fails."""
    async with conn.cursor(row_factory=class_row(TradeRow)) as cur:
        await cur.execute(
            """
            update parking.simulated_trade set notify_at = %(again_at)s
            where state in ('paid', 'refused') and notified < notify_times and notify_at <= %(now)s
            returning *
            """,
            {"now": now, "again_at": again_at},
        )
        return await cur.fetchall()


async def write_notified(conn: Conn, number: str, *, next_at: datetime) -> None:
    """A notification was taken; the next repetition is due at `next_at`."""
    await conn.execute(
        """
        update parking.simulated_trade set notified = notified + 1, notify_at = %(next_at)s
        where number = %(number)s
        """,
        {"number": number, "next_at": next_at},
    )


async def close_trade(conn: Conn, number: str) -> None:
    """Let a trade that was not paid be paid no more; one that a bank is already at is not stopped."""
    await conn.execute(
        """
        update parking.simulated_trade set state = 'closed'
        where number = %(number)s and state = 'waiting' and acts = 'nothing'
        """,
        {"number": number},
    )


async def sum_refunds(conn: Conn, payment_number: str, *, but_not: str) -> int:
    """What was given back of a trade, without one refund."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select coalesce(sum(amount_fen), 0)::integer from parking.simulated_refund
            where payment_number = %(payment)s and number <> %(but_not)s
            """,
            {"payment": payment_number, "but_not": but_not},
        )
        row: int | None = await cur.fetchone()
        return row or 0


async def insert_refund(
    conn: Conn, *, number: str, payment_number: str, amount_fen: int, refunded_at: datetime
) -> None:
    """Give money back; asked again with the same number nothing is given twice."""
    await conn.execute(
        """
        insert into parking.simulated_refund (number, payment_number, amount_fen, refunded_at)
        values (%(number)s, %(payment)s, %(amount_fen)s, %(refunded_at)s) on conflict (number) do nothing
        """,
        {
            "number": number,
            "payment": payment_number,
            "amount_fen": amount_fen,
            "refunded_at": refunded_at,
        },
    )


async def read_statement(conn: Conn, begins_at: datetime, ends_at: datetime) -> list[BookedRow]:
    """What was booked between two moments, refunds negative."""
    async with conn.cursor(row_factory=class_row(BookedRow)) as cur:
        await cur.execute(
            """
            select number, amount_fen, trade from parking.simulated_trade
            where paid_at >= %(begins_at)s and paid_at < %(ends_at)s
            union all
            select r.number, -r.amount_fen, t.trade
            from parking.simulated_refund r join parking.simulated_trade t on t.number = r.payment_number
            where r.refunded_at >= %(begins_at)s and r.refunded_at < %(ends_at)s
            order by 1
            """,
            {"begins_at": begins_at, "ends_at": ends_at},
        )
        return await cur.fetchall()
