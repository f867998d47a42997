"""Routes of webhooks: who is told of what, the log of what was told."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from facility.edge import Ctx, Uow, audit, require
from facility.identity import Person, Role
from gateway.parking import webhook_store
from gateway.parking.webhook_store import Delivery, Webhook, WebhookMissing
from gateway.parking.webhooks import add_webhook, queue_test

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
Manager = Annotated[Person, Depends(require(Role.MANAGER))]
Event = Literal["stay.opened", "stay.closed", "payment.made", "mode.changed", "alarm.raised", "alarm.cleared"]


class WebhookBody(BaseModel):
    """Whom to tell of what."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=500)
    events: list[Event] = Field(min_length=1)


class WebhookOut(BaseModel):
    """A webhook without its secret."""

    id: UUID
    url: str
    events: list[str]
    made_at: datetime
    made_by: str


class WebhookMade(WebhookOut):
    """A webhook just made; its secret is shown this once."""

    secret: str


class DeliveryOut(BaseModel):
    """One telling and how it went."""

    id: UUID
    event: str
    body: dict[str, Any]
    made_at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str


def _out(hook: Webhook) -> WebhookOut:
    return WebhookOut(
        id=hook.id, url=hook.url, events=hook.events, made_at=hook.made_at, made_by=hook.made_by
    )


def _delivery_out(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.id,
        event=row.event,
        body=row.body,
        made_at=row.made_at,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at if row.state == "waiting" else None,
        last_at=row.last_at,
        last_status=row.last_status,
        last_error=row.last_error,
    )


@router.get("")
async def list_webhooks(conn: Uow, _person: Manager) -> list[WebhookOut]:
    """Who is told of what."""
    return [_out(hook) for hook in await webhook_store.read_webhooks(conn)]


@router.post("", status_code=201)
async def post_webhook(
    body: WebhookBody, request: Request, ctx: Ctx, conn: Uow, person: Manager
) -> WebhookMade:
    """Tell somebody; the secret that signs what is sent is shown this once."""
    hook = await add_webhook(
        conn, url=body.url, events=list(body.events), by=person.name, now=ctx.clock.now()
    )
    await audit(request, conn, person, "webhook.made", str(hook.id), url=hook.url, events=hook.events)
    return WebhookMade(**_out(hook).model_dump(), secret=hook.secret)


@router.delete("/{hook_id}", status_code=204)
async def delete_webhook(hook_id: UUID, request: Request, ctx: Ctx, conn: Uow, person: Manager) -> None:
    """Tell nobody there any more."""
    if not await webhook_store.end_webhook(conn, hook_id, now=ctx.clock.now()):
        raise WebhookMissing(f"no webhook {hook_id}")
    await audit(request, conn, person, "webhook.ended", str(hook_id))


@router.get("/{hook_id}/deliveries")
async def list_deliveries(hook_id: UUID, conn: Uow, _person: Manager) -> list[DeliveryOut]:
    """What was told, the newest first."""
    return [_delivery_out(row) for row in await webhook_store.read_deliveries(conn, hook_id)]


@router.post("/{hook_id}/test", status_code=202)
async def post_test(hook_id: UUID, ctx: Ctx, conn: Uow, _person: Manager) -> dict[str, str]:
    """Send something that only tries the webhook out."""
    if hook_id not in [hook.id for hook in await webhook_store.read_webhooks(conn)]:
        raise WebhookMissing(f"no webhook {hook_id}")
    return {"delivery": str(await queue_test(conn, hook_id, now=ctx.clock.now()))}


@router.post("/deliveries/{delivery_id}/again", status_code=202)
async def post_again(delivery_id: UUID, ctx: Ctx, conn: Uow, _person: Manager) -> dict[str, str]:
    """Tell something once more."""
    if not await webhook_store.tell_again(conn, delivery_id, now=ctx.clock.now()):
        raise WebhookMissing(f"no ended delivery {delivery_id}")
    return {"delivery": str(delivery_id)}
