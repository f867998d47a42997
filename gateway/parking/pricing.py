"""What a stay costs and owes: its price list, permits, coupons, charging and payments read, one rule called."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.errors import Conflict
from facility.units import Fen, local
from gateway.parking import gifts_store, pricing_store
from gateway.parking.pricing_store import PriceList, PriceListMissing
from gateway.parking.rules.permits import Pass, PermitTerm, covered_spans
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_calendar import with_calendar
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_settlement import Settlement, settlement
from gateway.parking.rules.tariff_stay import Charged, Coupon, Payment, PricedStay, Span, Vehicle
from gateway.parking.site_calendar import read_site_calendar_as_of
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]

DEMONSTRATION_LIST: dict[str, Any] = {
    "free_minutes": 30,
    "segments": [
        {"from": "08:00", "to": "20:00", "unit_minutes": 30, "price_per_unit": 1},
        {"from": "20:00", "to": "08:00", "unit_minutes": 60, "price_per_unit": 1, "cap": 5},
    ],
    "cap_24h": 20,
    "nev_first_stay_free_minutes": 60,
    "class_multiplier": {"large": 2},
    "charging_waiver": {"min_kwh": 5, "minutes": 60, "mode": "deduct"},
    "permit_end": {"bill_from": "permit_end", "free_minutes": 30, "window_starts_at": "permit_end"},
    "exit_grace_minutes": 15,
}
"""The shape of the public lots of Nantong and Nanjing (free half hour, day rate, night cap); no garage's own prices."""


class PriceListTaken(Conflict):
    """Another price list begins at the same moment."""

    code = "parking.price_list_taken"


class PriceListBegun(Conflict):
    """A price list that has begun stays: a stay may have been let in under it."""

    code = "parking.price_list_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingDue:
    """An unpaid charging bill of the car that is parked."""

    transaction_id: int
    amount_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class StayPrice:
    """One bill: the parking fee with what of it is owed, and the unpaid charging bills."""

    stay_id: UUID
    price_list_id: int
    priced_at: datetime
    settled: Settlement
    charging: tuple[ChargingDue, ...]

    @property
    def charging_due_fen(self) -> Fen:
        """Unpaid charging bills, in fen."""
        return Fen(sum(one.amount_fen for one in self.charging))

    @property
    def due_fen(self) -> Fen:
        """Everything owed, in fen."""
        return Fen(self.settled.due_fen + self.charging_due_fen)


async def save_price_list(
    conn: Conn, *, name: str, body: dict[str, Any], in_force_from: datetime, by: str, now: datetime
) -> PriceList:
    """Keep a new version of the price list.

    Raises:
        PriceListRefused: it is impossible or contradicts itself; every place is named.
        PriceListBegun: it would begin in the past.
        PriceListTaken: another begins at the same moment.
    """
    read_tariff(body)
    if in_force_from < now - timedelta(minutes=1):
        raise PriceListBegun("a price list cannot begin in the past: stays were let in under another")
    list_id = await pricing_store.insert_price_list(
        conn, name=name, body=body, in_force_from=in_force_from, saved_at=now, saved_by=by
    )
    if list_id is None:
        raise PriceListTaken(f"another price list begins at {in_force_from.isoformat()}")
    return await pricing_store.read_price_list(conn, list_id)


async def withdraw_price_list(conn: Conn, list_id: int, *, by: str, now: datetime) -> None:
    """Take back a version that has not begun.

    Raises:
        PriceListMissing: there is none. PriceListBegun: it has begun or was withdrawn before.
    """
    await pricing_store.read_price_list(conn, list_id)
    if not await pricing_store.withdraw_price_list(conn, list_id, by=by, now=now):
        raise PriceListBegun(f"price list {list_id} has begun or was withdrawn before")


async def ensure_demonstration_list(conn: Conn, *, in_force_from: datetime, now: datetime) -> None:
    """Give the demonstration site a price list where it has none."""
    if await pricing_store.read_price_lists(conn):
        return
    await pricing_store.insert_price_list(
        conn,
        name="demonstration",
        body=DEMONSTRATION_LIST,
        in_force_from=in_force_from,
        saved_at=now,
        saved_by="demonstration",
    )


@lru_cache(maxsize=64)
def tariff_of(body: str) -> Tariff:
    """The price list of a stored document; it was checked when it was saved."""
    return read_tariff(json.loads(body))


async def read_list_of(conn: Conn, stay: Stay) -> PriceList:
    """The price list a stay keeps: the one in force when it entered.

    Raises:
        PriceListMissing: none was in force.
    """
    if stay.tariff_id is not None:
        return await pricing_store.read_price_list(conn, stay.tariff_id)
    found = await pricing_store.find_price_list_in_force(conn, stay.entered_at)
    if found is None:
        raise PriceListMissing(f"no price list was in force at {stay.entered_at.isoformat()}")
    return found


async def price_stay(conn: Conn, stay: Stay, *, now: datetime) -> StayPrice:
    """What a stay costs and owes.

    A stay whose exit gate was opened is priced up to that moment, an open one up to `now`.

    Raises:
        PriceListMissing: no price list was in force when the car entered.
    """
    price_list = await read_list_of(conn, stay)
    until = max(stay.entered_at, stay.leaving_at or stay.left_at or now)
    charging = await pricing_store.read_charging_rows(conn, stay, until=until)
    paid = await pricing_store.read_paid_rows(conn, stay.id)
    priced = PricedStay(
        entered_at=stay.entered_at,
        vehicle=Vehicle(
            vehicle_class="small" if stay.vehicle_class == "emergency" else stay.vehicle_class,
            is_nev=stay.plate_kind == "green",
        ),
        is_first_of_date=await _is_first_of_date(conn, stay),
        permit_spans=await _spans(conn, stay),
        charged=tuple(_charged(row) for row in charging),
        coupons=await _coupons(conn, stay.id),
    )
    return StayPrice(
        stay_id=stay.id,
        price_list_id=price_list.id,
        priced_at=until,
        settled=settlement(priced, until, await _tariff(conn, price_list, stay, until), payments_of(paid)),
        charging=tuple(
            ChargingDue(transaction_id=row.transaction_id, amount_fen=Fen(row.open_fen))
            for row in charging
            if row.open_fen
        ),
    )


async def _tariff(conn: Conn, price_list: PriceList, stay: Stay, until: datetime) -> Tariff:
    """The price list of a stay; one that follows the calendar takes it as it stood when the car came in."""
    tariff = tariff_of(price_list.body)
    if tariff.follows is None:
        return tariff
    calendar = await read_site_calendar_as_of(conn, stay.entered_at)
    return with_calendar(tariff, calendar, local(stay.entered_at).date(), local(until).date())


def payments_of(rows: list[pricing_store.PaidRow]) -> tuple[Payment, ...]:
    """Payments as the rules take them: what was given back is taken off the latest before it."""
    payments: list[Payment] = []
    for row in rows:
        if row.amount_fen > 0:
            payments.append(
                Payment(paid_at=row.paid_at, amount_fen=Fen(row.amount_fen), priced_at=row.priced_at)
            )
            continue
        back_fen = -row.amount_fen
        while back_fen and payments:
            last = payments.pop()
            kept_fen = max(last.amount_fen - back_fen, 0)
            back_fen -= last.amount_fen - kept_fen
            if kept_fen:
                payments.append(replace(last, amount_fen=Fen(kept_fen)))
    return tuple(payments)


async def _is_first_of_date(conn: Conn, stay: Stay) -> bool:
    if stay.plate is None:
        return False
    midnight = local(stay.entered_at).replace(hour=0, minute=0, second=0, microsecond=0)
    return await pricing_store.is_first_of_date(conn, stay, day_begins_at=midnight)


async def _spans(conn: Conn, stay: Stay) -> tuple[Span, ...]:
    permits = tuple(
        PermitTerm(
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            ended_at=row.ended_at,
            max_inside=row.max_inside,
            is_held=row.is_held,
            others_inside=row.others_inside,
        )
        for row in await pricing_store.read_permit_rows(conn, stay)
    )
    passes = tuple(
        Pass(valid_from=row.valid_from, valid_until=row.valid_until, why=row.why)
        for row in await pricing_store.read_pass_rows(conn, stay)
    )
    return covered_spans(
        stay.entered_at, permits=permits, passes=passes, is_emergency=stay.vehicle_class == "emergency"
    )


def _charged(row: pricing_store.ChargingRow) -> Charged:
    return Charged(
        started_at=row.started_at,
        energy_wh=row.energy_wh,
        ended_at=row.ended_at,
        left_bay_at=row.left_bay_at,
    )


async def _coupons(conn: Conn, stay_id: UUID) -> tuple[Coupon, ...]:
    return tuple(
        Coupon(
            coupon_id=row.code,
            off=timedelta(minutes=row.worth_minutes or 0),
            off_fen=Fen(row.worth_fen or 0),
        )
        for row in await gifts_store.read_coupons_of_stay(conn, stay_id)
    )
