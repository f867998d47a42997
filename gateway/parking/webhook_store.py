"""Rows of webhooks and their deliveries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.errors import Missing

Conn = AsyncConnection[Any]


class WebhookMissing(Missing):
    """No webhook, or no delivery, answers to this id."""

    code = "webhook.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who is told of which events; `secret` signs what is sent."""

    id: UUID
    url: str
    secret: str
    events: list[str]
    made_at: datetime
    made_by: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One telling: what is told, and how it went so far."""

    id: UUID
    webhook_id: UUID
    fact_id: int | None
    event: str
    body: dict[str, Any]
    made_at: datetime
    state: str
    attempts: int
    next_at: datetime
    last_at: datetime | None
    last_status: int | None
    last_error: str


async def insert_webhook(conn: Conn, hook: Webhook) -> None:
    """Keep a webhook."""
    await conn.execute(
        """
        insert into parking.webhook (id, url, secret, events, made_at, made_by)
        values (%(id)s, %(url)s, %(secret)s, %(events)s, %(made_at)s, %(made_by)s)
        """,
        {
            "id": hook.id,
            "url": hook.url,
            "secret": hook.secret,
            "events": hook.events,
            "made_at": hook.made_at,
            "made_by": hook.made_by,
        },
    )


async def read_webhooks(conn: Conn) -> list[Webhook]:
    """The webhooks in use, the oldest first."""
    async with conn.cursor(row_factory=class_row(Webhook)) as cur:
        await cur.execute("select * from parking.webhook where ended_at is null order by made_at, id")
        return await cur.fetchall()


async def end_webhook(conn: Conn, hook_id: UUID, *, now: datetime) -> bool:
    """Tell nobody there any more; returns False where that was so."""
    return (
        await conn.execute(
            "update parking.webhook set ended_at = %(now)s where id = %(id)s and ended_at is null",
            {"id": hook_id, "now": now},
        )
    ).rowcount == 1


async def read_mark(conn: Conn, *, newest: int) -> int:
    """The last fact that was looked at; `newest` at the first look, so that nobody is told of the past."""
    await conn.execute(
        "insert into parking.webhook_mark (fact_id) values (%(newest)s) on conflict do nothing",
        {"newest": newest},
    )
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select fact_id from parking.webhook_mark for update")
        row: int | None = await cur.fetchone()
        return newest if row is None else row


async def write_mark(conn: Conn, fact_id: int) -> None:
    """Everything up to this fact was looked at."""
    await conn.execute("update parking.webhook_mark set fact_id = %(fact_id)s", {"fact_id": fact_id})


async def insert_delivery(
    conn: Conn,
    *,
    delivery_id: UUID,
    webhook_id: UUID,
    fact_id: int | None,
    event: str,
    body: dict[str, Any],
    now: datetime,
) -> bool:
    """Keep something to tell; returns False where it is kept already."""
    return (
        await conn.execute(
            """
            insert into parking.webhook_delivery (id, webhook_id, fact_id, event, body, made_at, next_at)
            values (%(id)s, %(webhook_id)s, %(fact_id)s, %(event)s, %(body)s, %(now)s, %(now)s)
            on conflict (webhook_id, fact_id) do nothing
            """,
            {
                "id": delivery_id,
                "webhook_id": webhook_id,
                "fact_id": fact_id,
                "event": event,
                "body": Jsonb(body),
                "now": now,
            },
        )
    ).rowcount == 1


async def read_due_deliveries(conn: Conn, *, now: datetime, limit: int = 50) -> list[Delivery]:
    """What is to be told now to those still in use, the oldest first."""
    async with conn.cursor(row_factory=class_row(Delivery)) as cur:
        await cur.execute(
            """
            select d.* from parking.webhook_delivery d join parking.webhook w on w.id = d.webhook_id
            where d.state = 'waiting' and d.next_at <= %(now)s and w.ended_at is null
            order by d.made_at, d.id limit %(limit)s
            """,
            {"now": now, "limit": limit},
        )
        return await cur.fetchall()


async def write_attempt(
    conn: Conn,
    delivery_id: UUID,
    *,
    state: str,
    at: datetime,
    next_at: datetime,
    status: int | None,
    error: str,
) -> None:
    """How one attempt went, and when the next is due."""
    await conn.execute(
        """
        update parking.webhook_delivery
        set state = %(state)s, attempts = attempts + 1, last_at = %(at)s, next_at = %(next_at)s,
            last_status = %(status)s, last_error = %(error)s
        where id = %(id)s
        """,
        {
            "id": delivery_id,
            "state": state,
            "at": at,
            "next_at": next_at,
            "status": status,
            "error": error,
        },
    )


async def read_deliveries(conn: Conn, hook_id: UUID, *, limit: int = 100) -> list[Delivery]:
    """The newest deliveries of a webhook."""
    async with conn.cursor(row_factory=class_row(Delivery)) as cur:
        await cur.execute(
            """
            select * from parking.webhook_delivery where webhook_id = %(id)s
            order by made_at desc, id limit %(limit)s
            """,
            {"id": hook_id, "limit": limit},
        )
        return await cur.fetchall()


async def tell_again(conn: Conn, delivery_id: UUID, *, now: datetime) -> bool:
    """Tell something once more from the first try; returns False where there is no such delivery."""
    return (
        await conn.execute(
            """
            update parking.webhook_delivery set state = 'waiting', attempts = 0, next_at = %(now)s
            where id = %(id)s and state <> 'waiting'
            """,
            {"id": delivery_id, "now": now},
        )
    ).rowcount == 1


async def drop_deliveries(conn: Conn, *, before: datetime) -> int:
    """Forget what was told before a moment; returns how many."""
    return (
        await conn.execute(
            "delete from parking.webhook_delivery where made_at < %(before)s and state <> 'waiting'",
            {"before": before},
        )
    ).rowcount
