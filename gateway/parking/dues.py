"""What a stay still owes: the price list it began under, its permits, coupons and charges, less what was paid."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from psycopg import AsyncConnection

from facility.units import SHANGHAI, Fen, local
from gateway.parking import dues_store, gifts_store
from gateway.parking.dues_store import Money
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_settlement import Settlement, settlement
from gateway.parking.rules.tariff_stay import Coupon, Payment, PricedStay, Span, Vehicle
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a stay costs, what was paid and what is owed.

    `settlement` is the parking part with its lines, and `due_fen` the whole that is owed; both `None` where no
    price list was in force when the stay began, and then a person decides.
    """

    settlement: Settlement | None
    paid_fen: int
    due_fen: int | None


async def read_due(conn: Conn, stay: Stay, *, now: datetime) -> Due:
    """What a stay owes at `now` (at its exit where the car has left)."""
    at = max(stay.left_at or now, stay.entered_at)
    money = await dues_store.read_money(conn, stay.id)
    paid_fen = sum(row.amount_fen for row in money)
    tariff = await _tariff_of(conn, stay)
    if tariff is None:
        return Due(settlement=None, paid_fen=paid_fen, due_fen=None)
    priced = await priced_stay(conn, stay, until=at)
    settled = settlement(priced, at, tariff, payments_of(money))
    return Due(settlement=settled, paid_fen=paid_fen, due_fen=int(settled.due_fen))


async def _tariff_of(conn: Conn, stay: Stay) -> Tariff | None:
    version = None if stay.tariff_id is None else await dues_store.read_tariff_version(conn, stay.tariff_id)
    return None if version is None else read_tariff(version.body)


async def priced_stay(conn: Conn, stay: Stay, *, until: datetime) -> PricedStay:
    """The facts of a stay that its fee depends on."""
    midnight = local(stay.entered_at).replace(hour=0, minute=0, second=0, microsecond=0)
    is_first = stay.plate is None or not await dues_store.has_earlier_stay(
        conn, stay.plate, since=midnight, before=stay.entered_at
    )
    coupons = await gifts_store.read_coupons_of_stay(conn, stay.id)
    return PricedStay(
        entered_at=stay.entered_at,
        vehicle=Vehicle(
            vehicle_class="small" if stay.vehicle_class == "emergency" else stay.vehicle_class,
            is_nev=stay.plate_kind == "green",
        ),
        is_first_of_date=is_first,
        permit_spans=await free_spans(conn, stay, until=until),
        coupons=tuple(
            Coupon(
                coupon_id=coupon.code,
                off=timedelta(minutes=coupon.worth_minutes or 0),
                off_fen=Fen(coupon.worth_fen or 0),
            )
            for coupon in coupons
        ),
    )


async def free_spans(conn: Conn, stay: Stay, *, until: datetime) -> tuple[Span, ...]:
    """The stretches of a stay that a permit or a free pass covers; an emergency vehicle's whole stay is free."""
    if stay.vehicle_class == "emergency":
        return (Span(start_at=stay.entered_at, end_at=until + timedelta(days=1)),)
    spans: list[Span] = []
    if stay.permit_id is not None:
        dates = await dues_store.read_permit_dates(conn, stay.permit_id)
        if dates is not None:
            start_at = datetime.combine(dates.valid_from, time(), SHANGHAI)
            end_at = datetime.combine(dates.valid_to + timedelta(days=1), time(), SHANGHAI)
            spans.append(Span(start_at=start_at, end_at=min(end_at, dates.ended_at or end_at)))
    if stay.plate is not None:
        passes = await dues_store.read_free_passes(conn, stay.plate, since=stay.entered_at, until=until)
        spans += [Span(start_at=one.since, end_at=one.until) for one in passes]
    return tuple(span for span in spans if span.end_at > max(span.start_at, stay.entered_at))


def payments_of(money: list[Money]) -> tuple[Payment, ...]:
    """Payments of the parking part as the rules take them: what was given back is taken off the latest ones."""
    payments: list[Payment] = []
    for row in money:
        if row.part != "parking":
            continue
        if row.amount_fen > 0:
            payments.append(Payment(paid_at=row.at, amount_fen=Fen(row.amount_fen)))
            continue
        back_fen = -row.amount_fen
        while back_fen and payments:
            last = payments.pop()
            kept_fen = max(last.amount_fen - back_fen, 0)
            back_fen -= last.amount_fen - kept_fen
            if kept_fen:
                payments.append(replace(last, amount_fen=Fen(kept_fen)))
    return tuple(payments)
