"""Make rough corners precise: our own net, `lpr/models/refiner.onnx`, on the plate with some room around it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.vision.locate import Located, is_plate_shaped
from lpr.vision.picture import Corners, Picture
from lpr.vision.rectify import grown, straight
from lpr.vision.sessions import MODELS, open_session

PATCH_H, PATCH_W = 64, 176
ROOM_X, ROOM_Y = 0.20, 0.40  # around the rough corners, parts of width and height
UNIT_PX = 8.0  # of the net's offsets
INNER = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * np.array(
    [PATCH_W / (1 + 2 * ROOM_X), PATCH_H / (1 + 2 * ROOM_Y)], np.float32
) + np.array(
    [PATCH_W * ROOM_X / (1 + 2 * ROOM_X), PATCH_H * ROOM_Y / (1 + 2 * ROOM_Y)], np.float32
)  # where the rough corners lie in the patch
WHOLE = np.array([[0, 0], [PATCH_W, 0], [PATCH_W, PATCH_H], [0, PATCH_H]], np.float32)


def patch_of(picture: Picture, corners: Corners) -> Picture:
    """`(64, 176, 3) uint8`: the plate between rough corners, straight, with room around it."""
    return straight(picture, grown(corners, ROOM_X, ROOM_Y), PATCH_W, PATCH_H)


def from_patch(points: Corners, corners: Corners) -> Corners:
    """Points of the patch around `corners`, in the picture's pixels."""
    back = cv2.getPerspectiveTransform(WHOLE, grown(corners, ROOM_X, ROOM_Y))
    return np.asarray(cv2.perspectiveTransform(points[None].astype(np.float32), back)[0], np.float32)


class Refiner:
    """Makes corners precise. One for each worker thread."""

    def __init__(self, path: Path = MODELS / "refiner.onnx", threads: int = 1) -> None:
        self._session = open_session(path, threads)

    def refine(self, picture: Picture, rough: Sequence[Located], passes: int = 1) -> list[Located]:
        """The same plates with better corners and the refiner's posterior of two rows.

        A plate whose corners come out in no plate's shape keeps the ones it had.
        """
        plates = list(rough)
        for _ in range(passes if plates else 0):
            patches = np.stack([patch_of(picture, plate.corners) for plate in plates])
            offsets, posteriors = self._session.run(None, {"patches": patches})
            plates = [
                _moved(plate, offset, posterior)
                for plate, offset, posterior in zip(plates, offsets, posteriors, strict=True)
            ]
        return plates


def _moved(plate: Located, offsets: NDArray[np.float32], posteriors: NDArray[np.float32]) -> Located:
    corners = from_patch(INNER + offsets.reshape(4, 2), plate.corners)
    if not is_plate_shaped(corners):
        return plate
    return replace(plate, corners=corners, two_rows=float(posteriors[0]), plate=float(posteriors[1]))
