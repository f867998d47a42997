"""Which dates behave alike: weekdays, holidays, make-up workdays."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

SUNDAY = 6
MONDAY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCalendar:
    """The calendar of a place.

    `holidays` behave like Sundays. `workdays` are weekend dates that are worked (调休) and behave like Mondays.
    """

    timezone: ZoneInfo
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def day_type(self, day: date) -> int:
        """The weekday a date behaves like: 0 Monday to 6 Sunday."""
        if day in self.holidays:
            return SUNDAY
        if day in self.workdays:
            return MONDAY
        return day.weekday()

    def is_off(self, day: date) -> bool:
        """Whether nobody has to work: a holiday, or a weekend that is not worked."""
        return day in self.holidays or (day.weekday() >= 5 and day not in self.workdays)

    def run_of_days_off(self, day: date) -> int:
        """How many days off follow each other around a date; 0 for a workday, at most 15."""
        if not self.is_off(day):
            return 0
        length = 1
        for step in (-1, 1):
            beside = day + timedelta(days=step)
            while self.is_off(beside) and length < 15:
                length += 1
                beside += timedelta(days=step)
        return length


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous computus)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    day = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * day) // 451
    month, rest = divmod(h + day - 7 * m + 114, 31)
    return date(year, month, rest + 1)


def german_holidays(years: Iterable[int]) -> frozenset[date]:
    """The nine public holidays that hold in all of Germany."""
    days: set[date] = set()
    for year in years:
        easter = easter_sunday(year)
        days |= {easter + timedelta(days=offset) for offset in (-2, 1, 39, 50)}
        days |= {
            date(year, 1, 1),
            date(year, 5, 1),
            date(year, 10, 3),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    return frozenset(days)
