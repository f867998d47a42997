"""The payments nobody told the end of, the refunds not done, and every day's books against the provider's statement."""

import asyncio
from dataclasses import asdict
from datetime import date, datetime, time, timedelta

import structlog

from facility.alarm_store import clear_alarm, raise_alarm
from facility.context import Context
from facility.db import unit_of_work
from facility.units import SHANGHAI, local
from gateway.parking import payment_store, reconciliation_store
from gateway.parking.drivers.payment import PaymentProvider, ProviderAway, TradeState
from gateway.parking.payment_providers import open_providers
from gateway.parking.payment_store import PaymentRow
from gateway.parking.payments import Providers, apply_trade, close_quietly
from gateway.parking.reconciliation_store import ReconciliationRow
from gateway.parking.refunds import carry_out
from gateway.parking.rules.reconciliation import compare_books

log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 20.0
_ASK_AFTER = timedelta(seconds=20)
_STATEMENT_HOUR = 11
"""WeChat Pay makes the statement of a day by 10:00 of the next, Alipay by 09:00 (their public documentation)."""
_DAYS_BACK = 3


async def run(ctx: Context) -> None:
    """Sweep on start and on a timer, and compare the books of the last days once their statements are there."""
    while True:
        providers = await open_providers(ctx)
        await sweep_payments(ctx, providers)
        await sweep_refunds(ctx, providers)
        await compare_due_days(ctx, providers)
        await asyncio.sleep(SWEEP_EVERY_S)


async def sweep_payments(ctx: Context, providers: Providers) -> int:
    """Look up every payment whose end nobody told; close those whose price no longer holds.

    Returns:
        How many were looked up.
    """
    async with unit_of_work(ctx.pool) as conn:
        waiting = await payment_store.read_waiting_payments(conn, asked_before=ctx.clock.now() - _ASK_AFTER)
    for payment in waiting:
        provider = providers.by_name.get(payment.provider)
        if provider is not None:
            await _look_after(ctx, providers, provider, payment)
    return len(waiting)


async def _look_after(
    ctx: Context, providers: Providers, provider: PaymentProvider, payment: PaymentRow
) -> None:
    try:
        trade = await provider.look_up(payment.number)
    except ProviderAway as away:
        log.warning("payment.not_looked_up", number=payment.number, why=away.detail)
        return
    if trade.state is not TradeState.WAITING:
        async with unit_of_work(ctx.pool) as conn:
            await apply_trade(ctx, conn, provider.name, trade)
        return
    if ctx.clock.now() > payment.expires_at:
        await close_quietly(providers, payment)
        async with unit_of_work(ctx.pool) as conn:
            await payment_store.write_payment_ended(
                conn, payment.id, state="closed", reason="its price no longer held"
            )


async def sweep_refunds(ctx: Context, providers: Providers) -> int:
    """Ask again for every refund that is not done; returns how many were asked for."""
    async with unit_of_work(ctx.pool) as conn:
        waiting = await payment_store.read_waiting_refunds(conn)
    for refund, payment in waiting:
        provider = providers.by_name.get(payment.provider)
        if provider is not None:
            await carry_out(ctx, provider, refund, payment)
    return len(waiting)


async def compare_due_days(ctx: Context, providers: Providers) -> list[ReconciliationRow]:
    """Compare the last days that were not compared since their statements were made."""
    now = local(ctx.clock.now())
    last = now.date() - timedelta(days=1 if now.hour >= _STATEMENT_HOUR else 2)
    since = last - timedelta(days=_DAYS_BACK - 1)
    async with unit_of_work(ctx.pool) as conn:
        done = {
            (row.provider, row.day)
            for row in await reconciliation_store.read_reconciliations(conn, since=since)
        }
    rows: list[ReconciliationRow] = []
    for provider in providers.by_name.values():
        for back in range(_DAYS_BACK):
            day = last - timedelta(days=back)
            if (provider.name, day) not in done:
                row = await compare_day(ctx, provider, day)
                rows += [row] if row is not None else []
    return rows


async def compare_day(ctx: Context, provider: PaymentProvider, day: date) -> ReconciliationRow | None:
    """Compare one local date with the provider's statement and keep the outcome; a difference raises an alarm.

    Returns:
        What was kept; `None` where the statement cannot be had.
    """
    try:
        lines = await provider.statement(day)
    except ProviderAway as away:
        log.warning("statement.missing", provider=provider.name, day=str(day), why=away.detail)
        return None
    begins_at = datetime.combine(day, time(), SHANGHAI)
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        booked = await reconciliation_store.read_booked(
            conn, provider.name, begins_at, begins_at + timedelta(days=1)
        )
        compared = compare_books(
            {one.number: one.amount_fen for one in booked}, {one.number: int(one.amount_fen) for one in lines}
        )
        row = ReconciliationRow(
            provider=provider.name,
            day=day,
            run_at=now,
            ours_fen=compared.ours_fen,
            theirs_fen=compared.theirs_fen,
            matched=compared.matched,
            differences=[asdict(one) for one in compared.differences],
        )
        await reconciliation_store.write_reconciliation(conn, row)
        subject = f"{provider.name} {day.isoformat()}"
        if compared.differences:
            facts = {"differences": len(compared.differences)}
            await raise_alarm(conn, "payment.books_differ", subject, "warning", facts, now=now)
        else:
            await clear_alarm(conn, "payment.books_differ", subject, now=now)
    return row
