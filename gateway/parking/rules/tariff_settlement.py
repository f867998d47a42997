"""What is still owed for a stay once payments were made: exit grace, and what was paid taken off."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from facility.units import Fen
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_fee import parking_fee
from gateway.parking.rules.tariff_stay import Fee, Payment, PricedStay
from gateway.parking.rules.tariff_time import local_seconds, moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a stay stands at a moment.

    `fee` is what the stay costs; `due_fen` what is still owed, `overpaid_fen` what was paid beyond the fee.
    `grace_until_at` is the moment up to which the car may leave without owing more, `None` where no payment
    covers this moment.
    """

    fee: Fee
    paid_fen: Fen
    due_fen: Fen
    overpaid_fen: Fen
    grace_until_at: datetime | None


def settlement(
    stay: PricedStay, now: datetime, tariff: Tariff, payments: tuple[Payment, ...] = ()
) -> Settlement:
    """What a stay costs and owes at `now`.

    After a payment that covered the fee of its moment nothing more is owed until the exit grace has passed;
    the fee then stays that of the payment. Later the stay is priced to `now` and what was paid is taken off.

    Args:
        now: moment of pricing, aware, not before the entry.
        payments: money received, in any order; later ones than `now` are left out.
    """
    made = sorted((one for one in payments if one.paid_at <= now), key=lambda one: one.paid_at)
    paid_fen = Fen(sum(one.amount_fen for one in made))
    covering = _covering_payment(stay, now, tariff, made)
    fee = parking_fee(stay, now if covering is None else covering.covers_at, tariff)
    return Settlement(
        fee=fee,
        paid_fen=paid_fen,
        due_fen=Fen(max(0, fee.total_fen - paid_fen)),
        overpaid_fen=Fen(max(0, paid_fen - fee.total_fen)),
        grace_until_at=None if covering is None else _grace_end(covering.paid_at, tariff),
    )


def _grace_end(paid_at: datetime, tariff: Tariff) -> datetime:
    return moment_of(local_seconds(paid_at)) + timedelta(seconds=tariff.exit_grace_s)


def _covering_payment(stay: PricedStay, now: datetime, tariff: Tariff, made: list[Payment]) -> Payment | None:
    """The latest payment whose grace reaches `now` and up to which everything was paid."""
    second = local_seconds(now)
    paid_fen: int = sum(one.amount_fen for one in made)
    for one in reversed(made):
        if local_seconds(one.paid_at) + tariff.exit_grace_s < second:
            return None
        if one.amount_fen > 0 and paid_fen >= parking_fee(stay, one.covers_at, tariff).total_fen:
            return one
        paid_fen -= one.amount_fen
    return None
