"""Drawn films of cars that pass a gate, 1080p, 25 frames/s: one event a car, its direction, whether one core keeps up.

Two parts. *Real speed*: a film in a file is played at its own speed on one core, from the decoder to the row in the
database; the figures are the time from the deciding frame to the published read, frames that came and went unread, and
how late frames are taken up. *Count*: 500 cars, each nose to tail with the next or just after it, as fast as they are
read; the figures are cars with exactly one event, and directions. Events are matched to cars by time, so that a misread
plate is counted as an event too. Cars are drawn (no photographs), with the glyphs of the training renderer.

Usage: python bench/lpr_video.py [--cars 500] [--real-s 120] [--limit-s 900] [--seed 1]
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facility.clock import SystemClock
from facility.embedded import start_server
from facility.migrate import migrate
from facility.site import demonstration_site
from lpr.camera import CameraLoop, SharedReader
from lpr.film import FRAME_S, HEIGHT, WIDTH, Film, Passing, cars_of
from lpr.live import LOOKS_PER_S, VideoSource
from lpr.passage import Passage
from lpr.publish import Publisher
from lpr.reader import PlateReader
from lpr.rules.match import distance, normalised
from lpr.source import Frame

AFTER_S = 1.2  # a car may be said so long after it has left the picture
Said = list[tuple[float, Passage]]


@dataclass(kw_only=True)
class DrawnSource:
    """The film frame by frame, the ones that a live source would unpack, until the time is up."""

    film: Film
    until_s: float
    dropped: int = 0
    away: str | None = None
    drawing_s: float = 0.0
    reached_s: float = field(default=0.0)

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames with their moment in the film."""
        pictures = self.film.frames(round(1 / (FRAME_S * LOOKS_PER_S)))
        while time.monotonic() < self.until_s:
            began = time.thread_time()
            at_s, picture = next(pictures, (0.0, None))
            self.drawing_s += time.thread_time() - began
            if picture is None:
                return
            self.reached_s = at_s
            yield Frame(picture=picture, at_s=at_s)


def judge(cars: Sequence[Passing], said: Said) -> dict[str, Any]:
    """Match events to cars by time, then by text; corrections replace what they correct."""
    first = [(at_s, p) for at_s, p in said if not p.is_correction]
    final = {p.car: p for _, p in said}
    events: dict[str, list[Passage]] = {car.text: [] for car in cars}
    stray = 0
    for at_s, passage in first:
        near = [car for car in cars if car.begins_s <= at_s <= car.ends_s + AFTER_S]
        if not near:
            stray += 1
            continue
        text = final[passage.car].text
        events[min(near, key=lambda car: distance(car.text, text)).text].append(final[passage.car])
    ways = {car.text: "leaving" if car.leaving else "approaching" for car in cars}
    once = [(text, found[0]) for text, found in events.items() if len(found) == 1]
    return {
        "cars": len(cars),
        "events": len(first),
        "cars_with_exactly_one_event": len(once),
        "cars_without_an_event": sum(not found for found in events.values()),
        "events_too_many": stray + sum(max(0, len(found) - 1) for found in events.values()),
        "direction_right": sum(p.motion == ways[text] for text, p in once),
        "text_exact": sum(normalised(p.text) == normalised(text) for text, p in once),
        "accepted": sum(p.accepted for _, p in once),
        "accepted_wrong": sum(p.accepted and normalised(p.text) != normalised(text) for text, p in once),
    }


def count_cars(reader: SharedReader, cars: int, seed: int, limit_s: float) -> dict[str, Any]:
    """Part two: as fast as the cars are read, at most for `limit_s`."""
    film = Film(cars_of(cars, seed), seed)
    source = DrawnSource(film=film, until_s=time.monotonic() + limit_s)
    loop = CameraLoop(source, reader)
    began, cpu = time.monotonic(), time.thread_time()
    said = [(f.at_s, p) for p, f in loop.passages(threading.Event(), lambda _: None) if p is not None]
    cpu_s = time.thread_time() - cpu - source.drawing_s
    seen = [car for car in film.cars if car.ends_s + AFTER_S <= source.reached_s]
    said = [(at_s, p) for at_s, p in said if not seen or at_s <= seen[-1].ends_s + AFTER_S]
    return judge(seen, said) | {
        "film_s": round(source.reached_s),
        "wall_s": round(time.monotonic() - began),
        "reading_cpu_ms_per_film_s": round(1000 * cpu_s / max(source.reached_s, 1)),
        "looks": loop.looks,
    }


def write_film(film: Film, path: Path) -> str:
    """Write a film as H.264 where ffmpeg is installed, else as MPEG-4; returns which."""
    if shutil.which("ffmpeg") is None:
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (WIDTH, HEIGHT))
        for _, picture in film.frames():
            writer.write(picture)
        writer.release()
        return "mpeg4"
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", "-"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-b:v", "6M", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, *coded, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for _, picture in film.frames():
            encoder.stdin.write(picture.tobytes())
    return "h264"


def at_real_speed(folder: Path, real_s: float, seed: int) -> dict[str, Any]:
    """Part one: a film in a file at its own speed on one core, into the database."""
    film = Film(cars_of(max(2, round(real_s / 1.6)), seed + 1), seed)
    codec = write_film(film, folder / "film.mp4")
    server = start_server(folder)
    try:
        migrate(server.dsn())
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(cores)})
        try:
            found = play(film, folder, server.dsn())
        finally:
            os.sched_setaffinity(0, cores)
    finally:
        server.stop()
    return found | {"codec": codec}


def play(film: Film, folder: Path, dsn: str) -> dict[str, Any]:
    """Read and publish the film as it plays."""
    reader = SharedReader(PlateReader(threads=1))
    reader.confirm(reader.read(film.frame(round(film.cars[0].begins_s / FRAME_S) + 20), "b")[0])
    source = VideoSource(folder / "film.mp4", looks_per_s=LOOKS_PER_S)
    loop = CameraLoop(source, reader)
    camera = next(iter(demonstration_site().cameras.values()))
    publisher = Publisher(camera, folder, dsn, SystemClock())
    late: list[float] = []
    begun: list[float] = []
    original = source.frames

    def timed(stop: threading.Event) -> Iterator[Frame]:
        nonlocal taken_cpu_s
        for frame in original(stop):
            taken_cpu_s = time.thread_time()
            begun.append(frame.at_s)
            late.append(time.monotonic() - frame.at_s)
            yield frame

    source.frames = timed  # type: ignore[method-assign]
    said: Said = []
    took: list[float] = []
    took_cpu: list[float] = []
    taken_cpu_s = 0.0
    cpu, began = time.process_time(), time.monotonic()
    for passage, frame in loop.passages(threading.Event(), lambda _: None):
        assert passage is not None
        publisher.publish(passage)
        took.append(1000 * (time.monotonic() - frame.at_s))
        took_cpu.append(1000 * (time.thread_time() - taken_cpu_s))
        said.append((frame.at_s, passage))
    wall_s, cpu_s = time.monotonic() - began, time.process_time() - cpu
    publisher.close()
    said = [(at_s - begun[0], passage) for at_s, passage in said]
    return judge(film.cars, said) | {
        "played_s": round(wall_s),
        "frames": source.played,
        "looks": loop.looks,
        "dropped": source.dropped,
        "late_ms_p95": round(1000 * float(np.percentile(late, 95))),
        "late_ms_last_tenth_p50": round(1000 * float(np.median(late[-len(late) // 10 :]))),
        "published": publisher.published,
        "to_published_ms_p50": round(float(np.percentile(took, 50))),
        "to_published_ms_p95": round(float(np.percentile(took, 95))),
        "to_published_cpu_ms_p95": round(float(np.percentile(took_cpu, 95))),
        "cpu_share_of_one_core": round(cpu_s / wall_s, 2),
    }


def main() -> None:
    """Run both parts, print a table and one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cars", type=int, default=500, help="of the counting part; 0 leaves it out")
    parser.add_argument("--real-s", type=float, default=120, help="of film at its own speed; 0 leaves it out")
    parser.add_argument("--limit-s", type=float, default=900, help="for the counting part")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    result: dict[str, Any] = {"load_at_start": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(prefix="pingzhan-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        if args.real_s:
            result["real_speed"] = at_real_speed(Path(folder), args.real_s, args.seed)
    if args.cars:
        result["count"] = count_cars(SharedReader(PlateReader(threads=1)), args.cars, args.seed, args.limit_s)
    result["load_at_end"] = round(os.getloadavg()[0], 1)
    for part in ("real_speed", "count"):
        for name, value in result.get(part, {}).items():
            print(f"{part:<12}{name:<32}{value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
