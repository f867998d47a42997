"""Rough corners made precise."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.demo import draw_plate
from lpr.rules.plate import Kind
from lpr.vision.locate import Located, is_plate_shaped
from lpr.vision.picture import Corners, Picture
from lpr.vision.refine import INNER, Refiner, from_patch, patch_of

SIDE = st.floats(-6, 6)


@pytest.fixture(scope="module")
def refiner() -> Refiner:
    return Refiner()


def scene(text: str, kind: Kind, width: int) -> tuple[Picture, Corners]:
    """A drawn plate, a little tilted, on a grey car; and its true corners."""
    plate = draw_plate(text, kind)
    high = width * plate.shape[0] / plate.shape[1]
    true = np.array(
        [[200, 150], [200 + width, 158], [198 + width, 158 + high], [197, 150 + high]], np.float32
    )
    h, w = plate.shape[:2]
    turn = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), true)
    picture = np.full((480, 640, 3), 96, np.uint8)
    cv2.rectangle(picture, (120, 100), (560, 400), (130, 128, 126), -1)
    small = cv2.warpPerspective(plate, turn, (640, 480), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((h, w), 255, np.uint8), turn, (640, 480))
    picture[mask > 127] = small[mask > 127]
    return picture, true


def found(corners: Corners, two_rows: float = 0.0) -> Located:
    return Located(corners=corners, score=0.9, two_rows=two_rows)


@pytest.mark.parametrize(
    ("text", "kind", "width"),
    [("苏F9K210", Kind.BLUE, 220), ("苏F9K210", Kind.BLUE, 90), ("沪AD12345", Kind.GREEN, 160)],
)
def test_corners_that_cut_off_a_character_are_put_right(
    refiner: Refiner, text: str, kind: Kind, width: int
) -> None:
    picture, true = scene(text, kind, width)
    height = float(true[3, 1] - true[0, 1])
    rough = true + np.array([[8, -6], [-12, 4], [-10, 6], [6, 5]], np.float32) * (width / 220)
    better = refiner.refine(picture, [found(rough)], passes=2)[0]
    before = float(np.linalg.norm(rough - true, axis=1).mean()) / height
    after = float(np.linalg.norm(better.corners - true, axis=1).mean()) / height
    assert after < 0.1
    assert after < before / 1.5
    assert better.plate > 0.5


def test_two_rows_are_told_from_one(refiner: Refiner) -> None:
    pictures = [scene("皖A12345", Kind.YELLOW2, 180), scene("皖A12345", Kind.YELLOW1, 180)]
    two, one = (refiner.refine(picture, [found(true)])[0].two_rows for picture, true in pictures)
    assert two > 0.5 > one


def test_an_empty_wall_is_no_plate(refiner: Refiner) -> None:
    wall = np.full((300, 400, 3), 180, np.uint8)
    quad = np.array([[100, 100], [240, 100], [240, 145], [100, 145]], np.float32)
    seen = refiner.refine(wall, [found(quad)])[0]
    assert seen.plate < 0.5
    assert is_plate_shaped(seen.corners)


def test_nothing_found_stays_nothing(refiner: Refiner) -> None:
    assert refiner.refine(np.zeros((100, 100, 3), np.uint8), [], passes=2) == []


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
def test_the_patch_of_a_parallelogram_maps_back_onto_it(
    lean: tuple[float, float], turn: tuple[float, float]
) -> None:
    across = np.array([90 + turn[0], turn[1]], np.float32)
    down = np.array([lean[0], 33 + lean[1]], np.float32)
    start = np.array([100, 60], np.float32)
    quad = np.stack([start, start + across, start + across + down, start + down])
    assert np.abs(from_patch(INNER, quad) - quad).max() < 0.05


def test_a_patch_may_reach_beyond_the_picture() -> None:
    picture = np.full((40, 120, 3), 50, np.uint8)
    patch = patch_of(picture, np.array([[0, 0], [120, 0], [120, 40], [0, 40]], np.float32))
    assert patch.shape == (64, 176, 3)
    assert (patch == 50).all()
