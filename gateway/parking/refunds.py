"""Money given back: kept first, then asked of the provider by a number that gives nothing twice."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg import AsyncConnection

from facility.alarm_store import raise_alarm
from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Conflict
from facility.ids import new_uuid
from facility.units import Fen
from gateway.parking import dues_store, payment_store, shift_store
from gateway.parking.drivers.payment import PaymentProvider, ProviderAway, RefundOrder, RefundState
from gateway.parking.dues_store import Money
from gateway.parking.payment_store import PaymentRow, RefundRow

Conn = AsyncConnection[Any]
log = structlog.get_logger(__name__)


class MoreThanPaid(Conflict):
    """More is to be given back than was paid and not yet given back."""

    code = "payment.more_than_paid"


class NotPaid(Conflict):
    """The payment was not made."""

    code = "payment.not_paid"


def _refund(
    payment: PaymentRow, *, parking_fen: int, charging_fen: int, reason: str, by: str, now: datetime
) -> RefundRow:
    refund_id = new_uuid()
    return RefundRow(
        id=refund_id,
        number=refund_id.hex,
        payment_id=payment.id,
        parking_fen=parking_fen,
        charging_fen=charging_fen,
        reason=reason,
        asked_at=now,
        asked_by=by,
        state="asked",
        done_at=None,
        provider_refund=None,
        detail="",
    )


async def insert_refund_of_all(
    conn: Conn, payment: PaymentRow, *, reason: str, by: str, now: datetime
) -> RefundRow:
    """Give a whole payment back; the sweep asks the provider."""
    refund = _refund(
        payment,
        parking_fen=payment.parking_fen,
        charging_fen=payment.charging_fen,
        reason=reason,
        by=by,
        now=now,
    )
    await payment_store.insert_refund(conn, refund)
    return refund


async def ask_refund(
    conn: Conn,
    number: str,
    *,
    parking_fen: int,
    charging_fen: int,
    reason: str,
    by: str,
    person_id: UUID,
    now: datetime,
) -> RefundRow:
    """Keep a refund a person asks for; cash is given back at once, in the open shift of the person.

    Raises:
        PaymentMissing: there is no such payment. NotPaid: it was not made. MoreThanPaid: too much.
        ShiftMissing: cash, and the person has no open shift.
    """
    payment = await payment_store.read_payment(conn, number)
    held = await payment_store.find_payment_for_update(conn, payment.provider, number)
    if held is None or held.state != "paid":
        raise NotPaid("a payment that was not made cannot be given back")
    before = [one for one in await payment_store.read_refunds(conn, held.id) if one.state != "failed"]
    parking_left = held.parking_fen - sum(one.parking_fen for one in before)
    charging_left = held.charging_fen - sum(one.charging_fen for one in before)
    if parking_fen > parking_left or charging_fen > charging_left or parking_fen + charging_fen <= 0:
        raise MoreThanPaid(
            f"at most {parking_left} fen of parking and {charging_left} fen of charging can be given back",
            parking_fen=parking_left,
            charging_fen=charging_left,
        )
    refund = _refund(held, parking_fen=parking_fen, charging_fen=charging_fen, reason=reason, by=by, now=now)
    if held.provider == "cash":
        refund = replace(refund, state="done", done_at=now)
        await _give_cash(conn, held, refund, person_id=person_id, now=now)
    await payment_store.insert_refund(conn, refund)
    if refund.state == "done":
        await _book(conn, held, refund, now=now)
    return refund


async def _book(conn: Conn, payment: PaymentRow, refund: RefundRow, *, now: datetime) -> None:
    """The ledger's rows of money given back; stray money never was in the ledger."""
    if payment.stay_id is None or payment.is_stray:
        return
    parts = (("parking", refund.parking_fen), ("charging", refund.charging_fen))
    await dues_store.insert_money(
        conn,
        [
            Money(
                stay_id=payment.stay_id,
                at=now,
                amount_fen=-fen,
                part=part,
                how=payment.provider,
                reference=refund.number,
                charging_transaction_id=None,
                is_simulated=payment.is_simulated,
            )
            for part, fen in parts
            if fen
        ],
    )


async def _give_cash(
    conn: Conn, payment: PaymentRow, refund: RefundRow, *, person_id: UUID, now: datetime
) -> None:
    shift = await shift_store.find_open_shift(conn, person_id)
    if shift is None:
        raise shift_store.ShiftMissing("open a shift before giving cash back")
    await shift_store.insert_cash(
        conn,
        entry_id=new_uuid(),
        shift_id=shift.id,
        stay_id=payment.stay_id,
        at=now,
        amount_fen=-refund.amount_fen,
        cause="refund",
    )


async def carry_out(ctx: Context, provider: PaymentProvider, refund: RefundRow, payment: PaymentRow) -> str:
    """Ask the provider to do a refund; asked again it gives nothing twice.

    Returns:
        The refund's state: `asked` where the provider is away and the sweep will ask again.
    """
    order = RefundOrder(
        number=refund.number,
        payment_number=payment.number,
        amount_fen=Fen(refund.amount_fen),
        paid_fen=Fen(payment.amount_fen),
        reason=refund.reason,
    )
    try:
        answer = await provider.refund(order)
    except ProviderAway as away:
        log.warning("refund.put_off", number=refund.number, why=away.detail)
        return refund.state
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        await payment_store.write_refund(
            conn,
            refund.id,
            state=answer.state.value,
            done_at=now if answer.state is RefundState.DONE else None,
            provider_refund=answer.provider_refund,
            detail=answer.detail,
        )
        if answer.state is RefundState.DONE:
            await _book(conn, payment, refund, now=now)
        if answer.state is RefundState.FAILED:
            facts = {"payment": payment.number, "why": answer.detail}
            await raise_alarm(conn, "refund.failed", refund.number, "warning", facts, now=now)
    return answer.state.value
