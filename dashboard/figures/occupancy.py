"""Counts of zones, put together over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Cars in a zone at a moment (or their mean over the step that begins there)."""

    zone_id: str
    at: datetime
    occupied: float


def total_over_time(
    counts: Sequence[Count], zones: frozenset[str], *, longest_s: float
) -> tuple[list[datetime], list[float]]:
    """Cars in all of `zones` together, at each moment where one of them was counted.

    Args:
        counts: of any zones, oldest first.
        zones: which to add up.
        longest_s: for how many seconds a zone's last count holds; while one of them is older, there is no total.

    Returns:
        Moments, strictly rising, and the total at each.
    """
    latest: dict[str, Count] = {}
    at: list[datetime] = []
    totals: list[float] = []
    known = [count for count in counts if count.zone_id in zones]
    for place, count in enumerate(known):
        latest[count.zone_id] = count
        if place + 1 < len(known) and known[place + 1].at == count.at:
            continue  # another zone was counted at the same moment: added up once all of them are known
        fresh = [kept for kept in latest.values() if (count.at - kept.at).total_seconds() <= longest_s]
        if len(fresh) == len(zones):
            at.append(count.at)
            totals.append(sum(kept.occupied for kept in fresh))
    return at, totals


def shares_over_time(
    counts: Sequence[Count], capacities: Mapping[str, int]
) -> dict[str, tuple[list[datetime], list[float]]]:
    """How full each zone was, in percent of its bays, by zone; a zone without bays is left out."""
    shares: dict[str, tuple[list[datetime], list[float]]] = {}
    for count in counts:
        capacity = capacities.get(count.zone_id, 0)
        if capacity <= 0:
            continue
        at, values = shares.setdefault(count.zone_id, ([], []))
        at.append(count.at)
        values.append(100 * count.occupied / capacity)
    return shares
