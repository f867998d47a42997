"""Rows of stops that found no transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanStop:
    """A stop that found no transaction."""

    id: int
    charger_id: int
    sent_transaction: str
    is_parked: bool
    meter_stop_wh: int
    stopped_at: datetime
    stopped_raw: str
    received_at: datetime
    id_tag: str | None
    reason: str | None
    flags: list[str]
    payload: dict[str, Any]


async def add_orphan_stop(conn: Connection, stop: OrphanStop) -> bool:
    """Keep a stop that found no transaction; the same stop again changes nothing and returns False."""
    added = await conn.execute(
        """
        insert into charging.orphan_stop
            (charger_id, sent_transaction, is_parked, meter_stop_wh, stopped_at, stopped_raw, received_at, id_tag,
             reason, flags, payload)
        values
            (%(charger_id)s, %(sent_transaction)s, %(is_parked)s, %(meter_stop_wh)s, %(stopped_at)s, %(stopped_raw)s,
             %(received_at)s, %(id_tag)s, %(reason)s, %(flags)s, %(payload)s)
        on conflict (charger_id, sent_transaction, stopped_raw, meter_stop_wh, coalesce(id_tag, '')) do nothing
        """,
        {
            "charger_id": stop.charger_id,
            "sent_transaction": stop.sent_transaction,
            "is_parked": stop.is_parked,
            "meter_stop_wh": stop.meter_stop_wh,
            "stopped_at": stop.stopped_at,
            "stopped_raw": stop.stopped_raw,
            "received_at": stop.received_at,
            "id_tag": stop.id_tag,
            "reason": stop.reason,
            "flags": stop.flags,
            "payload": Jsonb(stop.payload),
        },
    )
    return bool(added.rowcount)


async def read_parked_stops(conn: Connection, charger_id: int) -> list[OrphanStop]:
    """Stops of a charger that wait for their off-line start, in order of their time."""
    async with conn.cursor(row_factory=class_row(OrphanStop)) as cur:
        await cur.execute(
            """
            select id, charger_id, sent_transaction, is_parked, meter_stop_wh, stopped_at, stopped_raw, received_at,
                   id_tag, reason, flags, payload
            from charging.orphan_stop
            where charger_id = %(charger_id)s and is_parked and transaction_id is null
            order by stopped_at, id
            """,
            {"charger_id": charger_id},
        )
        return await cur.fetchall()


async def resolve_orphan_stop(conn: Connection, orphan_id: int, transaction_id: int, now: datetime) -> None:
    """Say which transaction a parked stop ended."""
    await conn.execute(
        """
        update charging.orphan_stop set transaction_id = %(transaction_id)s, resolved_at = %(now)s
        where id = %(id)s
        """,
        {"id": orphan_id, "transaction_id": transaction_id, "now": now},
    )


async def read_orphan_stops(conn: Connection, charger_ids: Sequence[int]) -> list[OrphanStop]:
    """Every unresolved stop of these chargers."""
    async with conn.cursor(row_factory=class_row(OrphanStop)) as cur:
        await cur.execute(
            """
            select id, charger_id, sent_transaction, is_parked, meter_stop_wh, stopped_at, stopped_raw, received_at,
                   id_tag, reason, flags, payload
            from charging.orphan_stop
            where charger_id = any(%(charger_ids)s) and transaction_id is null order by id
            """,
            {"charger_ids": list(charger_ids)},
        )
        return await cur.fetchall()
