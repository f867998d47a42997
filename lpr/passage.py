"""A car as a camera's loop hands it on, before it has an identifier and a place in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from facility.layout import Direction
from lpr.reader import Look
from lpr.rules.match import distance
from lpr.rules.plate import Kind
from lpr.rules.way import Motion
from lpr.tracks import Said
from lpr.vision.picture import Picture

SURE_BESIDE_CLAIM = 0.9  # our confidence from which the camera's own reader counts as the second one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Passage:
    """One car.

    Attributes:
        car: the same for a passage and its correction.
        text: empty when a car was seen whose plate could not be read.
        motion: by its plate in the picture; approaching is the direction of the camera's lane.
        direction: by a line or loops, which know better; `None` where there are none.
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
    direction: Direction | None = None
    origin: str = "reader"
    id: UUID | None = None


def without_plate(car: int, picture: Picture, at_s: float, direction: Direction | None) -> Passage:
    """A car of which no plate was seen."""
    return Passage(
        car=car,
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
        direction=direction,
    )


def of_track(said: Said) -> Passage:
    """What a track said."""
    best = best_with(said.looks, said.verdict.text)
    return Passage(
        car=said.track,
        text=said.verdict.text,
        raw_text=best.raw_text if best else "",
        kind=best.kind if best else Kind.OTHER,
        confidence=min(1.0, said.verdict.confidence),
        char_confidence=said.verdict.char_confidence,
        accepted=said.accepted,
        looks=said.verdict.agreeing,
        motion=said.motion,
        is_correction=said.is_correction,
        picture=said.frame,
        box=best.box if best else None,
        at_s=said.decided_at_s,
        direction=said.direction,
    )


def of_still(car: int, looks: Sequence[Look], picture: Picture, at_s: float, read_id: UUID | None) -> Passage:
    """A still, which is a car by itself: its surest and largest plate."""
    best = max(looks, key=lambda k: (k.text != "", k.score * k.height_px), default=None)
    return Passage(
        car=car,
        text=best.text if best else "",
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
        at_s=at_s,
        id=read_id,
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


def best_with(looks: Sequence[Look], text: str) -> Look | None:
    """The first (best) look that says this text, else the first."""
    return next((k for k in looks if k.text == text), looks[0] if looks else None)
