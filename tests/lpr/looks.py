"""Looks for tests, without any model."""

import numpy as np

from lpr.reader import Heard, Look
from lpr.rules.plate import CHARS, COLOURS, Kind


def look(
    text: str, x: float, y: float = 300.0, *, width: float = 150.0, sure: float = 0.95, accepted: bool = True
) -> Look:
    """A look at a one-row plate whose centre is at `x, y`."""
    w, h = width / 2, width / 6
    return Look(
        text=text,
        raw_text=text,
        kind=Kind.BLUE,
        confidence=sure if text else 0.0,
        char_confidence=(sure,) * len(text),
        accepted=accepted and bool(text),
        corners=np.array([[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]], np.float32),
        height_px=2 * h,
        sharpness=40.0,
        score=0.9,
        two_rows=0.0,
        heard=Heard(
            plate=np.zeros((48, 168, 3), np.uint8),
            lattice=np.zeros((42, len(CHARS) + 1), np.float32),
            colours=dict.fromkeys(COLOURS, 1 / 6),
        ),
    )
