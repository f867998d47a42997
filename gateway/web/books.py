"""The office page of money: payments made, refunds, each provider's day against our books, e-invoice requests."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from facility.edge import Ctx, Uow
from facility.units import local
from gateway.parking import books_store, invoice_store, payments_http, reconciliation_store
from gateway.web import attendant_text
from gateway.web.attendant import acting, person_at_booth
from gateway.web.desk import day_of, done_or_trouble, is_manager, managing, sign_in
from gateway.web.render import language_of
from gateway.web.show import show

pages = APIRouter(include_in_schema=False)
BOOKS = "/attendant/books"
MOST_SHOWN = 40
DAYS_SHOWN = 14
Text = Annotated[str, Form(max_length=200)]


@pages.get(BOOKS)
async def books(
    request: Request,
    ctx: Ctx,
    conn: Uow,
    find: str = "",
    trouble: str | None = None,
    done: str | None = None,
) -> Response:
    """Payments, found by plate, ticket or number; the last two weeks of reconciliations; invoices that wait."""
    person = person_at_booth(request)
    if person is None:
        return sign_in(request) or Response(status_code=403)
    language = language_of(request)
    part = "".join(sign for sign in find.strip() if sign.isalnum() or sign == "-")[:32]
    since = local(ctx.clock.now()).date() - timedelta(days=DAYS_SHOWN)
    return await show(
        request,
        "attendant/books.html",
        home="/attendant/",
        here="books",
        person=person,
        is_manager=is_manager(person),
        find=part,
        payments=await books_store.read_payments_made(conn, part, limit=MOST_SHOWN),
        compared=await reconciliation_store.read_reconciliations(conn, since=since),
        invoices=await invoice_store.count_waiting_requests(conn),
        ways=attendant_text.way_words(language),
        kinds=attendant_text.difference_words(language),
        trouble=attendant_text.trouble(trouble, language) if trouble else None,
        done=attendant_text.done(done, language) if done else None,
    )


@pages.post(BOOKS + "/refund")
async def refund(
    request: Request, ctx: Ctx, number: Text, parking_yuan: Text, reason: Text, charging_yuan: Text = "0"
) -> Response:
    """Give money back; where the provider is away it is asked again by itself."""
    person = acting(request)

    async def deed() -> None:
        body = payments_http.RefundBody(
            parking_fen=attendant_text.fen_of(parking_yuan or "0"),
            charging_fen=attendant_text.fen_of(charging_yuan or "0"),
            reason=reason,
        )
        await payments_http.post_refund(number, body, request, ctx, person)

    return await done_or_trouble(BOOKS, deed, done="refund")


@pages.post(BOOKS + "/compare")
async def compare(request: Request, ctx: Ctx, provider: Text, day: Text) -> Response:
    """Compare one day with the provider's statement again."""
    person = managing(request)

    async def deed() -> None:
        await payments_http.post_reconciliation(provider, day_of(day), ctx, person)

    return await done_or_trouble(BOOKS, deed, done="compared")


@pages.post(BOOKS + "/invoices")
async def export(request: Request, ctx: Ctx, conn: Uow) -> Response:
    """The requests not exported yet, as a file for the tax system; each is exported once."""
    made = await payments_http.export_invoices(request, ctx, conn, managing(request))
    name = f"invoices-{local(ctx.clock.now()):%Y%m%d-%H%M}.csv"
    made.headers["content-disposition"] = f'attachment; filename="{name}"'
    return made
