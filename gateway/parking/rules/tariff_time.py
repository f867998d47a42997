"""Stretches of local seconds: taking time out of a stay and finding it again on the clock.

A stretch is `(start_s, end_s)`, end not included, in seconds of the local clock since 1970-01-01 00:00
local. A list of stretches is sorted and disjoint and holds no empty stretch.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

Stretch = tuple[int, int]

_LOCAL_OFFSET_S = 8 * 3600
"""Asia/Shanghai is UTC+8 without daylight saving since 1991-09-15."""
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def local_seconds(moment: datetime) -> int:
    """Whole local seconds of an aware moment; a started second has not passed yet.

    Raises:
        ValueError: `moment` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place in a tariff")
    return int(moment.timestamp() // 1) + _LOCAL_OFFSET_S


def moment_of(second: int) -> datetime:
    """The aware UTC moment of a local second."""
    return datetime.fromtimestamp(second - _LOCAL_OFFSET_S, UTC)


def day_number(day: date) -> int:
    """Days from 1970-01-01 to `day`."""
    return day.toordinal() - _EPOCH_ORDINAL


def length(stretches: Iterable[Stretch]) -> int:
    """Seconds in all."""
    return sum(end - start for start, end in stretches)


def merged(stretches: Iterable[Stretch], within: Stretch) -> list[Stretch]:
    """The union of any stretches, cut to `within`."""
    union: list[Stretch] = []
    for raw_start, raw_end in sorted(stretches):
        start, end = max(raw_start, within[0]), min(raw_end, within[1])
        if start >= end:
            continue
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union


def without(stretches: Iterable[Stretch], taken: list[Stretch]) -> list[Stretch]:
    """What is left of `stretches` when the sorted, disjoint `taken` are cut out."""
    if not taken:
        return list(stretches)
    left: list[Stretch] = []
    for outer_start, end in stretches:
        start = outer_start
        for taken_start, taken_end in taken:
            if taken_end <= start or taken_start >= end:
                continue
            if taken_start > start:
                left.append((start, taken_start))
            start = taken_end
            if start >= end:
                break
        if start < end:
            left.append((start, end))
    return left


def split_front(stretches: list[Stretch], seconds: int) -> tuple[list[Stretch], list[Stretch]]:
    """The first `seconds` of the stretches, and the rest."""
    if seconds <= 0:
        return [], stretches
    front: list[Stretch] = []
    rest: list[Stretch] = []
    wanted = seconds
    for start, end in stretches:
        cut = min(end, start + wanted)
        if cut > start:
            front.append((start, cut))
            wanted -= cut - start
        if cut < end:
            rest.append((cut, end))
    return front, rest
