"""Rows for the operators' charger pages: every connector with its charger, its charge and its power at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One connector (or a charger that named none: `evse_no` None) as the list shows it.

    `power_w`, `delivered_wh` and `sampled_at` are those of the running transaction, None where none runs.
    """

    charger_id: int
    identity: str
    registration: str
    is_simulated: bool
    protocol: str | None
    vendor: str | None
    model: str | None
    firmware: str | None
    is_connected: bool
    last_seen_at: datetime | None
    max_w: int
    evse_no: int | None
    connector_no: int | None
    evse_id: str | None
    status: str
    error_code: str | None
    status_at: datetime | None
    availability: str
    transaction_id: int | None
    plate: str | None
    started_at: datetime | None
    power_w: int | None
    delivered_wh: int | None
    sampled_at: datetime | None
    open_orders: int


async def read_glances(conn: Connection, charger_id: int | None = None) -> list[Glance]:
    """Every connector, or those of one charger, by identity and number; 0 (the charger itself) is left out."""
    async with conn.cursor(row_factory=class_row(Glance)) as cur:
        await cur.execute(
            """
            select ch.id as charger_id, ch.identity, ch.registration, ch.is_simulated, ch.protocol, ch.vendor, ch.model,
                   ch.firmware, ch.socket is not null as is_connected, ch.last_seen_at, ch.max_w, c.evse_no,
                   c.connector_no, c.evse_id, coalesce(c.status, 'Unknown') as status, c.error_code, c.status_at,
                   coalesce(c.availability, 'operative') as availability, t.id as transaction_id, t.plate, t.started_at,
                   s.power_w, s.delivered_wh, s.measured_at as sampled_at,
                   (select count(*)::int from charging.charger_order o
                    where o.charger_id = ch.id and o.state in ('queued', 'sent')) as open_orders
            from charging.charger ch
            left join charging.connector c on c.charger_id = ch.id and c.evse_no > 0
            left join charging.transaction t
                on t.charger_id = c.charger_id and t.evse_no = c.evse_no
               and t.state in ('running', 'suspended') and not t.is_told_late
            left join lateral (
                select m.power_w, m.delivered_wh, m.measured_at from charging.meter_sample m
                where m.transaction_id = t.id and m.measured_at >= t.started_at
                order by m.measured_at desc limit 1
            ) s on true
            where %(charger_id)s::int is null or ch.id = %(charger_id)s
            order by ch.identity, c.evse_no, c.connector_no
            """,
            {"charger_id": charger_id},
        )
        return await cur.fetchall()


async def read_chargers_of(conn: Connection, transaction_ids: Sequence[int]) -> dict[int, int]:
    """The charger of each transaction."""
    async with conn.cursor() as cur:
        await cur.execute(
            "select id, charger_id from charging.transaction where id = any(%(ids)s)",
            {"ids": list(transaction_ids)},
        )
        return {number: charger_id for number, charger_id in await cur.fetchall()}
