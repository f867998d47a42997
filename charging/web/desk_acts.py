"""What operators do on a charger's page: orders by form, closing a stuck charge. Each leaves an audit row."""

import json
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from psycopg import AsyncConnection

from charging import driving, ghosts, orders, remote, tag_store, transaction_store
from charging.charger_store import ChargerDetail
from charging.http import detail_of
from charging.rpc import Payload
from charging.rules.moments import moment_text
from charging.rules.transaction import NoSuchTransaction
from charging.web.desk import ROLES, Said, charger_page
from charging.web.desk_forms import Asked, BadField, built_order
from facility.db import unit_of_work
from facility.edge import Ctx, audit, require
from facility.errors import OpsError
from facility.identity import Person

pages = APIRouter(include_in_schema=False)
Conn = AsyncConnection[Any]
Acting = Annotated[Person, Depends(require(*ROLES))]

RESERVE_MOST_MIN: Final = 24 * 60


def _back(identity: str, tab: str, done: str) -> Response:
    return RedirectResponse(f"/chargers/{quote(identity, safe='')}?tab={tab}&done={done}", 303)


@pages.post("/chargers/{identity}/orders/{kind}")
async def order(request: Request, identity: str, kind: str, ctx: Ctx, person: Acting) -> Response:
    """Order what a form says."""
    form = await request.form()
    fields = {key: value for key, value in form.items() if isinstance(value, str)}
    try:
        async with unit_of_work(ctx.pool) as conn:
            charger = await detail_of(conn, identity)
            now = ctx.clock.now()
            asked = Asked(
                version=orders.version_of(charger.protocol),
                fields=fields,
                number=int(now.timestamp()) % 2**31,
                now=now,
            )
            action, payload = await _read_order(conn, charger, kind, asked)
            number = await orders.request_order(
                conn,
                charger_id=charger.id,
                version=asked.version,
                action=action,
                payload=payload,
                by=person.name,
                clock=ctx.clock,
            )
            await audit(request, conn, person, f"charger.{action}", charger.identity, order=str(number))
    except OpsError as refused:
        return await _trouble(request, ctx, identity, "orders", refused)
    return _back(charger.identity, "orders", "ordered")


async def _read_order(conn: Conn, charger: ChargerDetail, kind: str, asked: Asked) -> tuple[str, Payload]:
    if kind == "stop":
        return remote.stop_order(asked.version, await _open_charge(conn, charger, asked))
    if kind == "reserve":
        return await _reserve(conn, charger, asked)
    if kind == "cancel":
        return "CancelReservation", {"reservationId": asked.whole("reservation")}
    if kind == "any":
        return asked.text("operation", 60), _payload(asked.fields.get("payload", ""))
    return built_order(kind, asked)


async def _open_charge(conn: Conn, charger: ChargerDetail, asked: Asked) -> transaction_store.Transaction:
    number = asked.text("transaction", 12)
    for one in await transaction_store.find_transactions(conn, charger_id=charger.id, is_open=True):
        if str(one.id) == number:
            return one
    raise NoSuchTransaction(f"no open charge {number}")


async def _reserve(conn: Conn, charger: ChargerDetail, asked: Asked) -> tuple[str, Payload]:
    evse_no, tag = asked.whole("connector"), asked.text("tag", 20)
    minutes = asked.whole("minutes")
    if not 1 <= minutes <= RESERVE_MOST_MIN:
        raise BadField(f"minutes: 1 to {RESERVE_MOST_MIN}", field="minutes")
    until = asked.now + timedelta(minutes=minutes)
    number = await tag_store.add_reservation(
        conn,
        charger_id=charger.id,
        evse_no=evse_no,
        id_tag=tag,
        token=tag,
        now=asked.now,
        expires_at=until,
    )
    if number is None:
        raise driving.EvseBusy(f"connector {evse_no} is reserved already")
    return remote.reserve_order(asked.version, number, evse_no, tag, moment_text(until))


def _payload(text: str) -> Payload:
    try:
        read = json.loads(text or "{}")
    except ValueError as wrong:
        raise BadField(f"payload: {wrong}", field="payload") from None
    if not isinstance(read, dict):
        raise BadField("payload: a JSON object", field="payload")
    return read


@pages.post("/chargers/{identity}/transactions/{number}/close")
async def close(
    request: Request,
    identity: str,
    number: int,
    ctx: Ctx,
    person: Acting,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Close a stuck charge, with a reason; its energy so far is billed."""
    try:
        async with unit_of_work(ctx.pool) as conn:
            if len(reason.strip()) < 3:
                raise BadField("reason: at least three characters", field="reason")
            charger = await detail_of(conn, identity)
            found = await transaction_store.lock_transaction(conn, number)
            if found is None or found.charger_id != charger.id:
                raise NoSuchTransaction(f"no charge {number} at {charger.identity}")
            await ghosts.close_stuck(conn, number, by=person.name, reason=reason.strip(), now=ctx.clock.now())
            await audit(request, conn, person, "transaction.close", str(number), reason=reason.strip())
    except OpsError as refused:
        return await _trouble(request, ctx, identity, "overview", refused)
    return _back(charger.identity, "overview", "closed")


async def _trouble(request: Request, ctx: Ctx, identity: str, tab: str, refused: OpsError) -> Response:
    """The page again, with why it was not done; nothing of the act was kept."""
    async with unit_of_work(ctx.pool) as conn:
        return await charger_page(request, conn, identity, tab, Said(trouble=refused.detail))
