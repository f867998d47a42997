"""Notice motion, and something as large as a car, in a thumbnail of the picture: a glance before each dear look."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.vision.picture import Picture

SMALL_W, SMALL_H = 64, 36
THINNED_W = (
    320  # pixels are thinned out to about this width before they are averaged: a full average costs 4 ms
)
CHANGED_GREY = 22
CAR_SHARE = 0.12  # of the picture
LEARN_S = 2.0  # the empty lane is learnt over about so long
LEARN_THERE_S = 40.0  # twenty times slower while something large is there
PRESENT_S = 0.8
ABSENT_S = 0.8  # a car does not leave for the moment of one dark frame
MOVED_GREY = 6.0
MOVED_SPREADS = 6.0  # of the picture's own noise
MOVED_CELLS = 6
COMPARED_S = 0.2  # with the thumbnail of about so long ago, so that a creeping car is noticed too

Thumbnail = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a thumbnail shows: something moves; something as large as a car has been there for `PRESENT_S`."""

    is_moving: bool
    is_there: bool


class Presence:
    """Compares frames with a slowly learnt empty lane and with the moment before. Times are seconds on any clock."""

    def __init__(self) -> None:
        self._empty: Thumbnail | None = None
        self._before: Thumbnail | None = None
        self._before_at_s = self._last_at_s = 0.0
        self._since_s: float | None = None
        self._seen_at_s = -1e9

    def update(self, frame: Picture, at_s: float) -> Glance:
        """Look at one frame."""
        small = thumbnail(frame)
        if self._empty is None or self._before is None:
            self._empty, self._before = small.copy(), small
            self._before_at_s = self._last_at_s = at_s
            return Glance(is_moving=True, is_there=False)  # nobody knows yet: look
        is_moving = has_moved(self._before, small)
        if at_s - self._before_at_s >= COMPARED_S:
            self._before, self._before_at_s = small, at_s
        return Glance(is_moving=is_moving, is_there=self._is_there(self._empty, small, at_s))

    def _is_there(self, empty: Thumbnail, small: Thumbnail, at_s: float) -> bool:
        is_large = float((apart(empty, small) > CHANGED_GREY).mean()) > CAR_SHARE
        passed_s = max(0.0, at_s - self._last_at_s)
        self._last_at_s = at_s
        empty += min(1.0, passed_s / (LEARN_THERE_S if is_large else LEARN_S)) * (small - empty)
        if is_large:
            self._seen_at_s = at_s
            self._since_s = at_s if self._since_s is None else self._since_s
        elif self._since_s is None or at_s - self._seen_at_s > ABSENT_S:
            self._since_s = None
            return False
        return at_s - self._since_s >= PRESENT_S


def thumbnail(frame: Picture) -> Thumbnail:
    """The frame as `(36, 64) float32` grey levels."""
    step = max(1, frame.shape[1] // THINNED_W)
    thin = np.ascontiguousarray(frame[step // 2 :: step, step // 2 :: step])
    small = cv2.resize(thin, (SMALL_W, SMALL_H), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)


def apart(one: Thumbnail, other: Thumbnail) -> Thumbnail:
    """How far each cell differs; light that changes everywhere at once (headlights, clouds) is no difference."""
    change = other - one
    different: Thumbnail = np.abs(change - np.float32(np.median(change)))
    return different


def has_moved(before: Thumbnail, now: Thumbnail) -> bool:
    """Whether some cells changed by more than the noise that lies over all of them."""
    change = apart(before, now)
    noise = 1.48 * float(np.median(change))
    return int((change > max(MOVED_GREY, MOVED_SPREADS * noise)).sum()) >= MOVED_CELLS
