"""Paying for a stay: asked for, told about, taken once, given back.

The provider is never called inside a unit of work. What it tells is applied in one unit of work with
everything that
follows from it: the payment, the charging bills it settles, and the gate of a car that waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from psycopg import AsyncConnection

from charging.bill_store import settle_open_bill
from facility.alarm_store import raise_alarm
from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Conflict, Missing
from facility.fact_store import write_fact
from facility.ids import new_uuid
from facility.units import Fen
from gateway.parking import dues_store, payment_store, refunds, shift_store, store
from gateway.parking.drivers.payment import PaymentProvider, PayOrder, ProviderAway, Trade, TradeState
from gateway.parking.dues_store import Money
from gateway.parking.payment_store import NewPayment, PaymentRow
from gateway.parking.pricing import StayPrice, price_stay
from gateway.parking.rules.tariff_text import line_text

Conn = AsyncConnection[Any]
log = structlog.get_logger(__name__)

PRICE_HOLDS_FOR = timedelta(minutes=5)
SUBJECT = "停车费 Parking"


class ProviderUnknown(Missing):
    """There is no payment provider of this name here."""

    code = "payment.provider_unknown"


class NothingDue(Conflict):
    """The stay owes nothing."""

    code = "payment.nothing_due"


class AmountMoved(Conflict):
    """What the stay owes is no longer the amount that was agreed to."""

    code = "payment.amount_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The ways to pay at this site, and the address at which providers reach it."""

    by_name: Mapping[str, PaymentProvider]
    notify_base: str

    def named(self, name: str) -> PaymentProvider:
        """One provider.

        Raises:
            ProviderUnknown: there is none of this name.
        """
        found = self.by_name.get(name)
        if found is None:
            raise ProviderUnknown(f"no payment provider {name}", known=sorted(self.by_name))
        return found


def fee_lines(price: StayPrice) -> list[dict[str, Any]]:
    """The lines of a bill as they are kept with its payment and printed on its receipt."""
    parking = [
        {
            "kind": line.kind.value,
            "rule": line.rule,
            "start_at": line.start_at.isoformat(),
            "end_at": line.end_at.isoformat(),
            "fen": line.fen,
            "text_zh": line_text(line, "zh"),
            "text_en": line_text(line, "en"),
        }
        for line in price.settled.fee.lines
    ]
    charging = [
        {"kind": "charging", "transaction_id": one.transaction_id, "fen": one.amount_fen}
        for one in price.charging
    ]
    return [*parking, *charging]


async def ask_payment(ctx: Context, providers: Providers, stay_id: UUID, provider_name: str) -> PaymentRow:
    """Ask for what a stay owes now; asking again for the same gives the same payment.

    Raises:
        NothingDue: the stay owes nothing. ProviderAway: the provider gave no usable answer; nothing is left
            waiting.
    """
    provider = providers.named(provider_name)
    async with unit_of_work(ctx.pool) as conn:
        payment, replaced = await _begin_payment(conn, stay_id, provider_name, now=ctx.clock.now())
    if replaced is not None:
        await close_quietly(providers, replaced)
    if payment.state == "pending":
        return payment
    order = PayOrder(
        number=payment.number,
        amount_fen=Fen(payment.amount_fen),
        subject=SUBJECT,
        expires_at=payment.expires_at,
        notify_url=f"{providers.notify_base}/api/v1/payments/notifications/{provider_name}",
    )
    try:
        address = await provider.ask(order)
    except ProviderAway as away:
        async with unit_of_work(ctx.pool) as conn:
            await payment_store.write_payment_ended(
                conn, payment.id, state="refused", reason=away.detail[:200]
            )
        raise
    async with unit_of_work(ctx.pool) as conn:
        await payment_store.write_payment_pending(conn, payment.id, address)
        return await payment_store.read_payment(conn, payment.number)


async def _begin_payment(
    conn: Conn, stay_id: UUID, provider: str, *, now: datetime
) -> tuple[PaymentRow, PaymentRow | None]:
    """The payment to ask for, and the waiting one it takes the place of."""
    stay = await store.lock_stay(conn, stay_id)
    price = await price_stay(conn, stay, now=now)
    if price.due_fen == 0:
        raise NothingDue("this stay owes nothing")
    waiting = await payment_store.find_waiting_payment(conn, stay_id)
    if waiting is not None:
        is_same = waiting.provider == provider and waiting.amount_fen == price.due_fen
        if is_same and waiting.state == "pending" and waiting.expires_at > now:
            return waiting, None
        await payment_store.write_payment_ended(conn, waiting.id, state="closed", reason="asked again")
    number = await _insert(conn, price, provider, now=now, paid_at=None, is_simulated=stay.is_simulated)
    return await payment_store.read_payment(conn, number), waiting


async def _insert(
    conn: Conn,
    price: StayPrice,
    provider: str,
    *,
    now: datetime,
    paid_at: datetime | None,
    is_simulated: bool,
) -> str:
    payment_id = new_uuid()
    new = NewPayment(
        id=payment_id,
        number=payment_id.hex,
        stay_id=price.stay_id,
        provider=provider,
        parking_fen=price.settled.due_fen,
        charging_fen=price.charging_due_fen,
        lines=fee_lines(price),
        asked_at=now,
        expires_at=now + PRICE_HOLDS_FOR,
        is_simulated=is_simulated,
        paid_at=paid_at,
    )
    await payment_store.insert_payment(conn, new)
    await payment_store.insert_payment_charging(
        conn,
        payment_id,
        [one.transaction_id for one in price.charging],
        [one.amount_fen for one in price.charging],
    )
    return new.number


async def close_quietly(providers: Providers, payment: PaymentRow) -> None:
    """Close a payment at its provider; where the provider is away, money that still comes is found to be
    stray."""
    provider = providers.by_name.get(payment.provider)
    if provider is None:
        return
    try:
        await provider.close(payment.number)
    except ProviderAway as away:
        log.warning("payment.not_closed", number=payment.number, why=away.detail)


async def take_notification(
    ctx: Context, provider: PaymentProvider, headers: Mapping[str, str], body: bytes
) -> str:
    """Take what a provider tells, once; a repetition changes nothing.

    Returns:
        What became of it: `paid`, `refused`, `closed`, `waiting`, `repeated`, `stray`, `unknown` or `amount`.

    Raises:
        NotificationForged: the signature does not hold.
    """
    now = ctx.clock.now()
    notification = provider.read_notification(headers, body, now)
    async with unit_of_work(ctx.pool) as conn:
        is_new = await payment_store.insert_notification(
            conn,
            provider=provider.name,
            notification_id=notification.notification_id,
            received_at=now,
            number=notification.trade.number,
        )
        if not is_new:
            return "repeated"
        outcome = await apply_trade(ctx, conn, provider.name, notification.trade)
        await payment_store.write_notification_outcome(
            conn, provider=provider.name, notification_id=notification.notification_id, outcome=outcome
        )
    log.info("payment.told", provider=provider.name, number=notification.trade.number, outcome=outcome)
    return outcome


async def apply_trade(ctx: Context, conn: Conn, provider: str, trade: Trade) -> str:
    """Bring our payment in line with what the provider says; doing it again changes nothing.

    Returns:
        See `take_notification`.
    """
    now = ctx.clock.now()
    payment = await payment_store.find_payment_for_update(conn, provider, trade.number)
    if payment is None:
        await _alarm(conn, "payment.unknown", trade.number, {"provider": provider}, now=now)
        return "unknown"
    if trade.state is TradeState.PAID:
        return await _apply_paid(ctx, conn, payment, trade)
    if trade.state is TradeState.WAITING:
        return "waiting"
    await payment_store.write_payment_ended(
        conn, payment.id, state=trade.state.value, reason="told by provider"
    )
    return trade.state.value


async def _apply_paid(ctx: Context, conn: Conn, payment: PaymentRow, trade: Trade) -> str:
    now = ctx.clock.now()
    if payment.state == "paid":
        return "repeated"
    if trade.amount_fen != payment.amount_fen:
        facts = {"asked_fen": payment.amount_fen, "paid_fen": trade.amount_fen}
        await _alarm(conn, "payment.amount", payment.number, facts, now=now)
        return "amount"
    is_stray = payment.state in ("refused", "closed") and not await _is_still_owed(conn, payment, now=now)
    await payment_store.write_payment_paid(
        conn, payment.id, paid_at=trade.paid_at or now, trade=trade.trade, is_stray=is_stray
    )
    if is_stray:
        await refunds.insert_refund_of_all(
            conn, payment, reason="paid after it was closed", by="system", now=now
        )
        return "stray"
    await _settle(ctx, conn, await payment_store.read_payment(conn, payment.number))
    return "paid"


async def _is_still_owed(conn: Conn, payment: PaymentRow, *, now: datetime) -> bool:
    """Whether money that comes late still finds a stay that owes it."""
    if payment.stay_id is None:
        return False
    stay = await store.lock_stay(conn, payment.stay_id)
    return (await price_stay(conn, stay, now=now)).due_fen >= payment.amount_fen


async def _settle(ctx: Context, conn: Conn, payment: PaymentRow) -> None:
    """What follows from money that came: charging bills, the ledger (which wakes the gate), the live screens."""
    now = ctx.clock.now()
    for transaction_id in await payment_store.read_payment_charging(conn, payment.id):
        if not await settle_open_bill(conn, transaction_id, "settled", payment.provider, payment.number, now):
            await _alarm(
                conn, "payment.charging_twice", payment.number, {"transaction": transaction_id}, now=now
            )
    if payment.stay_id is not None:
        await dues_store.insert_money(conn, money_of(payment, payment.stay_id, at=payment.paid_at or now))
    await write_fact(
        conn,
        "payment.made",
        payment.number,
        {"provider": payment.provider, "fen": payment.amount_fen},
        now=now,
    )


def money_of(payment: PaymentRow, stay_id: UUID, *, at: datetime) -> list[Money]:
    """The ledger's rows of a payment: its parking part, and one for each charging transaction."""
    parts = [("parking", payment.parking_fen, None)] if payment.parking_fen else []
    parts += [
        ("charging", line["fen"], line["transaction_id"])
        for line in payment.lines
        if line["kind"] == "charging"
    ]
    return [
        Money(
            stay_id=stay_id,
            at=at,
            amount_fen=fen,
            part=part,
            how=payment.provider,
            reference=payment.number,
            charging_transaction_id=transaction_id,
            is_simulated=payment.is_simulated,
        )
        for part, fen, transaction_id in parts
    ]


async def take_cash(
    ctx: Context, conn: Conn, stay_id: UUID, *, person_id: UUID, agreed_fen: int
) -> PaymentRow:
    """Take what a stay owes at the booth, in the open shift of the attendant.

    Raises:
        ShiftMissing: the attendant has no open shift. NothingDue: nothing is owed. AmountMoved: it is no
            longer `agreed_fen`.
    """
    now = ctx.clock.now()
    shift = await shift_store.find_open_shift(conn, person_id)
    if shift is None:
        raise shift_store.ShiftMissing("open a shift before taking cash")
    stay = await store.lock_stay(conn, stay_id)
    price = await price_stay(conn, stay, now=now)
    if price.due_fen == 0:
        raise NothingDue("this stay owes nothing")
    if price.due_fen != agreed_fen:
        raise AmountMoved(f"the stay owes {price.due_fen} fen now", due_fen=price.due_fen)
    number = await _insert(conn, price, "cash", now=now, paid_at=now, is_simulated=stay.is_simulated)
    await shift_store.insert_cash(
        conn,
        entry_id=new_uuid(),
        shift_id=shift.id,
        stay_id=stay_id,
        at=now,
        amount_fen=price.due_fen,
        cause="parking",
    )
    payment = await payment_store.read_payment(conn, number)
    await _settle(ctx, conn, payment)
    return payment


async def _alarm(conn: Conn, kind: str, subject: str, facts: dict[str, Any], *, now: datetime) -> None:
    await raise_alarm(conn, kind=kind, subject=subject, severity="warning", detail=facts, now=now)
