"""Days of a report, put side by side: money, stays, energy, the fullest hour."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from facility.units import Fen, Wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day. `None` is a figure that was not measured, which is not nought."""

    day: date
    parking_fen: Fen
    charging_fen: Fen
    stays: int
    mean_minutes: int | None
    transactions: int
    delivered_wh: Wh
    peak: float | None


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def put_together(
    days: Iterable[date],
    *,
    money: Iterable[tuple[date, str, int]],
    stays: Iterable[tuple[date, int, int]],
    energy: Iterable[tuple[date, int, int]],
    peaks: Iterable[tuple[date, float]],
) -> list[Day]:
    """One row a day.

    Args:
        days: which days, in order.
        money: day, `parking` or `charging`, fen.
        stays: day, cars that left, their mean stay in minutes.
        energy: day, transactions that ended, Wh.
        peaks: day, cars in the fullest hour.
    """
    fen = {(day, part): amount for day, part, amount in money}
    left = {day: (count, minutes) for day, count, minutes in stays}
    sold = {day: (count, wh) for day, count, wh in energy}
    fullest = dict(peaks)
    return [
        Day(
            day=day,
            parking_fen=Fen(fen.get((day, "parking"), 0)),
            charging_fen=Fen(fen.get((day, "charging"), 0)),
            stays=left.get(day, (0, 0))[0],
            mean_minutes=left[day][1] if day in left else None,
            transactions=sold.get(day, (0, 0))[0],
            delivered_wh=Wh(sold.get(day, (0, 0))[1]),
            peak=fullest.get(day),
        )
        for day in days
    ]


def as_csv(heads: Sequence[str], days: Iterable[Day]) -> str:
    """The days as a table for a spreadsheet: amounts in yuan and kWh, a byte-order mark so that Chinese is read."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(heads)
    for day in days:
        rows.writerow(
            [
                day.day.isoformat(),
                f"{day.parking_fen / 100:.2f}",
                f"{day.charging_fen / 100:.2f}",
                day.stays,
                "" if day.mean_minutes is None else day.mean_minutes,
                day.transactions,
                f"{day.delivered_wh / 1000:.2f}",
                "" if day.peak is None else round(day.peak),
            ]
        )
    return "\ufeff" + text.getvalue()
