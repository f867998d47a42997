"""The dates that cost the holiday price under a list that follows the site's calendar."""

from dataclasses import replace
from datetime import date, timedelta

from gateway.parking.rules.forecast_calendar import SiteCalendar
from gateway.parking.rules.tariff import CalendarDates, Tariff


def with_calendar(tariff: Tariff, calendar: SiteCalendar, first: date, last: date) -> Tariff:
    """A price list with the calendar's dates from `first` to `last` (both included) among its own holidays.

    `holidays` takes the public holidays; `days_off` takes them and the weekends, but not those worked for a holiday
    (调休). The list's own dates stay, whatever the calendar says. A list that follows nothing is unchanged.
    """
    if tariff.follows is None:
        return tariff
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    is_meant = calendar.is_off if tariff.follows is CalendarDates.DAYS_OFF else calendar.holidays.__contains__
    return replace(
        tariff, follows=None, holidays=tariff.holidays | frozenset(day for day in days if is_meant(day))
    )
