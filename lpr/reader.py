"""One picture in, looks out: locate, straighten, recognise, grammar."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from lpr.rules.confidence import all_right, plate_confidence
from lpr.rules.ctc import Lattice
from lpr.rules.lattice import Decoded, decode, texts_of
from lpr.rules.plate import Kind, colour_agrees, kind_of
from lpr.vision.locate import SURE_SCORE, Located, Locator, apart
from lpr.vision.picture import Corners, Picture
from lpr.vision.recognise import OwnReader, PaddleReader
from lpr.vision.rectify import rectify, whole
from lpr.vision.refine import Refiner

Readers = Literal["b", "both"]
# Confidence from which a look may open a gate. On the first half no wrong text comes near it with these weights; with
# snapshots of training before them 皖QA2825 read 皖DA2825 by both readers stood just below (a product of 0.44).
ACCEPT = 0.985
OWN_WEIGHT = 0.5  # of reader B beside reader A; 0.4 to 1 differ by one plate on the first half
REFINE_PASSES = 2  # held-out corners are off by 9 % of the height before, 5 % after one, 4 % after two
MIN_POSTERIOR = 0.03  # product over the characters from which a faint find is a plate
SEEN = 0.5  # the refiner's posterior from which there is a plate at all, and its corners are those of a crop's plate
READABLE = 0.01  # from which a sure find's text is more than noise: plates from 0.07, grilles to 0.0006
TWO_ROW_ASPECT = (
    0.40  # a crop this high for its width may be a two-row plate (0.5) or a tilted one-row plate (0.32)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """What reader B heard on one straightened plate, kept so that reader A can be asked later."""

    plate: Picture
    lattice: Lattice
    colours: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """One picture's opinion of one plate.

    Attributes:
        text: as the grammar allows it; empty when nothing readable fits.
        raw_text: reader B's best path without grammar.
        kind: plate kind.
        confidence: calibrated probability that `text` is right.
        char_confidence: one for each character.
        accepted: both readers, colour and grammar agree and the confidence is high: a gate may open by it.
        corners: in the picture's pixels.
        height_px: plate height.
        sharpness: deviation of the Laplacian on the straightened plate; for weighing looks.
        score: the locator's, 1 for a crop.
        two_rows: the locator's posterior of two rows.
        heard: what reader B heard.
    """

    text: str
    raw_text: str
    kind: Kind
    confidence: float
    char_confidence: tuple[float, ...]
    accepted: bool
    corners: Corners
    height_px: float
    sharpness: float
    score: float
    two_rows: float
    heard: Heard

    @property
    def located(self) -> Located:
        """Where the plate was found."""
        return Located(corners=self.corners, score=self.score, two_rows=self.two_rows)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Upright box around the corners: x, y, width, height."""
        low, high = np.floor(self.corners.min(0)), np.ceil(self.corners.max(0))
        return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


class PlateReader:
    """Holds the models. One for each worker thread."""

    def __init__(self, *, threads: int = 2, with_a: bool = True) -> None:
        self._locator = Locator(threads=threads)
        self._refiner = Refiner(threads=threads)
        self._own = OwnReader(threads=threads)
        self._paddle = PaddleReader(threads=threads) if with_a else None

    def read(
        self, picture: Picture, readers: Readers = "both", *, thorough: bool = True, fine: bool = True
    ) -> list[Look]:
        """Every plate in a scene, surest first. Plates no text could be read from have an empty `text`.

        `thorough` looks twice at large pictures; frames of a film, which come again, do without, and most of them
        without the `fine` look at what the first one found nothing in.
        """
        rough = self._locator.locate(picture, thorough=thorough, fine=fine)
        refined = self._refiner.refine(picture, rough, passes=REFINE_PASSES)
        found = apart([plate for plate in refined if plate.plate >= SEEN])
        plates = [rectify(picture, p.corners, two_rows=p.two_rows > 0.5) for p in found]
        heard = self._own.read(plates)
        looks = [
            self._look(Heard(plate=plate, lattice=lattice, colours=colours), located, readers)
            for plate, (lattice, colours), located in zip(plates, heard, found, strict=True)
        ]
        return [_without_noise(look) for look in looks if _is_credible(look)]

    def read_crop(self, picture: Picture, readers: Readers = "both") -> Look:
        """A picture that is one plate already."""
        h, w = picture.shape[:2]
        box = Located(corners=whole(picture), score=1.0, two_rows=0.0)
        refined = self._refiner.refine(picture, [box])[0]
        is_seen = refined.plate >= SEEN
        located = refined if is_seen else box
        shapes = [False, True] if h / w > TWO_ROW_ASPECT else [False]
        plates = [rectify(picture, located.corners, two_rows=two, margin=is_seen) for two in shapes]
        looks = [
            self._look(
                Heard(plate=plate, lattice=lattice, colours=colours),
                replace(located, two_rows=float(two)),
                readers,
            )
            for plate, (lattice, colours), two in zip(plates, self._own.read(plates), shapes, strict=True)
        ]
        return max(looks, key=lambda look: look.confidence)

    def confirm(self, look: Look) -> Look:
        """The same look with reader A asked as well."""
        return self._look(look.heard, look.located, "both")

    def _look(self, heard: Heard, located: Located, readers: Readers) -> Look:
        two_rows = located.two_rows > 0.5
        colour = max(heard.colours, key=lambda name: heard.colours[name])
        texts = texts_of(heard.lattice)
        own = decode([heard.lattice], heard.colours, two_rows, texts)
        best, agree, count = own, False, 1
        if readers == "both" and self._paddle is not None:
            best, agree = self._heard_twice(self._paddle, heard, own, texts, two_rows)
            count = 2
        confidence = plate_confidence(best.char_confidence, readers=count, agree=agree)
        return Look(
            text=best.text,
            raw_text=own.raw_text,
            kind=kind_of(best.pattern, colour, two_rows),
            confidence=confidence,
            char_confidence=best.char_confidence,
            accepted=agree and colour_agrees(best.pattern, colour) and confidence >= ACCEPT,
            corners=located.corners,
            height_px=located.height,
            sharpness=_sharpness(heard.plate),
            score=located.score,
            two_rows=located.two_rows,
            heard=heard,
        )

    def _heard_twice(
        self, paddle: PaddleReader, heard: Heard, own: Decoded, own_texts: list[str], two_rows: bool
    ) -> tuple[Decoded, bool]:
        """Both readers' text, and whether each alone says the same."""
        other = paddle.read(heard.plate)
        other_texts = texts_of(other)
        alone = decode([other], heard.colours, two_rows, other_texts)
        lattices = [heard.lattice * OWN_WEIGHT, other]
        both = decode(lattices, heard.colours, two_rows, own_texts + other_texts)
        return both, own.text != "" and own.text == alone.text == both.text


def _is_credible(look: Look) -> bool:
    """A faint find counts only where something readable stands in it."""
    return look.score >= SURE_SCORE or all_right(look.char_confidence) >= MIN_POSTERIOR


def _without_noise(look: Look) -> Look:
    """The same look, its text empty where the characters are as unsure as on a grille or a shop sign."""
    if all_right(look.char_confidence) >= READABLE:
        return look
    return replace(look, text="", confidence=0.0, char_confidence=(), accepted=False)


def _sharpness(plate: Picture) -> float:
    grey = cv2.cvtColor(plate, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std())
