"""Routes of paying: ask, see, be told by providers, cash, give back, compare, invoices; and the simulated
bank's page."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from facility.context import Context
from facility.db import unit_of_work
from facility.edge import Ctx, Uow, audit, require
from facility.errors import Missing
from facility.identity import Person, Role
from facility.units import local
from gateway.parking import invoices, payment_store, reconciliation_store
from gateway.parking.drivers import payment_simulated_store as simulated_books
from gateway.parking.payment_providers import open_providers
from gateway.parking.payment_store import PaymentRow, RefundRow
from gateway.parking.payments import ask_payment, take_cash, take_notification
from gateway.parking.reconcile_payments import compare_day
from gateway.parking.reconciliation_store import ReconciliationRow
from gateway.parking.refunds import ask_refund, carry_out
from gateway.web.show import show

router = APIRouter(prefix="/api/v1", tags=["payments"])
pages = APIRouter(include_in_schema=False)
Manager = Annotated[Person, Depends(require(Role.MANAGER))]
Attendant = Annotated[Person, Depends(require(Role.ATTENDANT, Role.MANAGER))]


class PaymentOut(BaseModel):
    """A payment as the payer may see it: nothing of the car or where it is."""

    number: str
    provider: str
    state: str
    parking_fen: int
    charging_fen: int
    amount_fen: int
    asked_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    pay_address: str | None


class AskBody(BaseModel):
    """Which provider to pay with."""

    model_config = ConfigDict(extra="forbid")
    provider: str = Field(max_length=20)


class CashBody(BaseModel):
    """The amount the attendant and the driver agreed to."""

    model_config = ConfigDict(extra="forbid")
    agreed_fen: int = Field(gt=0)


class RefundBody(BaseModel):
    """What to give back, and why."""

    model_config = ConfigDict(extra="forbid")
    parking_fen: int = Field(ge=0)
    charging_fen: int = Field(default=0, ge=0)
    reason: str = Field(min_length=2, max_length=200)


class RefundOut(BaseModel):
    """Money given back."""

    number: str
    parking_fen: int
    charging_fen: int
    reason: str
    state: str
    asked_at: datetime
    asked_by: str
    done_at: datetime | None
    detail: str


class ReconciliationOut(BaseModel):
    """One provider's day compared."""

    provider: str
    day: date
    run_at: datetime
    ours_fen: int
    theirs_fen: int
    matched: int
    differences: list[dict[str, str | int | None]]


class InvoiceBody(BaseModel):
    """Whom an e-invoice is for; `deliver_to` is kept only until it is exported."""

    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=2, max_length=100)
    tax_number: str = Field(default="", pattern=r"^([0-9A-Z]{15,20})?$")
    deliver_to: str = Field(default="", max_length=100)


def payment_out(row: PaymentRow) -> PaymentOut:
    """A payment as the routes show it."""
    return PaymentOut(
        number=row.number,
        provider=row.provider,
        state=row.state,
        parking_fen=row.parking_fen,
        charging_fen=row.charging_fen,
        amount_fen=row.amount_fen,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        paid_at=row.paid_at,
        pay_address=row.pay_address,
    )


def _refund_out(row: RefundRow) -> RefundOut:
    return RefundOut(
        number=row.number,
        parking_fen=row.parking_fen,
        charging_fen=row.charging_fen,
        reason=row.reason,
        state=row.state,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        done_at=row.done_at,
        detail=row.detail,
    )


def _reconciliation_out(row: ReconciliationRow) -> ReconciliationOut:
    return ReconciliationOut(
        provider=row.provider,
        day=row.day,
        run_at=row.run_at,
        ours_fen=row.ours_fen,
        theirs_fen=row.theirs_fen,
        matched=row.matched,
        differences=row.differences,
    )


@router.get("/payments/providers")
async def list_providers(ctx: Ctx) -> list[str]:
    """The ways to pay at this site, cash aside."""
    return sorted((await open_providers(ctx)).by_name)


@router.post("/stays/{stay_id}/payments", status_code=201)
async def post_payment(stay_id: UUID, body: AskBody, ctx: Ctx, _person: Attendant) -> PaymentOut:
    """Ask for what a stay owes; its address is shown to the driver as a code."""
    return payment_out(await ask_payment(ctx, await open_providers(ctx), stay_id, body.provider))


@router.get("/stays/{stay_id}/payments")
async def list_payments(stay_id: UUID, conn: Uow, _person: Attendant) -> list[PaymentOut]:
    """Every payment of a stay, the newest first."""
    return [payment_out(row) for row in await payment_store.read_payments_of_stay(conn, stay_id)]


@router.post("/stays/{stay_id}/cash", status_code=201)
async def post_cash(
    stay_id: UUID, body: CashBody, request: Request, ctx: Ctx, conn: Uow, person: Attendant
) -> PaymentOut:
    """Take cash in the attendant's open shift."""
    payment = await take_cash(ctx, conn, stay_id, person_id=person.id, agreed_fen=body.agreed_fen)
    await audit(request, conn, person, "payment.cash", payment.number, fen=payment.amount_fen)
    return payment_out(payment)


@router.get("/payments/{number}")
async def read_payment(number: str, conn: Uow) -> PaymentOut:
    """How a payment stands; its number is known only to who asked for it."""
    return payment_out(await payment_store.read_payment(conn, number))


@router.post("/payments/notifications/{provider}")
async def post_notification(provider: str, request: Request, ctx: Ctx) -> Response:
    """What a provider tells; the answer stops it from telling again."""
    found = (await open_providers(ctx)).named(provider)
    await take_notification(ctx, found, request.headers, await request.body())
    media_type, body = found.acknowledge()
    return Response(body, media_type=media_type)


@router.post("/payments/{number}/refunds", status_code=201)
async def post_refund(
    number: str, body: RefundBody, request: Request, ctx: Ctx, person: Attendant
) -> RefundOut:
    """Give money back; where the provider is away it is asked again until it answers."""
    async with unit_of_work(ctx.pool) as conn:
        refund = await ask_refund(
            conn,
            number,
            parking_fen=body.parking_fen,
            charging_fen=body.charging_fen,
            reason=body.reason,
            by=person.name,
            person_id=person.id,
            now=ctx.clock.now(),
        )
        await audit(
            request, conn, person, "payment.refunded", number, fen=refund.amount_fen, reason=body.reason
        )
        payment = await payment_store.read_payment(conn, number)
    provider = (await open_providers(ctx)).by_name.get(payment.provider)
    if provider is not None and refund.state != "done":
        await carry_out(ctx, provider, refund, payment)
    return await _read_refund(ctx, payment, refund.number)


async def _read_refund(ctx: Context, payment: PaymentRow, number: str) -> RefundOut:
    async with unit_of_work(ctx.pool) as conn:
        refunds = await payment_store.read_refunds(conn, payment.id)
    return _refund_out(next(one for one in refunds if one.number == number))


@router.get("/payments/{number}/refunds")
async def list_refunds(number: str, conn: Uow, _person: Attendant) -> list[RefundOut]:
    """What was given back of a payment."""
    payment = await payment_store.read_payment(conn, number)
    return [_refund_out(row) for row in await payment_store.read_refunds(conn, payment.id)]


@router.post("/payments/{number}/invoice", status_code=201)
async def post_invoice(number: str, body: InvoiceBody, ctx: Ctx, conn: Uow) -> Response:
    """Ask for an e-invoice of a payment that was made, once; who knows its number may ask."""
    await invoices.ask_invoice(
        conn,
        number,
        title=body.title,
        tax_number=body.tax_number,
        deliver_to=body.deliver_to,
        now=ctx.clock.now(),
    )
    return Response(status_code=201)


@router.post("/invoices/export")
async def export_invoices(request: Request, ctx: Ctx, conn: Uow, person: Manager) -> Response:
    """The requests not exported yet, as CSV for the tax system; each is exported once."""
    count, text = await invoices.export_invoices(conn, by=person.name, now=ctx.clock.now())
    await audit(request, conn, person, "invoices.exported", str(count))
    return Response(text, media_type="text/csv; charset=utf-8")


@router.get("/reconciliations")
async def list_reconciliations(
    ctx: Ctx, conn: Uow, _person: Manager, days: int = 31
) -> list[ReconciliationOut]:
    """How the books of the last days compare with the providers' statements."""
    since = local(ctx.clock.now()).date() - timedelta(days=min(days, 366))
    return [
        _reconciliation_out(row) for row in await reconciliation_store.read_reconciliations(conn, since=since)
    ]


@router.post("/reconciliations/{provider}/{day}")
async def post_reconciliation(provider: str, day: date, ctx: Ctx, _person: Manager) -> ReconciliationOut:
    """Compare one day again."""
    row = await compare_day(ctx, (await open_providers(ctx)).named(provider), day)
    if row is None:
        raise Missing(f"{provider} has no statement of {day}")
    return _reconciliation_out(row)


def _safe_back(back: str) -> str:
    """A page of our own to return to, else nothing."""
    return back if back.startswith("/s/") and "//" not in back and "\\" not in back else ""


@pages.get("/pay/simulated/{number}")
async def simulated_page(request: Request, number: str, conn: Uow, back: str = "") -> Response:
    """The simulated bank's page: a person plays the driver's bank."""
    trade = await simulated_books.find_trade(conn, number)
    if trade is None:
        raise Missing("the simulated bank knows no such payment")
    return await show(
        request,
        "drivers/simulated_bank.html",
        amount_fen=trade.amount_fen,
        state=str(trade.state),
        back=_safe_back(back),
    )


@pages.post("/pay/simulated/{number}")
async def simulated_act(
    number: str,
    act: Annotated[Literal["pays", "refuses"], Form()],
    ctx: Ctx,
    conn: Uow,
    back: Annotated[str, Form(max_length=200)] = "",
) -> RedirectResponse:
    """Pay or refuse; the bank tells the garage twice, as real ones do when in doubt."""
    now = ctx.clock.now()
    await simulated_books.plan_act(conn, number, acts=act, acts_at=now, notify_after_s=0.5, notify_times=2)
    await simulated_books.act_due(conn, now=now)
    return RedirectResponse(_safe_back(back) or f"/pay/simulated/{number}", status_code=303)
