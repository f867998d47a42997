"""Rows of orders to chargers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An operation for a charger: who asked, what was sent, what came back."""

    id: UUID
    charger_id: int
    action: str
    payload: dict[str, Any]
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: str
    sent_at: datetime | None
    answered_at: datetime | None
    response: dict[str, Any] | None
    error_code: str | None
    error_description: str | None


async def add_order(
    conn: Connection,
    *,
    order_id: UUID,
    charger_id: int,
    action: str,
    payload: dict[str, Any],
    by: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Queue an order and wake whichever process holds the charger's socket."""
    await conn.execute(
        """
        with added as (
            insert into charging.charger_order
                (id, charger_id, action, payload, requested_by, requested_at, expires_at)
            values (%(id)s, %(charger_id)s, %(action)s, %(payload)s, %(by)s, %(now)s, %(expires_at)s)
            returning charger_id
        )
        select pg_notify('order', charger_id::text) from added
        """,
        {
            "id": order_id,
            "charger_id": charger_id,
            "action": action,
            "payload": Jsonb(payload),
            "by": by,
            "now": now,
            "expires_at": expires_at,
        },
    )


async def claim_order(conn: Connection, charger_id: int, socket: UUID, now: datetime) -> Order | None:
    """Take a charger's oldest queued order, if this socket is its newest and nothing is outstanding."""
    async with conn.cursor(row_factory=class_row(Order)) as cur:
        await cur.execute(
            """
            update charging.charger_order set state = 'sent', sent_at = %(now)s
            where id = (
                select o.id from charging.charger_order o
                join charging.charger c on c.id = o.charger_id
                where o.charger_id = %(charger_id)s and o.state = 'queued' and o.expires_at > %(now)s
                  and c.socket = %(socket)s
                  and not exists (select from charging.charger_order s
                                  where s.charger_id = o.charger_id and s.state = 'sent')
                order by o.requested_at, o.id limit 1
                for update of o skip locked)
            returning id, charger_id, action, payload, requested_by, requested_at, expires_at, state, sent_at,
                      answered_at, response, error_code, error_description
            """,
            {"charger_id": charger_id, "socket": socket, "now": now},
        )
        return await cur.fetchone()


async def finish_order(
    conn: Connection,
    order_id: UUID,
    *,
    state: str,
    now: datetime,
    response: dict[str, Any] | None = None,
    error_code: str | None = None,
    error_description: str | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Write an order's outcome once and tell whoever waits for it, in one statement.

    `payload` replaces what was sent where that held a secret; None keeps it.
    """
    await conn.execute(
        """
        with finished as (
            update charging.charger_order
            set state = %(state)s, answered_at = %(now)s, response = %(response)s, error_code = %(error_code)s,
                error_description = %(error_description)s, payload = coalesce(%(payload)s, payload)
            where id = %(id)s and state in ('queued', 'sent')
            returning id
        )
        select pg_notify('order_done', %(id)s::text), (select count(*) from finished)
        """,
        {
            "payload": None if payload is None else Jsonb(payload),
            "id": order_id,
            "state": state,
            "now": now,
            "response": None if response is None else Jsonb(response),
            "error_code": error_code,
            "error_description": error_description,
        },
    )


async def read_order(conn: Connection, order_id: UUID) -> Order | None:
    """An order by its id."""
    async with conn.cursor(row_factory=class_row(Order)) as cur:
        await cur.execute(
            """
            select id, charger_id, action, payload, requested_by, requested_at, expires_at, state, sent_at, answered_at,
                   response, error_code, error_description
            from charging.charger_order where id = %(id)s
            """,
            {"id": order_id},
        )
        return await cur.fetchone()


async def read_orders(conn: Connection, charger_id: int, limit: int) -> list[Order]:
    """A charger's orders, newest first."""
    async with conn.cursor(row_factory=class_row(Order)) as cur:
        await cur.execute(
            """
            select id, charger_id, action, payload, requested_by, requested_at, expires_at, state, sent_at, answered_at,
                   response, error_code, error_description
            from charging.charger_order where charger_id = %(charger_id)s
            order by requested_at desc, id limit %(limit)s
            """,
            {"charger_id": charger_id, "limit": limit},
        )
        return await cur.fetchall()


async def read_chargers_with_orders(conn: Connection, charger_ids: Sequence[int], now: datetime) -> list[int]:
    """Which of these chargers have an order waiting."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select distinct charger_id from charging.charger_order
            where state = 'queued' and expires_at > %(now)s and charger_id = any(%(ids)s)
            """,
            {"ids": list(charger_ids), "now": now},
        )
        return await cur.fetchall()


async def expire_orders(conn: Connection, now: datetime) -> list[UUID]:
    """End queued orders whose time is over, and tell whoever waits."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with expired as (
                update charging.charger_order set state = 'expired', answered_at = %(now)s
                where state = 'queued' and expires_at <= %(now)s returning id
            )
            select id from expired, lateral (select pg_notify('order_done', expired.id::text)) as told
            """,
            {"now": now},
        )
        return await cur.fetchall()


async def release_sent(
    conn: Connection, charger_ids: Sequence[int], repeatable: Sequence[str], now: datetime
) -> list[UUID]:
    """End what was sent over these chargers' sockets that are gone: its answers can no longer come.

    Actions that may be repeated without harm go back to the queue; the others are `timed_out`, because nobody knows
    whether the charger acted. Returns the orders that were given up.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with released as (
                update charging.charger_order
                set state = case when action = any(%(repeatable)s) and expires_at > %(now)s
                                 then 'queued' else 'timed_out' end,
                    answered_at = case when action = any(%(repeatable)s) and expires_at > %(now)s then null
                                       else %(now)s::timestamptz end,
                    error_description = 'the connection was lost before the answer'
                where charger_id = any(%(charger_ids)s) and state = 'sent' returning id, state
            )
            select id from released, lateral (select pg_notify('order_done', released.id::text)) as told
            where state = 'timed_out'
            """,
            {"charger_ids": list(charger_ids), "repeatable": list(repeatable), "now": now},
        )
        return await cur.fetchall()


async def cancel_orders(conn: Connection, charger_id: int, action: str, evse_no: int, now: datetime) -> int:
    """Withdraw queued orders of one action for one outlet (a newer one replaces them)."""
    cancelled = await conn.execute(
        """
        update charging.charger_order set state = 'cancelled', answered_at = %(now)s
        where charger_id = %(charger_id)s and action = %(action)s and state = 'queued'
          and coalesce((payload ->> 'connectorId')::int, (payload -> 'evse' ->> 'id')::int, 0) = %(evse_no)s
        """,
        {"charger_id": charger_id, "action": action, "evse_no": evse_no, "now": now},
    )
    return cancelled.rowcount


async def has_open_order(conn: Connection, charger_id: int, action: str, member: dict[str, Any]) -> bool:
    """Whether an order of this action whose payload contains `member` is on its way."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select exists (select from charging.charger_order
                           where charger_id = %(charger_id)s and action = %(action)s
                             and state in ('queued', 'sent') and payload @> %(member)s)
            """,
            {"charger_id": charger_id, "action": action, "member": Jsonb(member)},
        )
        return bool(await cur.fetchone())


async def last_order(conn: Connection, charger_id: int, action: str, member: dict[str, Any]) -> Order | None:
    """The newest order of this action whose payload contains `member`."""
    async with conn.cursor(row_factory=class_row(Order)) as cur:
        await cur.execute(
            """
            select id, charger_id, action, payload, requested_by, requested_at, expires_at, state, sent_at, answered_at,
                   response, error_code, error_description
            from charging.charger_order
            where charger_id = %(charger_id)s and action = %(action)s and payload @> %(member)s
            order by requested_at desc limit 1
            """,
            {"charger_id": charger_id, "action": action, "member": Jsonb(member)},
        )
        return await cur.fetchone()
