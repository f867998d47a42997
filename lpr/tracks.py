"""Follow plates from frame to frame, and say each car once.

A car is said when `AGREEING_LOOKS` looks agree (and its way is known, or `WAY_S` has passed) or when it is gone, and
once more (as a correction) when better looks change the verdict soon after. A plate that comes back within `REPEAT_S`
where it was, or with the same text, is the same car: a parked car is never said again.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lpr.reader import Look
from lpr.rules.match import distance
from lpr.rules.vote import NOTHING, Opinion, Verdict, vote
from lpr.rules.way import Mark, Motion, motion_of
from lpr.vision.picture import Picture

KEPT_LOOKS = 15
GONE_S = 0.8  # not seen for so long: the car has left the picture
UNREAD_GONE_S = 2.5  # a plate nobody could read yet may be found again after a gap
UNREAD_LOOKS = (
    3  # a plate without text must have been seen so often: a grille is taken for a plate now and then
)
FAINT = 0.2  # confidence below which a text seen fewer than three times is no car
WAY_S = 0.4  # how long a settled text waits to know which way the car drives
KEPT_MARKS = 150
REPEAT_S = 60.0  # a plate of the same text within this time is the same car
CORRECT_S = 4.0  # a barrier takes two to four seconds to open; later a change of mind helps nobody
REACH = 1.2  # how far a plate moves between two looks, in plate widths
REACH_SAME_TEXT = 5.0
SAME_CAR = 0.8  # distance of `rules.match` up to which two texts are one plate
OTHER_CAR = 2.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What a track says.

    Attributes:
        track: number of the track, the same for a read and its correction.
        verdict: the vote; `text` empty when a plate was seen and could not be read.
        looks: the looks it rests on, best first.
        frame: the picture of the best look.
        motion: which way the car drives.
        is_correction: replaces what the track said before.
        decided_at_s: moment of the deciding look, on the caller's clock.
    """

    track: int
    verdict: Verdict
    looks: tuple[Look, ...]
    frame: Picture | None
    motion: Motion
    is_correction: bool
    decided_at_s: float


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
    marks: deque[Mark] = field(default_factory=lambda: deque(maxlen=KEPT_MARKS))
    said: Verdict | None = None
    said_at_s: float = 0.0
    best_frame: Picture | None = None
    best_quality: float = -1.0
    is_gone: bool = False

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


class Tracks:
    """The tracks of one camera. Times are seconds on any steady clock."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._count = 0

    @property
    def unsettled(self) -> int:
        """Cars in the picture that have not been said."""
        return sum(t.said is None and not t.is_gone for t in self._tracks)

    def update(self, looks: Sequence[Look], at_s: float, frame: Picture | None = None) -> list[Said]:
        """Take one frame's looks (and the frame, to keep the best); returns what is to be said now."""
        free = [t for t in self._tracks if not t.is_gone]
        for look in sorted(looks, key=lambda k: -k.score):
            track = self._track_for(look, free, at_s)
            if track is None:
                track = self._revived(look, at_s) or self._new(look, at_s)
            else:
                free.remove(track)
            _take(track, look, at_s, frame)
        return self._say(at_s)

    def finish(self, at_s: float) -> list[Said]:
        """The source has ended: everything is gone."""
        return self._say(at_s + GONE_S + REPEAT_S)

    def _track_for(self, look: Look, free: Sequence[Track], at_s: float) -> Track | None:
        best, best_cost = None, 1.0
        for track in free:
            apart = float(np.linalg.norm(look.corners.mean(0) - track.expected(at_s)))
            reach = REACH
            known = (track.said or track.verdict).text
            if known and look.text:
                differ = distance(known, look.text)
                if differ >= OTHER_CAR and look.confidence > 0.5 and apart > 0.3 * track.width:
                    continue  # another car close behind
                if differ <= SAME_CAR:
                    reach = REACH_SAME_TEXT
            cost = apart / (reach * max(track.width, 1.0))
            if cost < best_cost:
                best, best_cost = track, cost
        return best

    def _revived(self, look: Look, at_s: float) -> Track | None:
        """A track that is gone and whose plate this is: the car was hidden for a while, or the locator missed it."""
        for track in reversed(self._tracks):
            if not track.is_gone or at_s - track.last_at_s > REPEAT_S:
                continue
            known = (track.said or NOTHING).text
            if known and look.text and distance(known, look.text) <= SAME_CAR:
                track.is_gone = False
                track.speed[:] = 0
                return track
        return None

    def _new(self, look: Look, at_s: float) -> Track:
        self._count += 1
        width = float(np.linalg.norm(look.corners[1] - look.corners[0]))
        track = Track(
            number=self._count,
            first_at_s=at_s,
            last_at_s=at_s,
            centre=look.corners.mean(0),
            width=width,
        )
        self._tracks.append(track)
        return track

    def _say(self, at_s: float) -> list[Said]:
        said = []
        for track in self._tracks:
            verdict = track.verdict
            gone_s = GONE_S if verdict.text else UNREAD_GONE_S
            left = not track.is_gone and at_s - track.last_at_s > gone_s
            track.is_gone = track.is_gone or left
            if track.said is None:
                if (left and track.is_a_car(verdict)) or track.may_be_said(verdict, at_s):
                    said.append(_said(track, verdict, at_s, is_correction=False))
            elif (
                verdict.text != track.said.text
                and verdict.is_settled
                and at_s - track.said_at_s <= CORRECT_S
                and not track.is_gone
            ):
                said.append(_said(track, verdict, at_s, is_correction=True))
        self._tracks = [t for t in self._tracks if not t.is_gone or at_s - t.last_at_s <= REPEAT_S]
        return said


def _take(track: Track, look: Look, at_s: float, frame: Picture | None) -> None:
    centre = look.corners.mean(0)
    if at_s > track.last_at_s:
        speed = (centre - track.centre) / (at_s - track.last_at_s)
        track.speed = (0.6 * speed + 0.4 * track.speed).astype(np.float32)
    track.centre = centre
    track.width = float(np.linalg.norm(look.corners[1] - look.corners[0]))
    track.last_at_s = at_s
    track.marks.append(Mark(at_s=at_s, width=track.width, y=float(centre[1])))
    track.looks.append(look)
    if quality(look) > track.best_quality:
        track.best_quality, track.best_frame = quality(look), frame
    if len(track.looks) > KEPT_LOOKS:
        track.looks.remove(min(track.looks, key=quality))


def _said(track: Track, verdict: Verdict, at_s: float, *, is_correction: bool) -> Said:
    track.said, track.said_at_s = verdict, at_s
    return Said(
        track=track.number,
        verdict=verdict,
        looks=tuple(sorted(track.looks, key=lambda k: (k.text == verdict.text, quality(k)), reverse=True)),
        frame=track.best_frame,
        motion=track.motion,
        is_correction=is_correction,
        decided_at_s=at_s,
    )
