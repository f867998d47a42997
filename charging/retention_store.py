"""Plates of charging transactions as privacy sees them: old ones, those of one car, and the end of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOfPlate:
    """A charging transaction of one plate and its bill, in Wh and fen."""

    transaction_id: int
    started_at: datetime
    stopped_at: datetime | None
    delivered_wh: int | None
    total_fen: int | None


async def forget_old_plates(conn: Conn, *, before: datetime) -> int:
    """Take the plate off transactions that stopped before a moment; energy and money stay."""
    return (
        await conn.execute(
            """
            update charging.transaction set plate = null
            where plate is not null and stopped_at is not null and stopped_at < %(before)s
            """,
            {"before": before},
        )
    ).rowcount


async def count_old_plates(conn: Conn, *, before: datetime) -> int:
    """How many transactions that stopped before a moment carry a plate still."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select count(*)::integer from charging.transaction
            where plate is not null and stopped_at is not null and stopped_at < %(before)s
            """,
            {"before": before},
        )
        return int(await cur.fetchone() or 0)


async def read_charges_of_plate(conn: Conn, plate: str) -> list[ChargeOfPlate]:
    """Every transaction of a plate."""
    async with conn.cursor(row_factory=class_row(ChargeOfPlate)) as cur:
        await cur.execute(
            """
            select t.id as transaction_id, t.started_at, t.stopped_at, t.delivered_wh, b.total_fen
            from charging.transaction t left join charging.bill b on b.transaction_id = t.id
            where t.plate = %(plate)s order by t.started_at
            """,
            {"plate": plate},
        )
        return await cur.fetchall()


async def forget_plate(conn: Conn, plate: str) -> int:
    """Take a plate off every transaction and every card; returns off how many transactions."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with charged as (
                update charging.transaction set plate = null where plate = %(plate)s returning 1
            ), cards as (
                update charging.id_tag set plate = null where plate = %(plate)s
            )
            select count(*)::integer from charged
            """,
            {"plate": plate},
        )
        return int(await cur.fetchone() or 0)
