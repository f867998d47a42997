"""Which way a car drives, from the size and place of its plate over time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Motion = Literal["approaching", "leaving", "still"]
MIN_MARKS = 3
GROWTH = 0.03  # of the logarithm of the width, over the marks: 3 % nearer
SURE_BY = 2.5  # standard errors of the fitted change
MOVED = 0.15  # of a plate width down (nearer) or up the picture: half a plate's height


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a plate stood at a moment: width and vertical place of its centre in pixels."""

    at_s: float
    width: float
    y: float


def motion_of(marks: Sequence[Mark]) -> Motion:
    """Whether a plate came nearer: it grew, or (a camera looks down at a lane) it moved down the picture."""
    if len(marks) < MIN_MARKS:
        return "still"
    times = np.array([m.at_s for m in marks])
    widths = np.array([max(m.width, 1.0) for m in marks])
    for series, least in (
        (np.log(widths), GROWTH),
        (np.array([m.y for m in marks]) / float(np.median(widths)), MOVED),
    ):
        change, error = _change(times, series)
        if abs(change) > max(least, SURE_BY * error):
            return "approaching" if change > 0 else "leaving"
    return "still"


def _change(times: np.ndarray, series: np.ndarray) -> tuple[float, float]:
    """The change along a fitted line from the first moment to the last, and its standard error."""
    apart = times - times.mean()
    spread = float((apart**2).sum())
    if spread == 0:
        return 0.0, 0.0
    slope = float((apart * (series - series.mean())).sum() / spread)
    rest = series - series.mean() - slope * apart
    error = float(np.sqrt((rest**2).sum() / max(1, len(series) - 2) / spread))
    span = float(times[-1] - times[0])
    return slope * span, error * span
