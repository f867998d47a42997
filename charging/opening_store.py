"""Rows of sockets that open, many at a time: after a restart every charger comes back in the same seconds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from charging.sample_store import LastSample
from charging.transaction_store import Transaction

Connection = AsyncConnection[Any]


class NewSocket(NamedTuple):
    """A socket that has just opened."""

    charger_id: int
    socket: UUID
    protocol: str


async def take_sockets(conn: Connection, rows: Sequence[NewSocket], process: UUID, now: datetime) -> None:
    """Say that these sockets are their chargers' newest; orders go to them and to no older ones.

    Each charger occurs once. The rows are locked in the order of their ids, as every writer of many does.
    """
    columns = dict(zip(NewSocket._fields, map(list, zip(*rows, strict=True)), strict=True))
    await conn.execute(
        """
        with locked as (
            select id from charging.charger where id = any(%(charger_id)s) order by id for no key update
        )
        update charging.charger c
        set socket = t.socket, held_by = %(process)s, protocol = t.protocol, connected_at = %(now)s,
            last_seen_at = %(now)s
        from unnest(%(charger_id)s::int[], %(socket)s::uuid[], %(protocol)s::text[])
            as t (charger_id, socket, protocol)
        join locked on locked.id = t.charger_id
        where c.id = t.charger_id
        """,
        columns | {"process": process, "now": now},
    )


async def read_outlets_of(conn: Connection, charger_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """EVSE number to the site's EVSE id, for each charger that has any."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select charger_id, evse_no, evse_id from charging.connector
            where charger_id = any(%(ids)s) and evse_id is not null
            """,
            {"ids": list(charger_ids)},
        )
        found: dict[int, dict[int, str]] = {}
        for charger_id, evse_no, evse_id in await cur.fetchall():
            found.setdefault(charger_id, {})[evse_no] = evse_id
        return found


async def read_open_of(conn: Connection, charger_ids: Sequence[int]) -> list[Transaction]:
    """The open transactions of these chargers, oldest first."""
    async with conn.cursor(row_factory=class_row(Transaction)) as cur:
        await cur.execute(
            """
            select id, charger_id, evse_no, connector_no, station_transaction, id_tag, plate, token, reservation_id,
                   state, is_told_late, is_clock_set, flags, started_at, started_raw, start_received_at,
                   meter_start_wh, last_sign_at, evidence, evidence_at, stopped_at, stopped_raw, meter_stop_wh,
                   stop_reason, closed_by, closing_reason, charging_ended_at, unplugged_at, delivered_wh,
                   energy_tariff_id
            from charging.transaction
            where state in ('running', 'suspended') and charger_id = any(%(ids)s) order by id
            """,
            {"ids": list(charger_ids)},
        )
        return await cur.fetchall()


async def read_last_samples(conn: Connection, transactions: Sequence[Transaction]) -> dict[int, LastSample]:
    """The newest sample that carries energy, for each transaction that has one."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select t.id, m.measured_at, m.delivered_wh, m.register_wh
            from unnest(%(ids)s::bigint[], %(started_at)s::timestamptz[]) as t (id, started_at)
            cross join lateral (
                select measured_at, delivered_wh, register_wh from charging.meter_sample
                where transaction_id = t.id and measured_at >= t.started_at
                  and delivered_wh is not null and register_wh is not null
                order by measured_at desc, delivered_wh desc limit 1
            ) m
            """,
            {"ids": [one.id for one in transactions], "started_at": [one.started_at for one in transactions]},
        )
        return {
            number: LastSample(measured_at=at, delivered_wh=delivered_wh, register_wh=register_wh)
            for number, at, delivered_wh, register_wh in await cur.fetchall()
        }
