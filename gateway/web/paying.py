"""A driver pays: choose a way, go to the provider, come back to what came of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, urlsplit

import segno
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from facility.context import Context
from facility.db import unit_of_work
from facility.edge import Ctx, Uow
from facility.errors import OpsError
from gateway.parking import dues, lookup_store, payment_store, store
from gateway.parking.payment_providers import open_providers
from gateway.parking.payments import ask_payment
from gateway.web import drivers_text
from gateway.web.render import Language, language_of, say
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)

# After paying, the page shows the way to the car and the receipt for as long as a slow driver may need.
PAGE_LIVES_AFTER = timedelta(minutes=45)
QR_SCALE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to pay, by the provider's name and in words."""

    id: str
    name: str


async def ways(ctx: Context, language: Language) -> list[Way]:
    """The ways to pay that are set up here."""
    word = say(language)
    names = {
        "wechat": word("微信支付"),
        "alipay": word("支付宝"),
        "simulated": word("模拟支付（演示）"),
    }
    providers = await open_providers(ctx)
    return [Way(id=name, name=names.get(name, name)) for name in providers.by_name]


@pages.post("/s/{token}/pay")
async def pay(
    request: Request,
    token: str,
    ctx: Ctx,
    way: Annotated[str, Form(max_length=20)],
    amount_fen: Annotated[int, Form(ge=1)],
) -> Response:
    """Ask a provider for what is owed, as the driver saw it."""
    now = ctx.clock.now()
    try:
        async with unit_of_work(ctx.pool) as conn:
            lookup = await lookup_store.read_lookup(conn, token, now=now)
            due = await dues.read_due(conn, await store.read_stay(conn, lookup.stay_id), now=now)
        if due.due_fen != amount_fen:
            return RedirectResponse(f"/s/{token}?changed=1", 303)
        payment = await ask_payment(ctx, await open_providers(ctx), lookup.stay_id, way)
    except OpsError as fault:
        return await _trouble(request, fault)
    async with unit_of_work(ctx.pool) as conn:
        await lookup_store.write_payment_asked(conn, token, payment.number, until=now + PAGE_LIVES_AFTER)
    return RedirectResponse(f"/s/{token}/paying", 303)


@pages.get("/s/{token}/paying")
async def paying(request: Request, token: str, ctx: Ctx, conn: Uow) -> Response:
    """The way to the provider, and whether the money has come; asks itself again until it has."""
    lookup = await lookup_store.read_lookup(conn, token, now=ctx.clock.now())
    if lookup.payment_number is None:
        return RedirectResponse(f"/s/{token}", 303)
    payment = await payment_store.read_payment(conn, lookup.payment_number)
    is_over = payment.state in ("paid", "refused", "closed")
    if is_over and request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"hx-redirect": f"/s/{token}"})
    if payment.state == "paid":
        return RedirectResponse(f"/s/{token}", 303)
    address = payment.pay_address or ""
    is_link = urlsplit(address).scheme in ("http", "https", "") and bool(address)
    separator = "&" if "?" in address else "?"
    return await show(
        request,
        "drivers/paying.html",
        token=token,
        payment=payment,
        is_over=is_over,
        link=f"{address}{separator}back={quote(f'/s/{token}/paying')}" if is_link else None,
        picture=None if is_link or not address else segno.make(address).svg_data_uri(scale=QR_SCALE),
    )


async def _trouble(request: Request, fault: OpsError) -> Response:
    language = language_of(request)
    word = say(language)
    return await show(
        request,
        "trouble.html",
        status=drivers_text.status(fault),
        title=word("没有办成"),
        text=drivers_text.trouble(fault, language),
    )
