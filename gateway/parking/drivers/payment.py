"""What every payment provider can do for us, in our own words; the adapters beside this translate."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from facility.errors import Refused, Unavailable
from facility.units import Fen


class ProviderAway(Unavailable):
    """The payment provider does not answer, or not in a way that can be understood."""

    code = "payment.provider_away"


class NotificationForged(Refused):
    """A notification does not carry the provider's signature, is too old, or cannot be read."""

    code = "payment.notification_forged"


class TradeState(StrEnum):
    """What a provider says of a payment."""

    WAITING = "waiting"
    PAID = "paid"
    REFUSED = "refused"
    CLOSED = "closed"


class RefundState(StrEnum):
    """What a provider says of a refund."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOrder:
    """A payment to ask for; `number` is ours, `notify_url` where the provider tells how it went."""

    number: str
    amount_fen: Fen
    subject: str
    expires_at: datetime
    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What the provider says of one payment."""

    number: str
    state: TradeState
    trade: str | None
    amount_fen: Fen
    paid_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A provider's notification, its signature checked; `notification_id` is the same each time it is repeated."""

    notification_id: str
    trade: Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Money to give back of a payment; `number` is the refund's own."""

    number: str
    payment_number: str
    amount_fen: Fen
    paid_fen: Fen
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What the provider says of a refund."""

    state: RefundState
    provider_refund: str | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line of a provider's daily statement: a payment (positive) or a refund (negative) by our number."""

    number: str
    amount_fen: Fen
    trade: str


class PaymentProvider(Protocol):
    """One way for a driver to pay without an account here."""

    name: str

    async def ask(self, order: PayOrder) -> str:
        """Ask for a payment; returns the address the driver's phone opens or scans.

        Raises:
            ProviderAway: no usable answer.
        """
        ...

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notification:
        """Read what the provider sent.

        Raises:
            NotificationForged: the signature does not hold.
        """
        ...

    def acknowledge(self) -> tuple[str, bytes]:
        """Media type and body of the answer that stops the provider from repeating a notification."""
        ...

    async def look_up(self, number: str) -> Trade:
        """What the provider knows of a payment.

        Raises:
            ProviderAway: no usable answer.
        """
        ...

    async def close(self, number: str) -> None:
        """Let a payment that was not made be made no more.

        Raises:
            ProviderAway: no usable answer.
        """
        ...

    async def refund(self, order: RefundOrder) -> RefundAnswer:
        """Give money back; asking again with the same number gives nothing twice.

        Raises:
            ProviderAway: no usable answer.
        """
        ...

    async def statement(self, day: date) -> list[StatementLine]:
        """What the provider booked on a local date.

        Raises:
            ProviderAway: no usable answer.
        """
        ...
