"""Notice that something large moved into the picture, for cars whose plate nobody can see."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.vision.picture import Picture

SMALL_W, SMALL_H = 64, 36
CHANGED_GREY = 22
CAR_SHARE = 0.12  # of the picture
LEARN = 0.02  # the empty lane is learnt over about 50 quiet frames
PRESENT_S = 0.8
ABSENT_S = 0.8  # a car does not leave for the moment of one dark frame


class Presence:
    """Compares frames with a slowly learnt empty lane. Times are seconds on any steady clock."""

    def __init__(self) -> None:
        self._empty: NDArray[np.float32] | None = None
        self._since_s: float | None = None
        self._seen_at_s = -1e9

    def update(self, frame: Picture, at_s: float) -> bool:
        """Whether something as large as a car has been in the picture for `PRESENT_S`."""
        small = cv2.resize(frame, (SMALL_W, SMALL_H), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        if self._empty is None:
            self._empty = grey
            return False
        # light that changes everywhere at once (headlights, clouds) is no car
        apart = np.abs(grey - self._empty - float(np.median(grey - self._empty)))
        is_large = float((apart > CHANGED_GREY).mean()) > CAR_SHARE
        if not is_large:
            self._empty += LEARN * (grey - self._empty)
            if self._since_s is None or at_s - self._seen_at_s > ABSENT_S:
                self._since_s = None
                return False
            return at_s - self._since_s >= PRESENT_S
        self._seen_at_s = at_s
        self._empty += LEARN / 20 * (grey - self._empty)
        self._since_s = at_s if self._since_s is None else self._since_s
        return at_s - self._since_s >= PRESENT_S
