"""The site's calendar as rules take it, now or as it stood at a moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from facility.alarm_store import clear_alarm, raise_alarm
from facility.units import SHANGHAI, local
from gateway.parking import calendar_store
from gateway.parking.calendar_store import CalendarDay
from gateway.parking.rules.forecast_calendar import SiteCalendar

Conn = AsyncConnection[Any]

YEAR_MISSING = "calendar.year_missing"


async def read_site_calendar(conn: Conn) -> SiteCalendar:
    """The calendar of the site, with the dates people set."""
    return _calendar(await calendar_store.read_calendar_days(conn))


async def read_site_calendar_as_of(conn: Conn, at: datetime) -> SiteCalendar:
    """The calendar as it stood at a moment: what was changed since does not touch a stay that began before."""
    return _calendar(await calendar_store.read_calendar_days_as_of(conn, at))


async def watch_years(conn: Conn, *, now: datetime) -> None:
    """Raise an alarm while a year that has begun, or begins within a month, has no holiday: nobody has entered it."""
    known = {day.day.year for day in await calendar_store.read_calendar_days(conn)}
    for year in {local(now).year, local(now + timedelta(days=31)).year}:
        if year in known:
            await clear_alarm(conn, YEAR_MISSING, str(year), now=now)
        else:
            await raise_alarm(conn, YEAR_MISSING, str(year), "warning", {"year": year}, now=now)


def _calendar(days: Iterable[CalendarDay]) -> SiteCalendar:
    known = list(days)
    return SiteCalendar(
        timezone=SHANGHAI,
        holidays=frozenset(day.day for day in known if day.kind == "holiday"),
        workdays=frozenset(day.day for day in known if day.kind == "workday"),
    )
