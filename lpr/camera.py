"""One camera's loop: frames to looks, looks to what is said of each car."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from lpr.reader import Look, PlateReader
from lpr.rules.match import distance
from lpr.rules.plate import Kind
from lpr.rules.vote import NOTHING, vote
from lpr.rules.way import Motion
from lpr.source import Frame, Source
from lpr.tracks import CORRECT_S, SAME_CAR, Said, Tracks, opinion_of, quality
from lpr.vision.motion import Presence
from lpr.vision.picture import Picture

CONFIRMED_LOOKS = 3  # reader A is asked about so many of a car's best looks
SURE_BESIDE_CLAIM = 0.9  # our confidence from which the camera's own reader counts as the second one
UNPLATED_S = 2.0  # as long in the picture without a plate: a car that shows none
STILL_REPEAT_S = 10.0  # a still of the same plate this soon is the same car


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Passage:
    """A car as the camera's loop hands it on, before it has an identifier and a place in the database.

    Attributes:
        car: the same for a passage and its correction.
        text: empty when a car was seen whose plate could not be read.
        picture: of the best look; `None` where none was kept.
        at_s: moment of the deciding frame on the monotonic clock.
        origin: `reader`, or whose camera's claim stands in the text.
        id: given by a still, else `None`.
    """

    car: int
    text: str
    raw_text: str
    kind: Kind
    confidence: float
    char_confidence: tuple[float, ...]
    accepted: bool
    looks: int
    motion: Motion
    is_correction: bool
    picture: Picture | None
    box: tuple[int, int, int, int] | None
    at_s: float
    origin: str = "reader"
    id: UUID | None = None


class SharedReader:
    """One set of models for all cameras of a process: memory for one, one picture at a time."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader, self._turn = reader, threading.Lock()

    def read(self, picture: Picture, readers: Literal["b", "both"]) -> list[Look]:
        """As `PlateReader.read`."""
        with self._turn:
            return self._reader.read(picture, readers, thorough=readers == "both")

    def confirm(self, look: Look) -> Look:
        """As `PlateReader.confirm`."""
        with self._turn:
            return self._reader.confirm(look)


class CameraLoop:
    """Turns a source's frames into passages, one a car."""

    def __init__(self, source: Source, reader: SharedReader) -> None:
        self.source, self._reader = source, reader
        self._tracks, self._presence = Tracks(), Presence()
        self._cars = 0
        self._last_still: tuple[str, float] | None = None
        self._seen_plate_at_s = -1e9
        self._there_since_s: float | None = None
        self._unplated: tuple[int, float] | None = None  # the car said without a plate, and when
        self._cars_of_tracks: dict[int, int] = {}

    def passages(
        self, stop: threading.Event, on_fault: Callable[[Frame], None]
    ) -> Iterator[tuple[Passage | None, Frame]]:
        """Passages as they are decided, each with its frame.

        A still that is the same car again comes with `None`, so that the caller can put it away.
        """
        at_s = 0.0
        for frame in self.source.frames(stop):
            at_s = frame.at_s
            if frame.picture is None:
                on_fault(frame)
            elif frame.is_still:
                yield self._still(frame, frame.picture), frame
            else:
                for passage in self._live(frame, frame.picture):
                    yield passage, frame
        for said in self._tracks.finish(at_s):
            yield self._one_car(self._settled(said)), Frame(picture=None, at_s=at_s)

    def _still(self, frame: Frame, picture: Picture) -> Passage | None:
        looks = self._reader.read(picture, "both")
        best = max(looks, key=lambda k: (k.text != "", k.score * k.height_px), default=None)
        text = best.text if best else ""
        if text and self._last_still is not None:
            known, when = self._last_still
            if frame.at_s - when < STILL_REPEAT_S and distance(known, text) <= SAME_CAR:
                return None
        if text:
            self._last_still = (text, frame.at_s)
        self._cars += 1
        passage = Passage(
            car=-self._cars,
            text=text,
            raw_text=best.raw_text if best else "",
            kind=best.kind if best else Kind.OTHER,
            confidence=best.confidence if best else 0.0,
            char_confidence=best.char_confidence if best else (),
            accepted=best.accepted if best else False,
            looks=1 if best else 0,
            motion="still",
            is_correction=False,
            picture=picture,
            box=best.box if best else None,
            at_s=frame.at_s,
            id=frame.id,
        )
        return passage if frame.claim is None else beside_claim(passage, frame.claim)

    def _live(self, frame: Frame, picture: Picture) -> Iterator[Passage]:
        looks = self._reader.read(picture, "b")
        said = self._tracks.update(looks, frame.at_s, picture)
        if said or any(look.text for look in looks):
            self._seen_plate_at_s = frame.at_s
        for one in said:
            yield self._one_car(self._settled(one))
        if self._is_without_plate(self._presence.update(picture, frame.at_s), frame.at_s):
            yield self._unplated_car(picture, frame.at_s)

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
            and self._tracks.unsettled == 0
            and at_s - self._there_since_s >= UNPLATED_S
        )

    def _one_car(self, passage: Passage) -> Passage:
        """A plate that shows up soon after its car was said without one corrects that, and is no second car."""
        if not passage.is_correction and self._unplated is not None:
            car, said_at_s = self._unplated
            if passage.at_s - said_at_s <= CORRECT_S:
                self._cars_of_tracks, self._unplated = {passage.car: car}, None
                return replace(passage, car=car, is_correction=True)
        return replace(passage, car=self._cars_of_tracks.get(passage.car, passage.car))

    def _unplated_car(self, picture: Picture, at_s: float) -> Passage:
        self._cars += 1
        self._unplated = (-self._cars, at_s)
        return Passage(
            car=-self._cars,
            text="",
            raw_text="",
            kind=Kind.OTHER,
            confidence=0.0,
            char_confidence=(),
            accepted=False,
            looks=0,
            motion="still",
            is_correction=False,
            picture=picture.copy(),
            box=None,
            at_s=at_s,
        )

    def _settled(self, said: Said) -> Passage:
        """Ask reader A about the best looks, and vote again."""
        confirmed = [self._reader.confirm(look) for look in said.looks[:CONFIRMED_LOOKS]]
        looks = confirmed + list(said.looks[CONFIRMED_LOOKS:])
        verdict = vote([opinion_of(look) for look in looks]) if confirmed else NOTHING
        best = _best(looks, verdict.text)
        return Passage(
            car=said.track,
            text=verdict.text,
            raw_text=best.raw_text if best else "",
            kind=best.kind if best else Kind.OTHER,
            confidence=min(1.0, verdict.confidence),
            char_confidence=verdict.char_confidence,
            accepted=_is_accepted(confirmed, verdict.text),
            looks=verdict.agreeing,
            motion=said.motion,
            is_correction=said.is_correction,
            picture=said.frame,
            box=best.box if best else None,
            at_s=said.decided_at_s,
        )


def beside_claim(passage: Passage, claim: Mapping[str, Any]) -> Passage:
    """Our reading of a picture beside what the camera read in it itself.

    Two readers that agree open the gate. Where ours could read nothing, the camera's text stands for the attendant
    to see; where they differ ours stands. Neither opens the gate.
    """
    claimed = str(claim.get("text", ""))
    if not claimed:
        return passage
    if not passage.text:
        return replace(passage, text=claimed, origin=str(claim["origin"]), accepted=False, char_confidence=())
    agree = distance(passage.text, claimed) == 0
    return replace(passage, accepted=agree and passage.confidence >= SURE_BESIDE_CLAIM)


def _best(looks: Sequence[Look], text: str) -> Look | None:
    return max((k for k in looks if k.text == text), key=quality, default=looks[0] if looks else None)


def _is_accepted(confirmed: Sequence[Look], text: str) -> bool:
    """Some look was accepted with this text and none with another."""
    texts = {look.text for look in confirmed if look.accepted}
    return bool(text) and texts == {text}
