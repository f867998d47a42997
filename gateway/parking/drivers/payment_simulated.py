"""A payment provider that behaves like the real ones: it takes its time, repeats itself, refuses, and signs
what it says.

It keeps its own books in its own tables, so that reconciliation has something to compare. Its notifications
travel over HTTP like everybody's and are signed: HMAC-SHA256 over the time, a nonce and the body.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import httpx

from facility.clock import Clock
from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.ids import new_secret, new_uuid
from facility.units import SHANGHAI, Fen
from gateway.parking.drivers import payment_simulated_store as books
from gateway.parking.drivers.payment import (
    Notification,
    NotificationForged,
    PayOrder,
    ProviderAway,
    RefundAnswer,
    RefundOrder,
    RefundState,
    StatementLine,
    Trade,
    TradeState,
)

NOTIFICATION_PATH = "/api/v1/payments/notifications/simulated"
PAY_PAGE = "/pay/simulated/"
_FRESH_FOR = timedelta(minutes=5)
_LOOK_EVERY_S = 0.5
_TELL_AGAIN_AFTER = timedelta(seconds=15)
_REPEAT_AFTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A signed notification, ready to be sent."""

    headers: dict[str, str]
    body: bytes


class SimulatedProvider:
    """The simulated provider on one database; `open_simulated` makes it."""

    name = "simulated"

    def __init__(self, pool: Pool, clock: Clock, secret: str) -> None:
        self._pool = pool
        self._clock = clock
        self._secret = secret.encode()

    async def ask(self, order: PayOrder) -> str:
        """See `PaymentProvider`; the address is a page on which a person plays the driver's bank."""
        async with unit_of_work(self._pool) as conn:
            await books.insert_trade(
                conn,
                number=order.number,
                trade=f"S{new_uuid().hex}",
                amount_fen=order.amount_fen,
                asked_at=self._clock.now(),
            )
        return PAY_PAGE + order.number

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notification:
        """See `PaymentProvider`."""
        lowered = {key.lower(): value for key, value in headers.items()}
        try:
            sent_at, nonce = lowered["simulated-timestamp"], lowered["simulated-nonce"]
            signature = lowered["simulated-signature"]
        except KeyError as missing:
            raise NotificationForged(f"a simulated notification lacks the header {missing}") from missing
        if not hmac.compare_digest(self._sign(sent_at, nonce, body), signature):
            raise NotificationForged("a simulated notification does not carry its signature")
        if abs(now.timestamp() - int(sent_at)) > _FRESH_FOR.total_seconds():
            raise NotificationForged("a simulated notification is too old to be one")
        told = json.loads(body)
        paid_at = told["paid_at"]
        return Notification(
            notification_id=told["id"],
            trade=Trade(
                number=told["number"],
                state=TradeState(told["state"]),
                trade=told["trade"],
                amount_fen=Fen(told["amount_fen"]),
                paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
            ),
        )

    def acknowledge(self) -> tuple[str, bytes]:
        """See `PaymentProvider`."""
        return "text/plain", b"success"

    async def look_up(self, number: str) -> Trade:
        """See `PaymentProvider`."""
        async with unit_of_work(self._pool) as conn:
            row = await books.find_trade(conn, number)
        if row is None:
            raise ProviderAway("the simulated provider knows no such trade")
        return _trade(row)

    async def close(self, number: str) -> None:
        """See `PaymentProvider`."""
        async with unit_of_work(self._pool) as conn:
            await books.close_trade(conn, number)

    async def refund(self, order: RefundOrder) -> RefundAnswer:
        """See `PaymentProvider`; more than was paid is refused."""
        async with unit_of_work(self._pool) as conn:
            row = await books.find_trade(conn, order.payment_number)
            if row is None or row.state != "paid":
                return RefundAnswer(state=RefundState.FAILED, provider_refund=None, detail="not paid")
            returned_fen = await books.sum_refunds(conn, order.payment_number, but_not=order.number)
            if returned_fen + order.amount_fen > row.amount_fen:
                return RefundAnswer(
                    state=RefundState.FAILED, provider_refund=None, detail="more than was paid"
                )
            await books.insert_refund(
                conn,
                number=order.number,
                payment_number=order.payment_number,
                amount_fen=order.amount_fen,
                refunded_at=self._clock.now(),
            )
        return RefundAnswer(state=RefundState.DONE, provider_refund=f"R{order.number}")

    async def statement(self, day: date) -> list[StatementLine]:
        """See `PaymentProvider`."""
        begins_at = datetime.combine(day, time(), SHANGHAI)
        async with unit_of_work(self._pool) as conn:
            rows = await books.read_statement(conn, begins_at, begins_at + timedelta(days=1))
        return [
            StatementLine(number=row.number, amount_fen=Fen(row.amount_fen), trade=row.trade) for row in rows
        ]

    def letter(self, row: books.TradeRow) -> Letter:
        """The notification of a trade, signed now; its id is that of the trade and its state."""
        body = json.dumps(
            {
                "id": f"{row.trade}-{row.state}",
                "number": row.number,
                "state": row.state,
                "trade": row.trade,
                "amount_fen": row.amount_fen,
                "paid_at": row.paid_at.isoformat() if row.paid_at else None,
            }
        ).encode()
        sent_at, nonce = str(int(self._clock.now().timestamp())), new_secret(12)
        return Letter(
            headers={
                "content-type": "application/json",
                "simulated-timestamp": sent_at,
                "simulated-nonce": nonce,
                "simulated-signature": self._sign(sent_at, nonce, body),
            },
            body=body,
        )

    def _sign(self, sent_at: str, nonce: str, body: bytes) -> str:
        message = f"{sent_at}\n{nonce}\n".encode() + body
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()


def _trade(row: books.TradeRow) -> Trade:
    return Trade(
        number=row.number,
        state=TradeState(row.state),
        trade=row.trade,
        amount_fen=Fen(row.amount_fen),
        paid_at=row.paid_at,
    )


async def run(ctx: Context) -> None:
    """Play the bank: do what was planned, tell the garage over HTTP, and tell it again where it does not answer."""
    if not ctx.settings.demo:
        return
    provider = await open_simulated(ctx.pool, ctx.clock)
    address = ctx.settings.http_url + NOTIFICATION_PATH
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        while True:
            async with unit_of_work(ctx.pool) as conn:
                await books.act_due(conn, now=ctx.clock.now())
            await tell_due(ctx, provider, client, address)
            await asyncio.sleep(_LOOK_EVERY_S)


async def tell_due(ctx: Context, provider: SimulatedProvider, client: httpx.AsyncClient, address: str) -> int:
    """Send the notifications that are due; one that is not taken is sent again later.

    Returns:
        How many were taken.
    """
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        rows = await books.take_to_notify(conn, now=now, again_at=now + _TELL_AGAIN_AFTER)
    taken = 0
    for row in rows:
        letter = provider.letter(row)
        try:
            answer = await client.post(address, content=letter.body, headers=letter.headers)
        except httpx.HTTPError:
            continue
        if answer.status_code == 200:
            taken += 1
            async with unit_of_work(ctx.pool) as conn:
                await books.write_notified(conn, row.number, next_at=now + _REPEAT_AFTER)
    return taken


async def open_simulated(pool: Pool, clock: Clock) -> SimulatedProvider:
    """The simulated provider with the key it made when it was first used."""
    async with unit_of_work(pool) as conn:
        secret = await books.read_or_make_key(conn, new_secret(32))
    return SimulatedProvider(pool, clock, secret)
