"""One plate followed through the frames: its looks, what they say together, and its way through the picture."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facility.layout import Direction, PictureLine
from lpr.reader import Look
from lpr.rules.line import UNCROSSED, Crossing, followed
from lpr.rules.vote import Opinion, Verdict, vote
from lpr.rules.way import Mark, Motion, motion_of
from lpr.vision.picture import Picture

KEPT_LOOKS = 15
UNREAD_LOOKS = (
    3  # a plate without text must have been seen so often: a grille is taken for a plate now and then
)
FAINT = 0.2  # confidence below which a text seen fewer than three times is no car
WAY_S = 0.4  # how long a settled text waits to know which way the car drives
KEPT_MARKS = 150
CONFIRMED_LOOKS = 3  # reader A is asked about so many of a car's best looks before it is said
CONFIRMED_AT_ONCE = 2  # and about at least so many at the latest then
CONFIRMED_MOST = 12  # while it stands there unaccepted,
CONFIRMED_AFTER_S = 0.5  # no more often than this
BETTER = 1.02  # by how much a look must be better to be worth asking again


@dataclass(slots=True, kw_only=True, eq=False)
class Track:
    """One car's looks so far."""

    number: int
    first_at_s: float
    last_at_s: float
    centre: NDArray[np.float32]
    width: float
    speed: NDArray[np.float32] = field(default_factory=lambda: np.zeros(2, np.float32))
    looks: list[Look] = field(default_factory=list)
    confirmed: list[Look] = field(default_factory=list)
    marks: deque[Mark] = field(default_factory=lambda: deque(maxlen=KEPT_MARKS))
    crossing: Crossing = UNCROSSED
    said: Verdict | None = None
    said_at_s: float = 0.0
    is_accepted: bool = False
    is_told: bool = False
    direction: Direction | None = None
    best_frame: Picture | None = None
    best_quality: float = -1.0
    is_gone: bool = False
    confirmed_at_s: float = -1e9
    held_at_s: float = -1e9  # a loop felt the car then though its plate was not seen

    @classmethod
    def begun(cls, number: int, look: Look, at_s: float) -> Self:
        """A track of a plate seen for the first time."""
        return cls(
            number=number, first_at_s=at_s, last_at_s=at_s, centre=look.corners.mean(0), width=_width(look)
        )

    def take(self, look: Look, at_s: float, frame: Picture | None, line: PictureLine | None) -> None:
        """Add one more look."""
        centre = look.corners.mean(0)
        if at_s > self.last_at_s:
            speed = (centre - self.centre) / (at_s - self.last_at_s)
            self.speed = (0.6 * speed + 0.4 * self.speed).astype(np.float32)
        self.centre, self.width, self.last_at_s = centre, _width(look), at_s
        self.marks.append(Mark(at_s=at_s, width=self.width, y=float(centre[1])))
        if line is not None and frame is not None:
            place = float(centre[0]) / frame.shape[1], float(centre[1]) / frame.shape[0]
            self.crossing = followed(line, self.crossing, place)
        self.looks.append(look)
        if quality(look) > self.best_quality:
            self.best_quality, self.best_frame = quality(look), frame
        if len(self.looks) > KEPT_LOOKS:
            worst = min(self.looks, key=quality)
            self.looks = [one for one in self.looks if one is not worst]

    def hold(self, at_s: float) -> None:
        """A loop feels the car though its plate is not seen."""
        if not self.is_gone:
            self.held_at_s = at_s

    def lost_s(self, at_s: float) -> float:
        """How long there has been no sign of it."""
        return at_s - max(self.last_at_s, self.held_at_s)

    def come_back(self) -> None:
        """Seen again after it was gone."""
        self.is_gone = self.is_told = False
        self.speed[:] = 0

    def expected(self, at_s: float) -> NDArray[np.float32]:
        """Where its centre should be now."""
        return self.centre + self.speed * min(at_s - self.last_at_s, 0.5)

    @property
    def verdict(self) -> Verdict:
        """What its looks say together."""
        return vote([opinion_of(look) for look in self.looks])

    @property
    def motion(self) -> Motion:
        """Whether the plate came nearer, went away, or neither."""
        return motion_of(self.marks)

    def is_a_car(self, verdict: Verdict) -> bool:
        """Whether it was seen often or well enough to be said when it is gone."""
        if len(self.looks) >= UNREAD_LOOKS:
            return True
        return verdict.text != "" and verdict.confidence >= FAINT

    def may_be_said(self, verdict: Verdict, at_s: float) -> bool:
        """Enough looks agree, and the way is known or has been waited for."""
        return verdict.is_settled and (at_s - self.first_at_s >= WAY_S or self.motion != "still")

    def confirm_one(self, confirm: Callable[[Look], Look], at_s: float) -> bool:
        """Ask the second reader about the best look that is worth it; whether there was one."""
        if self.is_accepted or len(self.confirmed) >= CONFIRMED_MOST:
            return False
        is_late = self.said is not None or len(self.confirmed) >= CONFIRMED_LOOKS
        if is_late and at_s - self.confirmed_at_s < CONFIRMED_AFTER_S:
            return False
        fresh = self._unconfirmed()
        if not fresh:
            return False
        best = max(fresh, key=quality)
        known = max((quality(look) for look in self.confirmed), default=0.0)
        if is_late and quality(best) < BETTER * known:
            return False
        self._confirm(best, confirm)
        self.confirmed_at_s = at_s
        return True

    def confirm_enough(self, confirm: Callable[[Look], Look]) -> None:
        """Ask about the best looks until enough have been asked about, or none is left."""
        while len(self.confirmed) < CONFIRMED_AT_ONCE:
            fresh = self._unconfirmed()
            if not fresh:
                return
            self._confirm(max(fresh, key=quality), confirm)

    def _unconfirmed(self) -> list[Look]:
        return [one for one in self.looks if one.text and not any(one is done for done in self.confirmed)]

    def _confirm(self, look: Look, confirm: Callable[[Look], Look]) -> None:
        heard = confirm(look)
        self.looks = [heard if one is look else one for one in self.looks]
        self.confirmed.append(heard)


def _width(look: Look) -> float:
    return float(np.linalg.norm(look.corners[1] - look.corners[0]))


def is_accepted(confirmed: Sequence[Look], text: str) -> bool:
    """Some look was accepted with this text and none with another."""
    texts = {look.text for look in confirmed if look.accepted}
    return bool(text) and texts == {text}


def opinion_of(look: Look) -> Opinion:
    """What the vote needs of a look."""
    return Opinion(
        text=look.text,
        char_confidence=look.char_confidence,
        confidence=look.confidence,
        height_px=look.height_px,
        sharpness=look.sharpness,
    )


def quality(look: Look) -> float:
    """How well a look saw the plate, for choosing between looks."""
    return (0.1 + look.confidence) * min(look.height_px, 40.0) * (1.0 if look.text else 0.3)
