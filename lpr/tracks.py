"""Follow plates from frame to frame, and say each car once.

A car is said when `AGREEING_LOOKS` looks agree (and its way is known, or `WAY_S` has passed) or when it is gone, and
once more (as a correction) when better looks change the verdict before the barrier opens. A plate that comes back
within `REPEAT_S` where it was, or with the same text, is the same car: a parked car is never said again.

Where a line is drawn in the picture a car is said only once it has crossed it. Where the lane has loops they tell when
(`told`): a track then says nothing by itself but corrections.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facility.layout import Direction, PictureLine
from lpr.reader import Look
from lpr.rules.match import distance
from lpr.rules.vote import NOTHING, Verdict
from lpr.rules.way import Motion
from lpr.track import Track, is_accepted, quality
from lpr.vision.picture import Picture

GONE_S = 0.8  # not seen for so long: the car has left the picture
UNREAD_GONE_S = 2.5  # a plate nobody could read yet may be found again after a gap
REPEAT_S = 60.0  # a plate of the same text within this time is the same car
CORRECT_S = (
    20.0  # the barrier of a car that is let in has opened by then; until it opens, better looks correct
)
REACH = 1.2  # how far a plate moves between two looks, in plate widths
REACH_SAME_TEXT = 5.0
SAME_CAR = 0.8  # distance of `rules.match` up to which two texts are one plate
OTHER_CAR = 2.5
LOOP_EARLY_S = 1.0  # a car is seen so long before it presses the loop

Confirm = Callable[[Look], Look]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What a track says.

    Attributes:
        track: number of the track, the same for a read and its correction.
        verdict: the vote; `text` empty when a plate was seen and could not be read.
        looks: the looks it rests on, best first.
        accepted: reader A agreed, so that a gate may open.
        frame: the picture of the best look.
        motion: which way the car drives, by its plate in the picture.
        direction: which way it drives, by the line or the loops; `None` where there are none.
        is_correction: replaces what the track said before.
        decided_at_s: moment of the deciding look, on the caller's clock.
    """

    track: int
    verdict: Verdict
    looks: tuple[Look, ...]
    accepted: bool
    frame: Picture | None
    motion: Motion
    direction: Direction | None
    is_correction: bool
    decided_at_s: float


class Tracks:
    """The tracks of one camera. Times are seconds on any steady clock.

    Args:
        confirm: asks the second reader about a look; the looks say all there is without one.
        line: drawn in the picture.
        told: loops say when a car is said (`say_nearest`).
    """

    def __init__(
        self, *, confirm: Confirm | None = None, line: PictureLine | None = None, told: bool = False
    ) -> None:
        self._tracks: list[Track] = []
        self._count = 0
        self._confirm, self._line, self.is_told = confirm, line, told
        self.opened_at_s = -1e9  # when the lane's barrier opened last: nothing is corrected behind it

    @property
    def unsaid(self) -> int:
        """Cars in the picture that have not been said."""
        return sum(t.said is None and not t.is_gone for t in self._tracks)

    @property
    def standing(self) -> int:
        """Cars in the picture that have been said."""
        return sum(t.said is not None and not t.is_gone for t in self._tracks)

    def update(
        self, looks: Sequence[Look], at_s: float, frame: Picture | None = None, *, is_held: bool = False
    ) -> list[Said]:
        """Take one frame's looks (and the frame, to keep the best); returns what is to be said now.

        While `is_held` (a loop feels the car) a plate that is not seen is hidden, not gone.
        """
        free = [t for t in self._tracks if not t.is_gone]
        for look in sorted(looks, key=lambda k: -k.score):
            track = self._track_for(look, free, at_s)
            if track is None:
                track = self._revived(look, at_s) or self._new(look, at_s)
            else:
                free.remove(track)
            track.take(look, at_s, frame, self._line)
        return self.tick(at_s, is_held=is_held)

    def tick(self, at_s: float, *, is_held: bool = False) -> list[Said]:
        """Time has passed without a look; returns what is to be said now."""
        if is_held:
            for track in self._tracks:
                track.hold(at_s)
        said = self._say(at_s)
        if self._confirm is not None and not said:
            for track in self._tracks:
                if not track.is_gone and track.confirm_one(self._confirm, at_s):
                    break  # one a frame, and none on the deciding one: who is said does not wait for three
        return said

    def finish(self, at_s: float) -> list[Said]:
        """The source has ended: everything is gone."""
        return self._say(at_s + GONE_S + REPEAT_S)

    def say_nearest(
        self, at_s: float, direction: Direction, *, since_s: float, must_be_said: bool
    ) -> Said | None:
        """Say the car on the loop: of those seen since it pressed it the one nearest to the camera.

        `None` when its plate is not settled; with `must_be_said` only when there is no plate at all.
        """
        seen = [t for t in self._tracks if t.last_at_s >= since_s - LOOP_EARLY_S and not t.is_told]
        track = max(seen, key=lambda t: t.width, default=None)
        if track is None:
            return None
        verdict = track.verdict
        if not (verdict.is_settled or (must_be_said and track.is_a_car(verdict))):
            return None
        track.is_told = True
        return self._said(track, at_s, direction=direction, is_correction=False)

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
            if not track.is_gone or track.lost_s(at_s) > REPEAT_S:
                continue
            known = (track.said or NOTHING).text
            if known and look.text and distance(known, look.text) <= SAME_CAR:
                track.come_back()
                return track
        return None

    def _new(self, look: Look, at_s: float) -> Track:
        self._count += 1
        track = Track.begun(self._count, look, at_s)
        self._tracks.append(track)
        return track

    def _say(self, at_s: float) -> list[Said]:
        said = []
        for track in self._tracks:
            verdict = track.verdict
            gone_s = GONE_S if verdict.text else UNREAD_GONE_S
            left = not track.is_gone and track.lost_s(at_s) > gone_s
            track.is_gone = track.is_gone or left
            if track.said is None:
                if not self.is_told and self._is_due(track, verdict, at_s, left=left):
                    said.append(
                        self._said(track, at_s, direction=track.crossing.direction, is_correction=False)
                    )
            elif not track.is_gone and self._is_better(track, verdict, at_s):
                said.append(self._said(track, at_s, direction=track.direction, is_correction=True))
        self._tracks = [t for t in self._tracks if not t.is_gone or t.lost_s(at_s) <= REPEAT_S]
        return said

    def _is_due(self, track: Track, verdict: Verdict, at_s: float, *, left: bool) -> bool:
        if self._line is not None:
            if track.crossing.direction is None:
                return False
            return verdict.is_settled or (left and track.is_a_car(verdict))
        return (left and track.is_a_car(verdict)) or track.may_be_said(verdict, at_s)

    def _is_better(self, track: Track, verdict: Verdict, at_s: float) -> bool:
        """Better looks said another text, or made it sure enough for a gate, and the barrier is still down."""
        if at_s - track.said_at_s > CORRECT_S or self.opened_at_s >= track.said_at_s or track.said is None:
            return False
        if verdict.text != track.said.text:
            return verdict.is_settled
        return not track.is_accepted and is_accepted(track.confirmed, verdict.text)

    def _said(self, track: Track, at_s: float, *, direction: Direction | None, is_correction: bool) -> Said:
        if self._confirm is not None:
            track.confirm_enough(self._confirm)
        verdict = track.verdict
        track.said, track.said_at_s, track.direction = verdict, at_s, direction
        track.is_accepted = is_accepted(track.confirmed, verdict.text)
        return Said(
            track=track.number,
            verdict=verdict,
            looks=tuple(
                sorted(track.looks, key=lambda k: (k.text == verdict.text, quality(k)), reverse=True)
            ),
            accepted=track.is_accepted,
            frame=track.best_frame,
            motion=track.motion,
            direction=direction,
            is_correction=is_correction,
            decided_at_s=at_s,
        )
