"""Rows that a fee depends on: price lists, earlier stays of the day, free spans, money received."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffVersion:
    """A price list as saved; `body` is in the vocabulary of price lists."""

    id: int
    name: str
    body: dict[str, Any]
    in_force_from: datetime
    saved_at: datetime
    saved_by: str
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Money received (positive) or given back (negative) for a stay, in fen."""

    stay_id: UUID
    at: datetime
    amount_fen: int
    part: str
    how: str
    reference: str
    charging_transaction_id: int | None
    is_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSpan:
    """A stretch of a plate's time that costs nothing; both ends aware UTC, `until` not included."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitDates:
    """A permit's first and last local date, and when it was ended before its time."""

    valid_from: date
    valid_to: date
    ended_at: datetime | None


async def insert_tariff(
    conn: Conn, *, name: str, body: dict[str, Any], in_force_from: datetime, saved_at: datetime, saved_by: str
) -> int:
    """Save a price list; two lists cannot begin at one moment."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into parking.tariff_version (name, body, in_force_from, saved_at, saved_by)
            values (%(name)s, %(body)s, %(in_force_from)s, %(saved_at)s, %(saved_by)s)
            returning id
            """,
            {
                "name": name,
                "body": Jsonb(body),
                "in_force_from": in_force_from,
                "saved_at": saved_at,
                "saved_by": saved_by,
            },
        )
        row: int | None = await cur.fetchone()
    if row is None:
        raise LookupError("parking.tariff_version returned no id")
    return row


async def read_tariff_version(conn: Conn, tariff_id: int) -> TariffVersion | None:
    """One price list."""
    async with conn.cursor(row_factory=class_row(TariffVersion)) as cur:
        await cur.execute(
            """
            select id, name, body, in_force_from, saved_at, saved_by, withdrawn_at
            from parking.tariff_version where id = %(id)s
            """,
            {"id": tariff_id},
        )
        return await cur.fetchone()


async def has_earlier_stay(conn: Conn, plate: str, *, since: datetime, before: datetime) -> bool:
    """Whether a plate entered in [since, before)."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select exists (select 1 from parking.stay
                           where plate = %(plate)s and entered_at >= %(since)s and entered_at < %(before)s
                             and state <> 'void')
            """,
            {"plate": plate, "since": since, "before": before},
        )
        return bool(await cur.fetchone())


async def read_permit_dates(conn: Conn, permit_id: UUID) -> PermitDates | None:
    """From when to when a permit holds."""
    async with conn.cursor(row_factory=class_row(PermitDates)) as cur:
        await cur.execute(
            "select valid_from, valid_to, ended_at from parking.permit where id = %(id)s", {"id": permit_id}
        )
        return await cur.fetchone()


async def read_free_passes(conn: Conn, plate: str, *, since: datetime, until: datetime) -> list[FreeSpan]:
    """The windows of a plate's free visitor passes that touch a stretch of time."""
    async with conn.cursor(row_factory=class_row(FreeSpan)) as cur:
        await cur.execute(
            """
            select valid_from as since, least(valid_until, ended_at) as until from parking.visitor_pass
            where plate = %(plate)s and is_free and valid_from < %(until)s
              and least(valid_until, ended_at) > greatest(%(since)s, valid_from)
            order by valid_from
            """,
            {"plate": plate, "since": since, "until": until},
        )
        return await cur.fetchall()


async def read_money(conn: Conn, stay_id: UUID) -> list[Money]:
    """Everything received and given back for a stay, in order."""
    async with conn.cursor(row_factory=class_row(Money)) as cur:
        await cur.execute(
            """
            select stay_id, at, amount_fen, part, how, reference, charging_transaction_id, is_simulated
            from parking.money where stay_id = %(stay_id)s order by at, id
            """,
            {"stay_id": stay_id},
        )
        return await cur.fetchall()


async def insert_money(conn: Conn, rows: Sequence[Money]) -> int:
    """Keep money once by its reference, and say that the stay was paid; returns the rows that were new."""
    written = 0
    for row in rows:
        kept = await conn.execute(
            """
            insert into parking.money (stay_id, at, amount_fen, part, how, reference, charging_transaction_id,
                                       is_simulated)
            values (%(stay_id)s, %(at)s, %(amount_fen)s, %(part)s, %(how)s, %(reference)s,
                    %(charging_transaction_id)s, %(is_simulated)s)
            on conflict do nothing
            """,
            {
                "stay_id": row.stay_id,
                "at": row.at,
                "amount_fen": row.amount_fen,
                "part": row.part,
                "how": row.how,
                "reference": row.reference,
                "charging_transaction_id": row.charging_transaction_id,
                "is_simulated": row.is_simulated,
            },
        )
        written += kept.rowcount
    if written:
        await conn.execute("select pg_notify('stay_paid', %(id)s)", {"id": str(rows[0].stay_id)})
    return written
