"""A driver's receipt, and the e-invoice (电子发票) asked for from it."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from facility.db import unit_of_work
from facility.edge import Ctx, Uow
from facility.errors import OpsError
from gateway.parking import dues, dues_store, invoice_store, invoices, lookup_store, payment_store, store
from gateway.parking.payment_store import PaymentRow
from gateway.parking.payments_http import InvoiceBody
from gateway.web import drivers_text
from gateway.web.render import language_of
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)


@pages.get("/s/{token}/receipt")
async def receipt(
    request: Request, token: str, ctx: Ctx, conn: Uow, trouble: str | None = None, asked: bool = False
) -> Response:
    """What was paid for a stay; who paid from this page may ask for an e-invoice of it, once."""
    lookup = await lookup_store.read_lookup(conn, token, now=ctx.clock.now())
    stay = await store.read_stay(conn, lookup.stay_id)
    due = await dues.read_due(conn, stay, now=ctx.clock.now())
    money = await dues_store.read_money(conn, stay.id)
    language = language_of(request)
    payment = await _payment_of(conn, lookup) if lookup.has_paid else None
    is_asked = payment is not None and payment.id in await invoice_store.read_asked_payments(conn, stay.id)
    return await show(
        request,
        "drivers/receipt.html",
        token=token,
        stay=stay,
        lines=drivers_text.lines(due, language),
        money=drivers_text.money_lines(money, language),
        has_simulated=any(row.is_simulated or row.how == "simulated" for row in money),
        may_ask_invoice=payment is not None and not is_asked,
        is_invoice_asked=asked or is_asked,
        trouble=drivers_text.invoice_trouble(trouble, language) if trouble else None,
    )


async def _payment_of(conn: Uow, lookup: lookup_store.Lookup) -> PaymentRow | None:
    """The payment made from this page, whose money stayed here."""
    if lookup.payment_number is None:
        return None
    payment = await payment_store.read_payment(conn, lookup.payment_number)
    return payment if payment.state == "paid" and not payment.is_stray else None


@pages.post("/s/{token}/invoice")
async def ask_invoice(
    request: Request,
    token: str,
    ctx: Ctx,
    title: Annotated[str, Form(max_length=100)],
    tax_number: Annotated[str, Form(max_length=24)] = "",
    deliver_to: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Ask for an e-invoice of what was paid from this page."""
    back = f"/s/{token}/receipt"
    try:
        body = InvoiceBody(
            title=title.strip(), tax_number=tax_number.strip().upper(), deliver_to=deliver_to.strip()
        )
        async with unit_of_work(ctx.pool) as conn:
            lookup = await lookup_store.read_lookup(conn, token, now=ctx.clock.now())
            if not lookup.has_paid or lookup.payment_number is None:
                raise invoices.NothingToInvoice("nothing was paid from this page")
            await invoices.ask_invoice(
                conn,
                lookup.payment_number,
                title=body.title,
                tax_number=body.tax_number,
                deliver_to=body.deliver_to,
                now=ctx.clock.now(),
            )
    except ValidationError:
        return RedirectResponse(f"{back}?trouble=invoice.words", 303)
    except lookup_store.LookupGone:
        return RedirectResponse("/", 303)
    except OpsError as fault:
        return RedirectResponse(f"{back}?trouble={quote(fault.code)}", 303)
    return RedirectResponse(f"{back}?asked=1", 303)
