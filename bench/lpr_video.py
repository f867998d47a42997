"""Drawn films of cars at a gate, 1080p, 25 frames/s: one event a car, its direction, and whether one core keeps up."""

import argparse
import json
import random
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from lpr.camera import CameraLoop, SharedReader
from lpr.demo import empty_lane, gate_film
from lpr.reader import PlateReader
from lpr.rules.match import normalised
from lpr.rules.plate import DIGITS, LETTERS, PROVINCES
from lpr.source import Frame

FRAME_S = 0.04


class FilmSource:
    """Cars one after the other; `leaving` ones drive away from the camera."""

    dropped = 0

    def __init__(self, cars: int, frames: int, seed: int) -> None:
        rng = random.Random(seed)
        self.cars = [
            (
                rng.choice(PROVINCES)
                + rng.choice("ABCDEF")
                + "".join(rng.choice(DIGITS + LETTERS[:4]) for _ in range(5)),
                rng.random() < 0.3,
                rng.randrange(10**6),
            )
            for _ in range(cars)
        ]
        self.length = frames
        self.spent_s = 0.0

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        number = 0
        for text, leaving, seed in self.cars:
            quiet = [empty_lane(seed)] * 30
            for picture in [*quiet, *gate_film(text, "blue", seed, self.length, leaving=leaving)]:
                large = cv2.resize(picture, (1920, 1080), interpolation=cv2.INTER_LINEAR)
                yield Frame(picture=large, at_s=number * FRAME_S)
                number += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cars", type=int, default=20)
    parser.add_argument("--frames", type=int, default=40, help="of each car")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    source = FilmSource(args.cars, args.frames, 1)
    loop = CameraLoop(source, SharedReader(PlateReader(threads=1)))
    timed: list[float] = []
    original = loop._live

    def timing(frame, picture):  # type: ignore[no-untyped-def]
        began = time.thread_time()
        passages = list(original(frame, picture))
        timed.append((time.thread_time() - began) * 1000)
        return iter(passages)

    loop._live = timing  # type: ignore[method-assign]
    events = [p for p, _ in loop.passages(threading.Event(), lambda frame: None) if p is not None]
    first = [p for p in events if not p.is_correction]
    final = {p.car: p for p in events}
    texts = [normalised(p.text) for p in final.values()]
    once = sum(texts.count(normalised(text)) == 1 for text, _, _ in source.cars)
    ways = {normalised(text): "leaving" if leaving else "approaching" for text, leaving, _ in source.cars}
    right_way = sum(ways.get(normalised(p.text)) == p.motion for p in final.values())
    result = {
        "cars": args.cars,
        "events": len(first),
        "exactly_once": once,
        "direction_right": right_way,
        "accepted": sum(p.accepted for p in final.values()),
        "frames": len(timed),
        "cpu_ms_p50": round(float(np.percentile(timed, 50)), 1),
        "cpu_ms_p95": round(float(np.percentile(timed, 95)), 1),
    }
    for name, value in result.items():
        print(f"{name:16} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
