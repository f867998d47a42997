"""Rows of a day's books, ours against a provider's statement."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """One payment or refund as we booked it on a day: `amount_fen` negative for a refund."""

    number: str
    amount_fen: int


async def read_booked(conn: Conn, provider: str, begins_at: datetime, ends_at: datetime) -> list[Booked]:
    """Payments and refunds of a provider as booked here between two moments, refunds negative."""
    async with conn.cursor(row_factory=class_row(Booked)) as cur:
        await cur.execute(
            """
            select number, parking_fen + charging_fen as amount_fen from parking.payment
            where provider = %(provider)s and state = 'paid' and paid_at >= %(begins_at)s and paid_at < %(ends_at)s
            union all
            select r.number, -(r.parking_fen + r.charging_fen) from parking.refund r
            join parking.payment p on p.id = r.payment_id
            where p.provider = %(provider)s and r.state = 'done'
              and r.done_at >= %(begins_at)s and r.done_at < %(ends_at)s
            order by 1
            """,
            {"provider": provider, "begins_at": begins_at, "ends_at": ends_at},
        )
        return await cur.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRow:
    """One provider's day compared with our books."""

    provider: str
    day: date
    run_at: datetime
    ours_fen: int
    theirs_fen: int
    matched: int
    differences: list[dict[str, Any]]


async def write_reconciliation(conn: Conn, row: ReconciliationRow) -> None:
    """Keep a comparison; a later run of the same day replaces it."""
    await conn.execute(
        """
        insert into parking.reconciliation (provider, day, run_at, ours_fen, theirs_fen, matched, differences)
        values (%(provider)s, %(day)s, %(run_at)s, %(ours_fen)s, %(theirs_fen)s, %(matched)s, %(differences)s)
        on conflict (provider, day) do update
        set run_at = excluded.run_at, ours_fen = excluded.ours_fen, theirs_fen = excluded.theirs_fen,
            matched = excluded.matched, differences = excluded.differences
        """,
        {
            "provider": row.provider,
            "day": row.day,
            "run_at": row.run_at,
            "ours_fen": row.ours_fen,
            "theirs_fen": row.theirs_fen,
            "matched": row.matched,
            "differences": Jsonb(row.differences),
        },
    )


async def read_reconciliations(conn: Conn, *, since: date) -> list[ReconciliationRow]:
    """Comparisons of the days since a date, the newest first."""
    async with conn.cursor(row_factory=class_row(ReconciliationRow)) as cur:
        await cur.execute(
            "select * from parking.reconciliation where day >= %(since)s order by day desc, provider",
            {"since": since},
        )
        return await cur.fetchall()
