"""Rows of what cars said they need (OCPP 2.x)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a car said it needs; `wanted_wh` counts from `delivered_wh` of its transaction. None: not said."""

    leaves_at: datetime | None
    wanted_wh: int | None
    delivered_wh: int
    told_at: datetime


async def write_needs(conn: Connection, transaction_id: int, needs: Needs, body: dict[str, Any]) -> None:
    """Keep a transaction's needs; what a car says later stands."""
    await conn.execute(
        """
        insert into charging.charging_needs (transaction_id, leaves_at, wanted_wh, delivered_wh, told_at, body)
        values (%(id)s, %(leaves_at)s, %(wanted_wh)s, %(delivered_wh)s, %(told_at)s, %(body)s)
        on conflict (transaction_id) do update
        set leaves_at = excluded.leaves_at, wanted_wh = excluded.wanted_wh, delivered_wh = excluded.delivered_wh,
            told_at = excluded.told_at, body = excluded.body
        """,
        {
            "id": transaction_id,
            "leaves_at": needs.leaves_at,
            "wanted_wh": needs.wanted_wh,
            "delivered_wh": needs.delivered_wh,
            "told_at": needs.told_at,
            "body": Jsonb(body),
        },
    )


async def read_needs(conn: Connection, transaction_id: int) -> Needs | None:
    """What the car of a transaction said, None where it said nothing."""
    async with conn.cursor(row_factory=class_row(Needs)) as cur:
        await cur.execute(
            """
            select leaves_at, wanted_wh, delivered_wh, told_at
            from charging.charging_needs where transaction_id = %(id)s
            """,
            {"id": transaction_id},
        )
        return await cur.fetchone()
