"""Cutting billable time into the pieces that are rounded up to units on their own.

Bounds are those of the segments, of the day windows, of midnight where a holiday changes the price, and of
the tiers of a new-energy vehicle. Time taken out of a stay is no bound: what is left of one piece on both
sides is rounded up together, so that an exemption never makes a stay dearer.
"""

from dataclasses import dataclass

from gateway.parking.rules.tariff import DAY_S
from gateway.parking.rules.tariff_rates import NEVER, Piecewise, Rates
from gateway.parking.rules.tariff_time import Stretch

WindowKey = tuple[int, int]
OccurrenceKey = tuple[int, int]

_NO_WINDOW: WindowKey = (-1, 0)


@dataclass(slots=True)
class Piece:
    """Billable seconds that share one price, one segment occurrence, one window and one tier."""

    window: WindowKey
    occurrence: OccurrenceKey
    part: Piecewise
    is_holiday: bool
    tier: int
    start_s: int
    end_s: int
    billed_s: int


def window_at(second: int, origin_s: int, rates: Rates) -> tuple[WindowKey, int]:
    """The day window a second lies in, and the second at which it ends.

    Rolling windows are counted from `origin_s`, calendar windows are dates; without day windows all time is
    one.
    """
    if not rates.has_windows:
        return _NO_WINDOW, NEVER
    if rates.is_calendar:
        day = second // DAY_S
        return (0, day), (day + 1) * DAY_S
    number = (second - origin_s) // DAY_S
    return (origin_s, number), origin_s + (number + 1) * DAY_S


def by_window(stretches: list[Stretch], origin_s: int, rates: Rates) -> list[tuple[WindowKey, list[Stretch]]]:
    """The stretches of each window in turn; windows without billable time are left out."""
    windows: list[tuple[WindowKey, list[Stretch]]] = []
    for stretch_start, end in stretches:
        start = stretch_start
        while start < end:
            key, window_end = window_at(start, origin_s, rates)
            cut = min(end, window_end)
            if not windows or windows[-1][0] != key:
                windows.append((key, []))
            windows[-1][1].append((start, cut))
            start = cut
    return windows


def pieces(stretches: list[Stretch], origin_s: int, billed_before_s: int, rates: Rates) -> list[Piece]:
    """Cut billable time.

    Args:
        stretches: billable local seconds.
        origin_s: where rolling windows are counted from.
        billed_before_s: billable seconds of the stay before these, for the tiers.
        rates: a price list with a rate or segments.
    """
    cut_pieces: list[Piece] = []
    billed_s = billed_before_s
    for stretch_start, end in stretches:
        start = stretch_start
        while start < end:
            piece = _piece_at(start, end, origin_s, billed_s, rates)
            billed_s += piece.billed_s
            start = piece.end_s
            if cut_pieces and _belong_together(cut_pieces[-1], piece):
                cut_pieces[-1].end_s = piece.end_s
                cut_pieces[-1].billed_s += piece.billed_s
            else:
                cut_pieces.append(piece)
    return cut_pieces


def _piece_at(start: int, end: int, origin_s: int, billed_s: int, rates: Rates) -> Piece:
    window, window_end = window_at(start, origin_s, rates)
    index, occurrence_start, part = _part_at(start, rates.parts)
    bound = min(end, window_end, occurrence_start + part.to_s - part.from_s)
    is_holiday = False
    if part.holiday != part.price:
        day = start // DAY_S
        is_holiday = day in rates.holidays
        bound = min(bound, (day + 1) * DAY_S)
    tier = 0
    if rates.tiers:
        tier = next(number for number, (upto_s, _, _) in enumerate(rates.tiers) if billed_s < upto_s)
        bound = min(bound, start + rates.tiers[tier][0] - billed_s)
    return Piece(window, (index, occurrence_start), part, is_holiday, tier, start, bound, bound - start)


def _part_at(second: int, parts: tuple[Piecewise, ...]) -> tuple[int, int, Piecewise]:
    """Index and start of the occurrence that holds `second`."""
    first = parts[0]
    if first.to_s == NEVER:
        return 0, 0, first
    day_start = second - second % DAY_S
    of_day = second - day_start
    for index in range(len(parts) - 1, -1, -1):
        if parts[index].from_s <= of_day:
            return index, day_start + parts[index].from_s, parts[index]
    last = len(parts) - 1
    return last, day_start - DAY_S + parts[last].from_s, parts[last]


def _belong_together(one: Piece, other: Piece) -> bool:
    return (
        one.window == other.window
        and one.occurrence == other.occurrence
        and one.is_holiday == other.is_holiday
        and one.tier == other.tier
    )
