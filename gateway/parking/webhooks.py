"""Telling others of stays and alarms over HTTP: signed, tried again, and kept in a log.

What is sent is the fact as the live screens get it, plates masked. A receiver checks `Pingzhan-Signature`,
which is `v1=` and the HMAC-SHA256 (hex) of `<Pingzhan-Timestamp>.<body>` under its secret, and answers 2xx.
`Pingzhan-Delivery` is the same each time something is told again.
"""

import asyncio
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from psycopg import AsyncConnection

from facility.context import Context
from facility.db import listen, unit_of_work
from facility.fact_store import Fact, read_facts, read_latest_fact_id
from facility.ids import new_secret, new_uuid
from facility.logs import mask_plates_in
from gateway.parking import webhook_store
from gateway.parking.webhook_store import Delivery, Webhook

Conn = AsyncConnection[Any]
log = structlog.get_logger(__name__)

EVENTS = ("stay.opened", "stay.closed", "payment.made", "mode.changed", "alarm.raised", "alarm.cleared")
TEST_EVENT = "webhook.test"
RETRY_AFTER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
"""How long to wait after each failed try; after the last it is given up."""
_TIMEOUT_S = 10.0
_SWEEP_S = 5.0
_KEEP = timedelta(days=30)


def signature(secret: str, sent_at: str, body: bytes) -> str:
    """What `Pingzhan-Signature` carries."""
    return "v1=" + hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()


async def add_webhook(conn: Conn, *, url: str, events: list[str], by: str, now: datetime) -> Webhook:
    """Keep a webhook with a fresh secret."""
    hook = Webhook(
        id=new_uuid(),
        url=url,
        secret=new_secret(32),
        events=sorted(set(events)),
        made_at=now,
        made_by=by,
        ended_at=None,
    )
    await webhook_store.insert_webhook(conn, hook)
    return hook


def body_of(fact: Fact) -> dict[str, Any]:
    """What is told of a fact: no plate leaves the house whole."""
    told = {"event": fact.kind, "at": fact.at.isoformat(), "subject": fact.subject, "detail": fact.detail}
    masked: dict[str, Any] = json.loads(mask_plates_in(json.dumps(told, ensure_ascii=False)))
    return masked


async def queue_facts(conn: Conn, *, now: datetime) -> int:
    """Make a delivery of each new fact for each webhook that wants it; returns how many."""
    mark = await webhook_store.read_mark(conn, newest=await read_latest_fact_id(conn))
    facts = await read_facts(conn, after_id=mark)
    hooks = await webhook_store.read_webhooks(conn)
    made = 0
    for fact in facts:
        for hook in hooks:
            if fact.kind in hook.events:
                made += await webhook_store.insert_delivery(
                    conn,
                    delivery_id=new_uuid(),
                    webhook_id=hook.id,
                    fact_id=fact.id,
                    event=fact.kind,
                    body=body_of(fact),
                    now=now,
                )
    if facts:
        await webhook_store.write_mark(conn, facts[-1].id)
    return made


async def queue_test(conn: Conn, hook_id: UUID, *, now: datetime) -> UUID:
    """Make a delivery that only tries the webhook out."""
    delivery_id = new_uuid()
    await webhook_store.insert_delivery(
        conn,
        delivery_id=delivery_id,
        webhook_id=hook_id,
        fact_id=None,
        event=TEST_EVENT,
        body={"event": TEST_EVENT, "at": now.isoformat()},
        now=now,
    )
    return delivery_id


async def deliver_due(ctx: Context, client: httpx.AsyncClient) -> int:
    """Tell what is due, all webhooks at once and each in its order; returns how many were taken."""
    async with unit_of_work(ctx.pool) as conn:
        due = await webhook_store.read_due_deliveries(conn, now=ctx.clock.now())
        hooks = {hook.id: hook for hook in await webhook_store.read_webhooks(conn)}
    by_hook: dict[UUID, list[Delivery]] = {}
    for delivery in due:
        by_hook.setdefault(delivery.webhook_id, []).append(delivery)
    taken = await asyncio.gather(
        *(_deliver_in_order(ctx, client, hooks[hook_id], queue) for hook_id, queue in by_hook.items())
    )
    return sum(taken)


async def _deliver_in_order(
    ctx: Context, client: httpx.AsyncClient, hook: Webhook, queue: list[Delivery]
) -> int:
    return sum([await _deliver(ctx, client, hook, delivery) for delivery in queue])


async def _deliver(ctx: Context, client: httpx.AsyncClient, hook: Webhook, delivery: Delivery) -> bool:
    now = ctx.clock.now()
    status, error = await _post(client, hook, delivery, now)
    is_taken = status is not None and 200 <= status < 300
    is_last = delivery.attempts >= len(RETRY_AFTER)
    state = "delivered" if is_taken else "given_up" if is_last else "waiting"
    wait = timedelta() if is_taken or is_last else RETRY_AFTER[delivery.attempts]
    async with unit_of_work(ctx.pool) as conn:
        await webhook_store.write_attempt(
            conn, delivery.id, state=state, at=now, next_at=now + wait, status=status, error=error
        )
    if state == "given_up":
        log.warning("webhook.given_up", webhook=str(hook.id), delivery=str(delivery.id), error=error)
    return is_taken


async def _post(
    client: httpx.AsyncClient, hook: Webhook, delivery: Delivery, now: datetime
) -> tuple[int | None, str]:
    body = json.dumps(delivery.body, ensure_ascii=False, separators=(",", ":")).encode()
    sent_at = str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "pingzhan-event": delivery.event,
        "pingzhan-delivery": str(delivery.id),
        "pingzhan-timestamp": sent_at,
        "pingzhan-signature": signature(hook.secret, sent_at, body),
    }
    try:
        answer = await client.post(hook.url, content=body, headers=headers, timeout=_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        return None, type(fault).__name__
    return answer.status_code, "" if answer.is_success else f"answered {answer.status_code}"


async def run(ctx: Context) -> None:
    """Tell as things happen, and on a timer what is due again."""
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
        async for _notice in listen(ctx.dsn, ["fact"], _SWEEP_S):
            async with unit_of_work(ctx.pool) as conn:
                await queue_facts(conn, now=ctx.clock.now())
                await webhook_store.drop_deliveries(conn, before=ctx.clock.now() - _KEEP)
            await deliver_due(ctx, client)
