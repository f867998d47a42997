"""Drawn films of cars that pass a gate, 1920 x 1080 at 25 frames/s: for measuring, drawn as quickly as they play.

Each car is drawn once, large, and laid into the frames at its size; its plate has the glyphs of `demo.draw_plate`.
Nothing here is shown as a photograph.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lpr.demo import BODIES, draw_car, draw_lane, draw_plate, mount_plate
from lpr.rules.plate import DIGITS, LETTERS, PROVINCES, Kind
from lpr.vision.picture import Picture, as_picture

WIDTH, HEIGHT = 1920, 1080
FRAME_S = 0.04
NEAR = 2.0  # size at which a car is drawn; in the frames it is smaller
FARTHEST, NEAREST = 0.5, 1.95
SPRITE_W, SPRITE_H = 1240, 940
SPRITE_X, SPRITE_Y = 620, 560  # of the car's middle
NOISES = 6
GREY = 32  # around which the noise pictures lie


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """One car of a film; `leaving` drives away from the camera."""

    text: str
    kind: str
    leaving: bool
    begins_s: float
    lasts_s: float
    seed: int

    @property
    def ends_s(self) -> float:
        """When it is out of the picture."""
        return self.begins_s + self.lasts_s


def cars_of(count: int, seed: int) -> list[Passing]:
    """Cars one behind the other, nose to tail where they drive the same way; three of ten drive away."""
    rng = random.Random(seed)
    cars: list[Passing] = []
    at_s, taken = 1.5, set[str]()
    while len(cars) < count:
        kind = rng.choices(["blue", "green", "yellow1"], [70, 25, 5])[0]
        text = _text(rng, kind)
        if text in taken:
            continue
        taken.add(text)
        leaving, lasts_s = rng.random() < 0.3, rng.uniform(1.5, 2.2)
        if cars:
            last = cars[-1]
            if leaving == last.leaving:
                at_s = max(last.begins_s + 0.62 * last.lasts_s, last.ends_s - 0.38 * lasts_s) + rng.uniform(
                    0, 0.5
                )
            else:
                at_s = last.ends_s + rng.uniform(0.1, 0.5)
        cars.append(
            Passing(text=text, kind=kind, leaving=leaving, begins_s=at_s, lasts_s=lasts_s, seed=len(cars))
        )
    return cars


def _text(rng: random.Random, kind: str) -> str:
    head = rng.choice(PROVINCES) + rng.choice("ABCDEFGHJK")
    if kind == "green":
        return head + rng.choice("DF") + "".join(rng.choice(DIGITS) for _ in range(5))
    serial = [rng.choice(DIGITS) for _ in range(5)]
    for spot in rng.sample(range(5), rng.choice([0, 1, 2])):
        serial[spot] = rng.choice(LETTERS.replace("I", "").replace("O", ""))
    return head + "".join(serial)


class Sprite:
    """A car drawn once, in three sizes, with what of the lane it covers."""

    def __init__(self, car: Passing, gain: float) -> None:
        rng = random.Random(f"{car.text}/{car.seed}")
        body = rng.choice(BODIES)
        on_black, on_white = (np.full((SPRITE_H, SPRITE_W, 3), v, np.uint8) for v in (0, 255))
        state = rng.getstate()
        for canvas in (on_black, on_white):
            rng.setstate(state)
            draw_car(canvas, SPRITE_X, SPRITE_Y, NEAR, body, rng)
            mount_plate(canvas, draw_plate(car.text, Kind(car.kind)), SPRITE_X, SPRITE_Y, NEAR, rng)
        shine = cv2.subtract(on_white, on_black)  # what of the lane is seen through, 255 all of it
        self._sizes = []
        for part in (1.0, 0.5, 0.25):
            size = round(SPRITE_W * part), round(SPRITE_H * part)
            colour = cv2.resize(cv2.convertScaleAbs(on_black, alpha=gain), size, interpolation=cv2.INTER_AREA)
            self._sizes.append((part, colour, cv2.resize(shine, size, interpolation=cv2.INTER_AREA)))

    def lay(self, scene: Picture, x: float, y: float, near: float) -> None:
        """Lay the car into a scene with its middle at `x, y`."""
        scale = near / NEAR
        part, colour, shine = next((one for one in reversed(self._sizes) if one[0] >= scale), self._sizes[0])
        left, top = x - SPRITE_X * scale, y - SPRITE_Y * scale
        x0, y0 = max(0, int(left)), max(0, int(top))
        x1, y1 = min(WIDTH, int(left + SPRITE_W * scale)), min(HEIGHT, int(top + SPRITE_H * scale))
        if x1 <= x0 or y1 <= y0:
            return
        move = np.array([[scale / part, 0, left - x0], [0, scale / part, top - y0]], np.float32)
        size = x1 - x0, y1 - y0
        laid = cv2.warpAffine(colour, move, size, flags=cv2.INTER_LINEAR)
        seen = cv2.warpAffine(shine, move, size, flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255))
        spot = scene[y0:y1, x0:x1]
        spot[:] = cv2.add(cv2.multiply(spot, seen, scale=1 / 255), laid)


class Film:
    """The frames of cars that pass; the same seed gives the same film.

    Args:
        noise: standard deviation of the grain, grey levels.
    """

    def __init__(self, cars: Sequence[Passing], seed: int, *, noise: float = 4.0) -> None:
        self.cars = cars
        rng = random.Random(seed)
        self._gain = rng.uniform(0.8, 1.05)
        lane = cv2.resize(draw_lane(rng), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
        self._lane = cv2.convertScaleAbs(lane, alpha=self._gain)
        grain = np.random.default_rng(seed)
        self._noises = [
            np.clip(grain.normal(GREY, noise, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
            for _ in range(NOISES)
        ]
        self._sprites: dict[int, Sprite] = {}

    @property
    def length(self) -> int:
        """Frames until two seconds after the last car."""
        return round((max(car.ends_s for car in self.cars) + 2.0) / FRAME_S)

    def frames(self, every: int = 1) -> Iterator[tuple[float, Picture]]:
        """Moment and picture of every so manieth frame."""
        for number in range(0, self.length, every):
            yield number * FRAME_S, self.frame(number)

    def frame(self, number: int) -> Picture:
        """One frame, `(1080, 1920, 3) uint8 BGR`."""
        at_s = number * FRAME_S
        here = [car for car in self.cars if car.begins_s <= at_s < car.ends_s]
        self._sprites = {k: v for k, v in self._sprites.items() if any(car.seed == k for car in here)}
        scene = as_picture(self._lane.copy())
        for near, car in sorted(((_near(car, at_s), car) for car in here), key=lambda pair: pair[0]):
            if car.seed not in self._sprites:
                self._sprites[car.seed] = Sprite(car, self._gain)
            x, y = _place(car, near)
            self._sprites[car.seed].lay(scene, x, y, near)
        grain = self._noises[number * 7 % NOISES]
        return as_picture(cv2.addWeighted(scene, 1.0, grain, 1.0, -GREY))


def _near(car: Passing, at_s: float) -> float:
    """How near it is; it comes nearer the faster the nearer it is."""
    part = (at_s - car.begins_s) / car.lasts_s
    part = 1 - part if car.leaving else part
    return FARTHEST * float((NEAREST / FARTHEST) ** part)


def _place(car: Passing, near: float) -> tuple[float, float]:
    """Where its middle is: down the picture as it comes nearer, until its plate is below the edge."""
    part = (near - FARTHEST) / (NEAREST - FARTHEST)
    sway = random.Random(car.seed).uniform(-90, 90)
    return WIDTH / 2 + sway * (0.4 + part), HEIGHT * (0.34 + 0.72 * part)
