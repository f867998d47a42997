"""Films for tests without any model: each frame carries the looks that a reader would have at it."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from facility.layout import LoopMoment, PictureLine
from lpr.camera import CameraLoop
from lpr.loops import LoopWatch, Pressed, SimulatedLoops
from lpr.passage import Passage
from lpr.passing import LoopCars
from lpr.reader import Look
from lpr.source import Frame
from lpr.vision.picture import Picture
from tests.lpr.looks import look

FRAME_S = 0.08
H, W = 270, 480


@dataclass(kw_only=True)
class Car:
    """A car in the picture from `from_s` to `to_s`, its plate moving from `start` to `end` (pixels).

    `reads_as` by second since it came: the text a look has from then on. `sure_for_a` is what reader A says of it.
    """

    text: str
    from_s: float
    to_s: float
    start: tuple[float, float] = (240.0, 60.0)
    end: tuple[float, float] = (240.0, 240.0)
    width: tuple[float, float] = (50.0, 110.0)
    body: bool = True
    hidden: tuple[float, float] = (0.0, 0.0)
    later_text: str | None = None
    later_from_s: float = 1e9

    def look_at(self, at_s: float) -> Look | None:
        """What a reader sees at a moment."""
        if not self.from_s <= at_s < self.to_s or self.hidden[0] <= at_s < self.hidden[1]:
            return None
        part = min(1.0, (at_s - self.from_s) / min(self.to_s - self.from_s, 2.0))
        x, y, width = (
            a + part * (b - a)
            for a, b in ((self.start[0], self.end[0]), (self.start[1], self.end[1]), self.width)
        )
        is_later = self.later_text is not None and at_s >= self.later_from_s
        text = self.later_text if is_later and self.later_text is not None else self.text
        return look(text, x, y, width=width, sure=0.99 if is_later else 0.9)


@dataclass(kw_only=True)
class Film:
    """Cars in front of a camera, and the loops they press: `presses` are (moment, arrival, exit)."""

    cars: Sequence[Car]
    length_s: float
    presses: Sequence[tuple[float, bool, bool]] = ()
    bodies: Sequence[tuple[float, float]] = ()  # something large without a plate, from and to
    loops: SimulatedLoops = field(default_factory=SimulatedLoops)
    watch: LoopWatch | None = None
    dropped: int = 0
    away: str | None = None
    now_s: float = 0.0
    shown: list[float] = field(default_factory=list)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames of the film."""
        for number in range(round(self.length_s / FRAME_S)):
            self.now_s = number * FRAME_S
            if self.watch is not None:
                for moment, arrival, exit_ in self.presses:
                    if moment <= self.now_s:
                        self.loops.pressed = Pressed(arrival=arrival, exit=exit_)
                asyncio.run(self.watch.poll())
            yield Frame(picture=self._picture(), at_s=self.now_s)

    def _picture(self) -> Picture:
        scene = np.full((H, W, 3), 90, np.uint8)
        for car in self.cars:
            if car.body and car.from_s <= self.now_s < car.to_s:
                sunk = int(20 * (self.now_s - car.from_s)) % 40
                scene[30 + sunk : 230, 120:360] = 190
        for from_s, to_s in self.bodies:
            if from_s <= self.now_s < to_s:
                scene[30:230, 120:360] = 190
        return scene

    # what the loop asks of a reader

    def read(self, picture: Picture, readers: Literal["b", "both"], *, fine: bool = True) -> list[Look]:
        """The looks at the frame that is shown now; reader B alone accepts nothing."""
        self.shown.append(self.now_s)
        seen = [one for car in self.cars if (one := car.look_at(self.now_s)) is not None]
        return [replace(one, accepted=False) for one in seen]

    def confirm(self, look: Look) -> Look:
        """Reader A agrees where reader B is sure."""
        return replace(look, accepted=look.confidence > 0.95, confidence=look.confidence)


def play(
    film: Film,
    *,
    line: PictureLine | None = None,
    loops: LoopMoment | None = None,
    opened_at_s: dict[str, float] | None = None,
) -> list[Passage]:
    """What a camera's loop says of a film; `opened_at_s["at"]` is when the barrier opens."""
    cars = None
    if loops is not None:
        film.watch = LoopWatch(film.loops, "cam", now_s=lambda: film.now_s)
        cars = LoopCars("in", loops)

    def opened() -> float:
        at_s = (opened_at_s or {}).get("at", 1e9)
        return at_s if at_s <= film.now_s else -1e9

    loop = CameraLoop(film, film, line=line, cars=cars, watch=film.watch, opened_at_s=opened)
    stop = threading.Event()
    return [p for p, _ in loop.passages(stop, lambda frame: None) if p is not None]


def said(passages: Sequence[Passage]) -> list[tuple[str, bool]]:
    """Text and whether it is a correction."""
    return [(p.text, p.is_correction) for p in passages]
