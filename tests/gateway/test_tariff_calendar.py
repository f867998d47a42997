"""Price lists that follow the site's calendar: holidays, worked weekends, and what a later change does not touch."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facility.context import Context
from facility.db import unit_of_work
from facility.ids import new_uuid
from facility.units import SHANGHAI
from gateway.parking import calendar_store, pricing, store
from gateway.parking.calendar_store import CalendarDay
from gateway.parking.rules.forecast_calendar import SiteCalendar
from gateway.parking.rules.stay import StayState
from gateway.parking.rules.tariff_calendar import with_calendar
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_document import PriceListRefused
from gateway.parking.rules.tariff_settlement import settlement
from gateway.parking.rules.tariff_stay import PricedStay, Vehicle
from gateway.parking.site_calendar import watch_years
from tests.fakes import FakeClock


def a_list(**keys: Any) -> dict[str, Any]:
    """One yuan an hour, three on holidays."""
    day = {"from": "00:00", "to": "24:00", "price_per_unit": 1, "price_per_unit_holiday": 3}
    return {"unit_minutes": 60, "segments": [day], **keys}


CALENDAR = SiteCalendar(
    timezone=SHANGHAI,
    holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}),
    workdays=frozenset({date(2026, 10, 10)}),
)


def price_of_noon(day: date, document: dict[str, Any]) -> int:
    """The fen of one hour from noon on a date."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
    tariff = with_calendar(read_tariff(document), CALENDAR, day, day)
    stay = PricedStay(entered_at=noon, vehicle=Vehicle(vehicle_class="small", is_nev=False))
    return settlement(stay, noon + timedelta(hours=1), tariff).fee.total_fen


@pytest.mark.parametrize(
    ("day", "holidays", "days_off"),
    [
        (date(2026, 10, 1), 300, 300),  # Thursday, a holiday
        (date(2026, 9, 30), 100, 100),  # Wednesday
        (date(2026, 10, 10), 100, 100),  # Saturday that is worked
        (date(2026, 10, 11), 100, 300),  # Sunday
    ],
)
def test_a_date_costs_what_the_calendar_says_it_is(day: date, holidays: int, days_off: int) -> None:
    assert price_of_noon(day, a_list(holiday_calendar="holidays")) == holidays
    assert price_of_noon(day, a_list(holiday_calendar="days_off")) == days_off


def test_the_lists_own_dates_stand_beside_the_calendar() -> None:
    document = a_list(holiday_calendar="holidays", holidays=[date(2026, 9, 30)])
    assert price_of_noon(date(2026, 9, 30), document) == 300
    assert price_of_noon(date(2026, 10, 1), document) == 300


def test_a_list_that_follows_a_calendar_is_not_priced_without_one() -> None:
    noon = datetime(2026, 10, 1, 4, tzinfo=UTC)
    stay = PricedStay(entered_at=noon, vehicle=Vehicle(vehicle_class="small", is_nev=False))
    with pytest.raises(ValueError, match="follows the calendar"):
        settlement(stay, noon + timedelta(hours=1), read_tariff(a_list(holiday_calendar="holidays")))


def test_a_calendar_that_no_price_depends_on_and_an_unknown_one_are_refused() -> None:
    with pytest.raises(PriceListRefused, match="holiday_calendar: no part of the day"):
        read_tariff({"unit_minutes": 60, "price_per_unit": 1, "holiday_calendar": "holidays"})
    with pytest.raises(PriceListRefused, match="holiday_calendar"):
        read_tariff(a_list(holiday_calendar="moon"))
    with pytest.raises(PriceListRefused, match="no date in holidays, and no holiday_calendar"):
        read_tariff(a_list())


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 40))
def test_days_off_hold_every_holiday_and_nothing_outside_the_stay(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    only, off = (
        with_calendar(read_tariff(a_list(holiday_calendar=kind)), CALENDAR, first, last).holidays
        for kind in ("holidays", "days_off")
    )
    assert only <= off and all(first <= day <= last for day in off)
    assert not off & CALENDAR.workdays


async def begin(context: Context) -> store.Stay:
    stay_id = new_uuid()
    async with unit_of_work(context.pool) as conn:
        await store.insert_stay(
            conn,
            store.NewStay(
                id=stay_id,
                plate="苏F12345",
                plate_kind="blue",
                vehicle_class="small",
                ticket=None,
                state=StayState.ENTERING,
                entry_lane="A-IN",
                entry_read=None,
                entry_how="attendant",
                entered_at=context.clock.now(),
                permit_id=None,
                is_simulated=False,
            ),
        )
        return await store.read_stay(conn, stay_id)


async def fee_of(context: Context, stay: store.Stay, hours: int) -> int:
    async with unit_of_work(context.pool) as conn:
        price = await pricing.price_stay(conn, stay, now=stay.entered_at + timedelta(hours=hours))
    return price.settled.fee.total_fen


async def test_a_stay_keeps_the_calendar_that_stood_when_it_began(
    client: httpx.AsyncClient, context: Context, clock: FakeClock
) -> None:
    await client.post("/api/v1/session", json={"login": "li", "password": "long enough"})
    saved = await client.post(
        "/api/v1/price-lists",
        json={
            "name": "calendar",
            "document": a_list(holiday_calendar="holidays"),
            "in_force_from": clock.now().isoformat(),
        },
    )
    assert saved.status_code == 201, saved.text
    before = await begin(context)  # 2026-03-02 09:00, an ordinary Monday
    clock.advance(timedelta(minutes=1))
    put = await client.put("/api/v1/calendar/2026-03-02", json={"kind": "holiday", "name": "停电"})
    assert put.status_code == 204, put.text
    async with unit_of_work(context.pool) as conn:
        await conn.execute("update parking.stay set plate = '苏F54321' where id = %s", (before.id,))
    clock.advance(timedelta(minutes=1))
    during = await begin(context)
    assert await fee_of(context, before, 2) == 200
    assert await fee_of(context, during, 2) == 600
    clock.advance(timedelta(minutes=1))
    assert (await client.delete("/api/v1/calendar/2026-03-02")).status_code == 204
    assert await fee_of(context, during, 2) == 600
    quoted = await client.post(
        "/api/v1/price-lists/quote",
        json={
            "document": a_list(holiday_calendar="holidays"),
            "entered_at": "2026-05-01T04:00:00Z",
            "left_at": "2026-05-01T05:00:00Z",
        },
    )
    assert quoted.json()["fee_fen"] == 300


async def test_a_year_without_holidays_raises_an_alarm_until_they_are_entered(
    context: Context, clock: FakeClock
) -> None:
    async def alarms() -> list[tuple[str, str]]:
        async with unit_of_work(context.pool) as conn:
            await watch_years(conn, now=clock.now())
            return await (await conn.execute("select kind, subject from report.alarm_open")).fetchall()

    assert await alarms() == []
    clock.advance(timedelta(days=280))  # the seventh of December
    assert await alarms() == [("calendar.year_missing", "2027")]
    row = CalendarDay(day=date(2027, 1, 1), kind="holiday", name="元旦", set_by="李强", set_at=clock.now())
    async with unit_of_work(context.pool) as conn:
        await calendar_store.write_calendar_day(conn, row)
    assert await alarms() == []
