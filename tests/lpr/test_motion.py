"""A glance at a frame: does something move, is something as large as a car there; and how often to look for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.rules.attention import look_after_s
from lpr.track import WAY_S
from lpr.tracks import GONE_S
from lpr.vision.motion import ABSENT_S, PRESENT_S, Glance, Presence, has_moved, thumbnail
from lpr.vision.picture import Picture

STEP_S = 0.08


class Lane:
    """Frames of an empty lane with grain, and a grey block where a car is."""

    def __init__(self, noise: float = 5.0, seed: int = 1) -> None:
        self.presence, self.at_s = Presence(), 0.0
        self._noise, self._rng = noise, np.random.default_rng(seed)
        floor = np.linspace(70, 120, 270)[:, None, None] * np.ones((270, 480, 3))
        self._floor = floor.astype(np.float32)

    def frame(self, car_x: int | None = None, light: float = 0.0) -> Picture:
        scene = self._floor + light
        if car_x is not None:
            scene[60:240, car_x : car_x + 200] = 190
        grain = self._rng.normal(0, self._noise, scene.shape)
        return np.clip(scene + grain, 0, 255).astype(np.uint8)

    def show(self, car_x: int | None = None, *, light: float = 0.0, frames: int = 1) -> list[Glance]:
        seen = []
        for _ in range(frames):
            self.at_s += STEP_S
            seen.append(self.presence.update(self.frame(car_x, light), self.at_s))
        return seen


@pytest.mark.parametrize("noise", [0.0, 5.0, 15.0])
def test_an_empty_lane_shows_neither_motion_nor_a_car(noise: float) -> None:
    lane = Lane(noise)
    lane.show()
    seen = lane.show(frames=50)
    assert not any(glance.is_moving or glance.is_there for glance in seen)


def test_a_car_that_stands_is_there_after_a_moment_and_moves_no_more() -> None:
    lane = Lane()
    lane.show(frames=20)
    assert lane.show(140)[0] == Glance(is_moving=True, is_there=False)
    seen = lane.show(140, frames=40)
    first = next(i for i, glance in enumerate(seen) if glance.is_there)
    assert first * STEP_S == pytest.approx(PRESENT_S, abs=2 * STEP_S)
    assert all(glance.is_there for glance in seen[first:])
    assert not any(glance.is_moving for glance in seen[10:])


def test_a_car_that_leaves_is_gone_after_a_moment() -> None:
    lane = Lane()
    lane.show(frames=20)
    lane.show(140, frames=40)
    seen = lane.show(frames=30)
    last = max(i for i, glance in enumerate(seen) if glance.is_there)
    assert last * STEP_S == pytest.approx(ABSENT_S, abs=3 * STEP_S)


def test_a_car_hidden_for_the_moment_of_one_dark_frame_stays() -> None:
    lane = Lane()
    lane.show(frames=20)
    lane.show(140, frames=40)
    assert lane.show(frames=2)[-1].is_there
    assert lane.show(140)[0].is_there


def test_light_that_changes_everywhere_is_neither() -> None:
    lane = Lane()
    lane.show(frames=20)
    seen = lane.show(light=40.0, frames=40)
    assert not any(glance.is_moving or glance.is_there for glance in seen)


def test_a_creeping_car_is_noticed() -> None:
    lane = Lane()
    lane.show(frames=20)
    lane.show(100, frames=20)
    seen = [glance for i in range(40) for glance in lane.show(100 + i // 2)]
    assert sum(glance.is_moving for glance in seen) > 30


def test_a_person_is_motion_but_no_car() -> None:
    lane = Lane()
    lane.show(frames=20)
    small = []
    for i in range(30):
        frame = lane.frame()
        frame[100:180, 50 + 8 * i : 75 + 8 * i] = 200
        lane.at_s += STEP_S
        small.append(lane.presence.update(frame, lane.at_s))
    assert all(glance.is_moving for glance in small[1:])
    assert not any(glance.is_there for glance in small)


@given(st.integers(0, 60), st.integers(40, 300), st.integers(40, 300))
def test_the_same_frame_twice_has_not_moved(seed: int, height: int, width: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    assert thumbnail(frame).shape == (36, 64)
    assert not has_moved(thumbnail(frame), thumbnail(frame))


def test_a_car_still_to_be_said_is_looked_at_at_once_and_a_quiet_lane_seldom() -> None:
    assert look_after_s(is_moving=False, unsaid=1, said=0) == 0
    moving = look_after_s(is_moving=True, unsaid=0, said=0)
    behind = look_after_s(is_moving=True, unsaid=0, said=1)
    standing = look_after_s(is_moving=False, unsaid=0, said=1)
    assert moving < behind < standing < look_after_s(is_moving=False, unsaid=0, said=0)
    assert standing < GONE_S
    assert moving < WAY_S
