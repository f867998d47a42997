"""Straighten a plate by its four corners into what the readers take."""

from typing import cast

import cv2
import numpy as np

from lpr.vision.picture import Corners, Picture, as_picture

READER_H, READER_W = 48, 168
# of width and height: the readers agreed most often of six tried (scenes, first half)
MARGIN_X, MARGIN_Y = 0.03, 0.08
TOP_ROW_TO, BOTTOM_ROW_FROM = 5 / 12, 1 / 3  # GA 36 two-row plates: rows overlap so that neither is cut
FINE = 2.0  # the plate is not sampled finer than this times what the reader takes


def whole(picture: Picture) -> Corners:
    """The corners of the picture itself, for a picture that is one plate."""
    h, w = picture.shape[:2]
    return np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)


def rectify(picture: Picture, corners: Corners, *, two_rows: bool, margin: bool = True) -> Picture:
    """`(48, 168, 3) uint8`: the plate seen straight on, two rows laid side by side."""
    wide = grown(corners) if margin else corners
    if not two_rows:
        return straight(picture, wide, READER_W, READER_H)
    return stitched(straight(picture, wide, READER_W, READER_H * 3 // 2))


def stitched(picture: Picture) -> Picture:
    """A straight two-row plate as one row: top 0 to 5/12 beside bottom 1/3 to 1."""
    h, w = picture.shape[:2]
    bottom = picture[round(h * BOTTOM_ROW_FROM) :]
    top = cv2.resize(picture[: round(h * TOP_ROW_TO)], (w, bottom.shape[0]))
    return as_picture(
        cv2.resize(np.hstack([top, bottom]), (READER_W, READER_H), interpolation=cv2.INTER_AREA)
    )


def grown(corners: Corners, margin_x: float = MARGIN_X, margin_y: float = MARGIN_Y) -> Corners:
    """The corners moved outward by the margins (parts of width and height), along the plate's own sides."""
    tl, tr, br, bl = corners
    across, down = ((tr - tl) + (br - bl)) / 2, ((bl - tl) + (br - tr)) / 2
    x, y = across * margin_x, down * margin_y
    return cast(Corners, np.array([tl - x - y, tr + x - y, br + x + y, bl - x + y], np.float32))


def straight(picture: Picture, corners: Corners, w: int, h: int) -> Picture:
    """`(h, w, 3) uint8`: what lies between the corners; beyond the picture its edge goes on."""
    part, local = _cut(picture, corners)
    longest = max(float(np.linalg.norm(local[1] - local[0])), float(np.linalg.norm(local[2] - local[3])), 1.0)
    shrink = FINE * w / longest
    if shrink < 1:
        small = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        local = local * np.array([small.shape[1] / part.shape[1], small.shape[0] / part.shape[0]], np.float32)
        part = as_picture(small)
    goal = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    turn = cv2.getPerspectiveTransform(local.astype(np.float32), goal)
    flat = cv2.warpPerspective(part, turn, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return as_picture(flat)


def _cut(picture: Picture, corners: Corners) -> tuple[Picture, Corners]:
    """The part of the picture around the corners, and the corners in it: shrinking a whole scene is slow."""
    h, w = picture.shape[:2]
    x0, y0 = (int(v) for v in np.clip(np.floor(corners.min(0)) - 2, 0, [w - 1, h - 1]))
    x1, y1 = (int(v) for v in np.clip(np.ceil(corners.max(0)) + 3, [x0 + 1, y0 + 1], [w, h]))
    return picture[y0:y1, x0:x1], (corners - np.array([x0, y0], np.float32)).astype(np.float32)
