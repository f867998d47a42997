"""Rows by which a driver's page knows a stay: a token nobody can guess, for a short while."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Missing

Conn = AsyncConnection[Any]


class LookupGone(Missing):
    """The page's token has run out or was never given."""

    code = "lookup.gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One driver's look at one stay; `has_paid` once the payment asked for from it (`payment_number`) was made."""

    token: str
    stay_id: UUID
    made_at: datetime
    expires_at: datetime
    payment_number: str | None
    has_paid: bool


async def insert_lookup(
    conn: Conn, *, token: str, stay_id: UUID, made_at: datetime, expires_at: datetime
) -> None:
    """Give a driver's page a token for a stay."""
    await conn.execute(
        """
        insert into parking.lookup (token, stay_id, made_at, expires_at)
        values (%(token)s, %(stay_id)s, %(made_at)s, %(expires_at)s)
        """,
        {"token": token, "stay_id": stay_id, "made_at": made_at, "expires_at": expires_at},
    )


async def read_lookup(conn: Conn, token: str, *, now: datetime) -> Lookup:
    """The look a token stands for.

    Raises:
        LookupGone: it has run out or was never given.
    """
    async with conn.cursor(row_factory=class_row(Lookup)) as cur:
        await cur.execute(
            """
            select l.token, l.stay_id, l.made_at, l.expires_at, l.payment_number,
                   coalesce(p.state = 'paid', false) as has_paid
            from parking.lookup l left join parking.payment p on p.number = l.payment_number
            where l.token = %(token)s and l.expires_at > %(now)s
            """,
            {"token": token, "now": now},
        )
        row = await cur.fetchone()
    if row is None:
        raise LookupGone("this page has run out; type the plate again")
    return row


async def write_payment_asked(conn: Conn, token: str, number: str, *, until: datetime) -> None:
    """Keep which payment this page asked for; the page lives on at least until `until`, to show what came of it."""
    await conn.execute(
        """
        update parking.lookup
        set payment_number = %(number)s, expires_at = greatest(expires_at, %(until)s)
        where token = %(token)s
        """,
        {"token": token, "number": number, "until": until},
    )


async def forget_lookups(conn: Conn, *, before: datetime) -> None:
    """Forget looks that ran out before a moment."""
    await conn.execute("delete from parking.lookup where expires_at < %(before)s", {"before": before})
