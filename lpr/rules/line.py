"""A line drawn in a camera's picture: which way a plate crossed it. Pure.

Places are fractions of the picture: x from the left, y from the top.
"""

import math
from dataclasses import dataclass, replace

from facility.layout import Direction, PictureLine

Place = tuple[float, float]
MARGIN = 0.015  # a plate nearer to the line than this is on neither side: its centre trembles by a few pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A plate's way so far: where it was last clear of the line, and in which direction it has crossed (`None` not)."""

    clear: Place | None = None
    is_inside: bool = False
    direction: Direction | None = None


UNCROSSED = Crossing()


def depth(line: PictureLine, place: Place) -> float:
    """Distance from the (endless) line, positive on the side that is in."""
    dx, dy = line.end[0] - line.start[0], line.end[1] - line.start[1]

    def off(point: Place) -> float:
        return dx * (point[1] - line.start[1]) - dy * (point[0] - line.start[0])

    return math.copysign(1.0, off(line.inside)) * off(place) / math.hypot(dx, dy)


def followed(line: PictureLine, way: Crossing, place: Place) -> Crossing:
    """The way with one more place.

    A plate that only noses over the line and backs out again has not crossed: the direction goes with it. A plate that
    goes round an end of the segment (the neighbouring lane) has not crossed either.
    """
    deep = depth(line, place)
    if abs(deep) < MARGIN:
        return way
    is_inside = deep > 0
    if way.clear is None or is_inside == way.is_inside:
        return replace(way, clear=place, is_inside=is_inside)
    if not _is_between_the_ends(line, way.clear, place):
        return replace(way, clear=place, is_inside=is_inside)
    back = way.direction is not None
    direction: Direction = "in" if is_inside else "out"
    return Crossing(clear=place, is_inside=is_inside, direction=None if back else direction)


def _is_between_the_ends(line: PictureLine, before: Place, after: Place) -> bool:
    """Whether the step from one side to the other goes through the segment."""
    one, other = abs(depth(line, before)), abs(depth(line, after))
    part = one / (one + other)
    x, y = before[0] + part * (after[0] - before[0]), before[1] + part * (after[1] - before[1])
    dx, dy = line.end[0] - line.start[0], line.end[1] - line.start[1]
    along = ((x - line.start[0]) * dx + (y - line.start[1]) * dy) / (dx * dx + dy * dy)
    return 0.0 <= along <= 1.0
