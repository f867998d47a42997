"""Find plates in a picture: our own net, `lpr/models/locator.onnx`."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.vision.picture import Corners, Picture
from lpr.vision.sessions import MODELS, open_session

STRIDE = 8
COARSE, FINE = (
    640,
    1280,
)  # longest side in the net's pixels: first look, and a second where the first saw nothing
FINE_FROM = 1200  # a 16 px plate has 8.5 px in the first look here, too few to be found
LINEAR_FROM = 0.5  # less shrinking than this needs no averaging, which costs ten times as much
MIN_SCORE = 0.35
SURE_SCORE = 0.5
MAX_PLATES = 12
PAD = 114


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """A plate in a picture.

    Attributes:
        corners: in the picture's pixels.
        score: the locator's, 0..1.
        two_rows: posterior of two rows.
        plate: the refiner's posterior that a plate stands there at all; 1 where it was not asked.
    """

    corners: Corners
    score: float
    two_rows: float
    plate: float = 1.0

    @property
    def height(self) -> float:
        """Mean height in pixels."""
        tl, tr, br, bl = self.corners
        return float(np.linalg.norm(bl - tl) + np.linalg.norm(br - tr)) / 2

    @property
    def width(self) -> float:
        """Mean width in pixels."""
        tl, tr, br, bl = self.corners
        return float(np.linalg.norm(tr - tl) + np.linalg.norm(br - bl)) / 2


class Locator:
    """Finds plates. One for each worker thread."""

    def __init__(self, path: Path = MODELS / "locator.onnx", threads: int = 2) -> None:
        self._session = open_session(path, threads)

    def locate(self, picture: Picture, *, thorough: bool = True, fine: bool = True) -> list[Located]:
        """Plates in the picture, surest first, at most `MAX_PLATES`.

        A picture too large for small plates to survive the first look is looked at again twice as fine: always when
        `thorough`, else only when `fine` and nothing sure was seen. What only the second look saw must be sure.
        """
        found = self._look(picture, COARSE)
        again = FINE_FROM if thorough else COARSE
        is_unsure = fine and not any(p.score >= SURE_SCORE for p in found)
        if max(picture.shape[:2]) > again and (thorough or is_unsure):
            found = apart(found + [p for p in self._look(picture, FINE) if p.score >= SURE_SCORE])
        return found[:MAX_PLATES]

    def _look(self, picture: Picture, side: int) -> list[Located]:
        h, w = picture.shape[:2]
        k = min(1.0, side / max(h, w))
        how = cv2.INTER_LINEAR if k >= LINEAR_FROM else cv2.INTER_AREA
        small = picture if k == 1 else cv2.resize(picture, None, fx=k, fy=k, interpolation=how)
        sh, sw = small.shape[:2]
        canvas = np.full((1, -(-sh // 32) * 32, -(-sw // 32) * 32, 3), PAD, np.uint8)
        canvas[0, :sh, :sw] = small
        scores, corners = self._session.run(None, {"pictures": canvas})
        back = np.array([w / sw, h / sh], np.float32)
        return apart(_peaks(scores[0], corners[0], back))


def _peaks(
    scores: NDArray[np.float32], corners: NDArray[np.float32], back: NDArray[np.float32]
) -> list[Located]:
    found = []
    for y, x in np.argwhere(scores[0] >= MIN_SCORE):
        centre = np.array([x + 0.5, y + 0.5], np.float32) * STRIDE
        quad = (corners[:, y, x].reshape(4, 2) + centre) * back
        if is_plate_shaped(quad):
            found.append(
                Located(
                    corners=quad.astype(np.float32),
                    score=float(scores[0, y, x]),
                    two_rows=float(scores[1, y, x]),
                )
            )
    return found


def is_plate_shaped(quad: Corners) -> bool:
    """Convex, clockwise on the screen, wider than high."""
    tl, tr, br, bl = quad
    wide = float(np.linalg.norm(tr - tl) + np.linalg.norm(br - bl))
    high = float(np.linalg.norm(bl - tl) + np.linalg.norm(br - tr))
    return bool(cv2.isContourConvex(quad.astype(np.float32))) and high >= 8 and 1.1 * high < wide < 9 * high


def apart(found: list[Located]) -> list[Located]:
    """Surest first, without those whose centre lies on a surer one."""
    kept: list[Located] = []
    for plate in sorted(found, key=lambda p: -p.score):
        centre = plate.corners.mean(0)
        if all(np.linalg.norm(centre - k.corners.mean(0)) > 0.6 * max(k.height, plate.height) for k in kept):
            kept.append(plate)
    return kept
