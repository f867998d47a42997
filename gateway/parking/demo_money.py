"""What the simulated past was paid: every fee by the price list it was under, booked as simulated money."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from uuid import UUID

from facility.units import local
from gateway.parking.demo_store import HistoricStay
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_fee import parking_fee
from gateway.parking.rules.tariff_stay import PricedStay, Vehicle

MoneyRow = tuple[UUID, datetime, int, str, str, str, bool]


def past_money(stays: Iterable[HistoricStay], tariff: Tariff) -> Iterator[MoneyRow]:
    """One payment at the exit for every past stay that cost something; permits cover theirs."""
    entered_dates: set[tuple[str, date]] = set()
    for stay in sorted(stays, key=lambda one: one.entered_at):
        day = (stay.plate, local(stay.entered_at).date())
        is_first = day not in entered_dates
        entered_dates.add(day)
        if stay.left_at is None or stay.permit_id is not None:
            continue
        priced = PricedStay(
            entered_at=stay.entered_at,
            vehicle=Vehicle(is_nev=stay.plate_kind == "green"),
            is_first_of_date=is_first,
        )
        fen = int(parking_fee(priced, stay.left_at, tariff).total_fen)
        if fen:
            yield stay.id, stay.left_at, fen, "parking", "simulated", f"past-{stay.id.hex}", True
