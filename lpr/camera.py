"""One camera's loop: frames to looks, looks to what is said of each car."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, Protocol

from facility.layout import Direction, PictureLine
from lpr.loops import LoopWatch
from lpr.passage import Passage, beside_claim, of_still, of_track, without_plate
from lpr.passing import LoopCars
from lpr.reader import Look, PlateReader
from lpr.rules.attention import FINE_S, look_after_s
from lpr.rules.match import distance
from lpr.source import Frame, Source
from lpr.tracks import SAME_CAR, Tracks
from lpr.vision.motion import Glance, Presence
from lpr.vision.picture import Picture

UNPLATED_S = 2.0  # as long in the picture without a plate: a car that shows none
UNPLATED_CORRECT_S = 4.0  # a plate read this soon after is that car's; later it is the next one's
STILL_REPEAT_S = 10.0  # a still of the same plate this soon is the same car


class Reader(Protocol):
    """What a camera's loop asks of the readers."""

    def read(self, picture: Picture, readers: Literal["b", "both"], *, fine: bool = True) -> list[Look]:
        """The plates in a picture; `fine`: also a second, dearer look for small ones."""
        ...

    def confirm(self, look: Look) -> Look:
        """The same look with the second reader asked as well."""
        ...


class SharedReader:
    """One set of models for all cameras of a process: memory for one, one picture at a time."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader, self._turn = reader, threading.Lock()

    def read(self, picture: Picture, readers: Literal["b", "both"], *, fine: bool = True) -> list[Look]:
        """As `PlateReader.read`."""
        with self._turn:
            return self._reader.read(picture, readers, thorough=readers == "both", fine=fine)

    def confirm(self, look: Look) -> Look:
        """As `PlateReader.confirm`."""
        with self._turn:
            return self._reader.confirm(look)


class CameraLoop:
    """Turns a source's frames into passages, one a car.

    Args:
        line: drawn in the picture; says which way a car drives, and that a car is said once it has crossed.
        cars: the lane's loops as `watch` feels them; they say when a car is there and which way it drives. While
            their inputs are away the picture alone decides.
        opened_at_s: when the lane's barrier opened last, on the clock of the frames.
    """

    def __init__(
        self,
        source: Source,
        reader: Reader,
        *,
        line: PictureLine | None = None,
        cars: LoopCars | None = None,
        watch: LoopWatch | None = None,
        opened_at_s: Callable[[], float] = lambda: -1e9,
    ) -> None:
        self.source, self._reader = source, reader
        self._cars_felt, self._watch, self._opened_at_s = cars, watch, opened_at_s
        self._tracks = Tracks(confirm=reader.confirm, line=line)
        self._presence = Presence()
        self._cars = 0
        self._last_still: tuple[str, float] | None = None
        self._seen_plate_at_s = self._looked_at_s = self._fine_at_s = -1e9
        self._there_since_s: float | None = None
        self._unplated: tuple[int, float] | None = None  # the car said without a plate, and when
        self._cars_of_tracks: dict[int, int] = {}
        self.looks = 0
        self.seen_at_s: float | None = None  # when the last frame came, on the monotonic clock

    def passages(
        self, stop: threading.Event, on_fault: Callable[[Frame], None]
    ) -> Iterator[tuple[Passage | None, Frame]]:
        """Passages as they are decided, each with its frame.

        A still that is the same car again comes with `None`, so that the caller can put it away.
        """
        at_s = 0.0
        for frame in self.source.frames(stop):
            at_s, self.seen_at_s = frame.at_s, time.monotonic()
            if frame.picture is None:
                on_fault(frame)
            elif frame.is_still:
                yield self._still(frame, frame.picture), frame
            else:
                for passage in self._live(frame, frame.picture):
                    yield passage, frame
        for said in self._tracks.finish(at_s):
            yield self._one_car(of_track(said)), Frame(picture=None, at_s=at_s)

    def _still(self, frame: Frame, picture: Picture) -> Passage | None:
        self._cars += 1
        looks = self._reader.read(picture, "both")
        passage = of_still(-self._cars, looks, picture, frame.at_s, frame.id)
        if passage.text and self._last_still is not None:
            known, when = self._last_still
            if frame.at_s - when < STILL_REPEAT_S and distance(known, passage.text) <= SAME_CAR:
                return None
        if passage.text:
            self._last_still = (passage.text, frame.at_s)
        return passage if frame.claim is None else beside_claim(passage, frame.claim)

    def _live(self, frame: Frame, picture: Picture) -> Iterator[Passage]:
        at_s = frame.at_s
        felt = self._felt(at_s)
        self._tracks.is_told, self._tracks.opened_at_s = felt is not None, self._opened_at_s()
        is_held = felt is not None and felt.is_pressed
        glance = self._presence.update(picture, at_s)
        if self._is_look_due(glance, at_s, is_held=is_held):
            looks = self._look(picture, at_s)
            said = self._tracks.update(looks, at_s, picture, is_held=is_held)
            if said or any(look.text for look in looks):
                self._seen_plate_at_s = at_s
        else:
            said = self._tracks.tick(at_s, is_held=is_held)
        for one in said:
            yield self._one_car(of_track(one))
        if felt is not None:
            yield from self._loop_car(felt, picture, at_s)
        elif self._is_without_plate(glance.is_there, at_s):
            yield self._unplated_car(picture, at_s, None)

    def _felt(self, at_s: float) -> LoopCars | None:
        """What the loops feel; `None` where there are none or their inputs are away."""
        if self._cars_felt is None or self._watch is None:
            return None
        self._cars_felt.take(self._watch.taken(), at_s)
        return None if self._watch.is_away else self._cars_felt

    def _is_look_due(self, glance: Glance, at_s: float, *, is_held: bool) -> bool:
        tracks = self._tracks
        after_s = look_after_s(
            is_moving=glance.is_moving or is_held, unsaid=tracks.unsaid, said=tracks.standing
        )
        return at_s - self._looked_at_s >= after_s

    def _look(self, picture: Picture, at_s: float) -> list[Look]:
        self._looked_at_s = at_s
        self.looks += 1
        fine = at_s - self._fine_at_s >= FINE_S
        if fine:
            self._fine_at_s = at_s
        return self._reader.read(picture, "b", fine=fine)

    def _loop_car(self, felt: LoopCars, picture: Picture, at_s: float) -> Iterator[Passage]:
        """Say the car on the loops once its plate is settled, or without one when it has stood or passed."""
        wanted = felt.wanted(at_s)
        if self._unplated is not None and (wanted is None or wanted.since_s > self._unplated[1]):
            self._unplated = None  # that car is gone
        if wanted is None:
            return
        said = self._tracks.say_nearest(
            at_s, wanted.direction, since_s=wanted.since_s, must_be_said=wanted.must_be_said
        )
        if said is not None:
            felt.said(is_read=True)
            yield self._one_car(of_track(said))
        elif wanted.must_be_said:
            felt.said(is_read=False)
            yield self._unplated_car(picture, at_s, wanted.direction)

    def _is_without_plate(self, is_there: bool, at_s: float) -> bool:
        """Something large has stood here since a while, and no plate was seen on it nor just before it."""
        if not is_there:
            self._there_since_s = self._unplated = None
            return False
        if self._there_since_s is None:
            self._there_since_s = at_s
        had_plate = self._seen_plate_at_s >= self._there_since_s - UNPLATED_S
        return (
            self._unplated is None
            and not had_plate
            and self._tracks.unsaid == 0
            and at_s - self._there_since_s >= UNPLATED_S
        )

    def _one_car(self, passage: Passage) -> Passage:
        """A plate that shows up soon after its car was said without one corrects that, and is no second car."""
        if not passage.is_correction and self._unplated is not None:
            car, said_at_s = self._unplated
            if passage.at_s - said_at_s <= UNPLATED_CORRECT_S:
                self._cars_of_tracks, self._unplated = {passage.car: car}, None
                return replace(passage, car=car, is_correction=True)
        return replace(passage, car=self._cars_of_tracks.get(passage.car, passage.car))

    def _unplated_car(self, picture: Picture, at_s: float, direction: Direction | None) -> Passage:
        self._cars += 1
        self._unplated = (-self._cars, at_s)
        return without_plate(-self._cars, picture, at_s, direction)
