"""Training patches for the refiner: plates of scenes and pasted ones, seen through corners as rough as the locator's."""

import random
from pathlib import Path

import cv2
import numpy as np

from lpr.training.scenes import ScenePictures
from lpr.vision.rectify import grown
from lpr.vision.refine import INNER, ROOM_X, ROOM_Y, UNIT_PX, WHOLE, patch_of

MIN_WIDTH = 22.0  # px in the view


def roughened(quad: np.ndarray, rng: random.Random) -> np.ndarray:
    """Corners as the locator errs on held-out scenes, and a little beyond: moved, stretched, turned, each on its own.

    Parts of the plate's height; about one in six is nearly right, so that a second pass does no harm.
    """
    strong = 0.15 if rng.random() < 0.16 else rng.choice([0.5, 1.0, 1.0, 1.6])
    across = ((quad[1] - quad[0]) + (quad[2] - quad[3])) / 2
    down = ((quad[3] - quad[0]) + (quad[2] - quad[1])) / 2
    centre = quad.mean(0)
    unit = np.linalg.inv(np.stack([across, down]))
    local = (quad - centre) @ unit  # about +-0.5
    local = local * np.float32([np.exp(rng.gauss(0, 0.08) * strong), np.exp(rng.gauss(0, 0.12) * strong)])
    local[:, 0] += local[:, 1] * rng.gauss(0, 0.03) * strong  # lean
    local[:, 1] += local[:, 0] * rng.gauss(0, 0.10) * strong  # turn
    local += np.float32([rng.gauss(0, 0.045) * strong, rng.gauss(0, 0.07) * strong])
    local += np.float32([[rng.gauss(0, 0.025), rng.gauss(0, 0.04)] for _ in range(4)]) * strong
    return (local @ np.stack([across, down]) + centre).astype(np.float32)


class CornerPatches:
    """Endless source of `(patch (64, 176, 3) uint8, offsets (8,) in units of 8 px, two rows 0/1, is a plate 0/1)`."""

    def __init__(self, data: Path, cache: Path, fonts: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.views = ScenePictures(data, cache, fonts, seed)
        self.waiting: list[tuple[np.ndarray, np.ndarray, float, float]] = []

    def __next__(self) -> tuple[np.ndarray, np.ndarray, float, float]:
        while not self.waiting:
            self._draw()
        return self.waiting.pop()

    def _draw(self) -> None:
        rng = self.rng
        view, quads, two_rows = next(self.views)
        side = view.shape[0]
        for quad, two in zip(quads, two_rows, strict=True):
            width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
            if ((quad < 0) | (quad >= side)).any() or width < MIN_WIDTH:
                continue
            for _ in range(3):
                self.waiting.append(self._seen(view, quad, float(two)))
        if rng.random() < 0.5:
            empty = self._elsewhere(quads, side)
            if empty is not None:
                self.waiting.append((patch_of(view, empty), np.zeros(8, np.float32), 0.0, 0.0))
        rng.shuffle(self.waiting)

    def _seen(
        self, view: np.ndarray, quad: np.ndarray, two: float
    ) -> tuple[np.ndarray, np.ndarray, float, float]:
        rough = roughened(quad, self.rng)
        if self.rng.random() < 0.15:  # a crop: nothing is seen beyond the plate's box
            low = np.maximum(np.floor(quad.min(0) - self.rng.uniform(-1, 4)), 0).astype(int)
            high = np.ceil(quad.max(0) + self.rng.uniform(-1, 4)).astype(int)
            view = view[low[1] : high[1], low[0] : high[0]]
            quad, rough = quad - low.astype(np.float32), rough - low.astype(np.float32)
        turn = cv2.getPerspectiveTransform(grown(rough, ROOM_X, ROOM_Y), WHOLE)
        true = cv2.perspectiveTransform(quad[None].astype(np.float32), turn)[0]
        return patch_of(view, rough), ((true - INNER) / UNIT_PX).ravel().astype(np.float32), two, 1.0

    def _elsewhere(self, quads: np.ndarray, side: int) -> np.ndarray | None:
        """A quad of a plate's shape that meets no plate."""
        rng = self.rng
        w = np.exp(rng.uniform(np.log(24), np.log(200)))
        h = w * rng.uniform(0.22, 0.55)
        x, y = rng.uniform(0, side - w), rng.uniform(0, side - h)
        for quad in quads:
            low, high = quad.min(0), quad.max(0)
            if x < high[0] and x + w > low[0] and y < high[1] and y + h > low[1]:
                return None
        lean = rng.gauss(0, 0.1) * h
        return np.float32([[x, y], [x + w, y + lean], [x + w, y + h + lean], [x, y + h]])
