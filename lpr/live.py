"""Films and network cameras: a thread takes every frame as it comes, the reader gets the newest one."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import structlog

from facility.errors import Unavailable
from lpr.source import Frame
from lpr.vision.picture import as_picture

log = structlog.get_logger(__name__)
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 10.0
OPEN_TIMEOUT_MS = READ_TIMEOUT_MS = 5000
LOOKS_PER_S = 12.5  # frames in between are decoded, since others rest on them, but not unpacked into pixels
# Each thread of a decoder holds one frame back; with one thread a frame comes out as soon as it has come in.
ONE_THREAD = [cv2.CAP_PROP_N_THREADS, 1]


class Newest:
    """Holds the newest frame between two threads; a frame that nobody took in time is dropped and counted."""

    def __init__(self) -> None:
        self.dropped = 0
        self._frame: Frame | None = None
        self._ended = False
        self._changed = threading.Condition()

    def put(self, frame: Frame) -> None:
        """Offer a frame."""
        with self._changed:
            self.dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def end(self) -> None:
        """Nothing comes any more."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def take(self, timeout_s: float) -> tuple[Frame | None, bool]:
        """The newest frame not yet taken, waiting for it; and whether the source has ended."""
        with self._changed:
            if self._frame is None and not self._ended:
                self._changed.wait(timeout_s)
            frame, self._frame = self._frame, None
            return frame, self._ended and frame is None


class SourceMissing(Unavailable):
    """A video or stream cannot be opened."""

    code = "lpr.source_missing"


class VideoSource:
    """A video file at its own speed (`realtime`) or frame by frame as fast as it is read.

    Args:
        looks_per_s: frames unpacked for each second of the film at most.
    """

    def __init__(self, path: Path, *, realtime: bool = True, looks_per_s: float = 240.0) -> None:
        self.path, self.realtime, self.looks_per_s = path, realtime, looks_per_s
        self._newest = Newest()
        self.played = 0
        self.away: str | None = None

    @property
    def dropped(self) -> int:
        """Frames that came and went unread."""
        return self._newest.dropped

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames of the film.

        Raises:
            SourceMissing: the file cannot be opened as a video.
        """
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG, ONE_THREAD)
        if not capture.isOpened():
            self.away = f"{self.path}: cannot be opened as a video"
            raise SourceMissing(self.away)
        self.away, self.played = None, 0
        if not self.realtime:
            for at_s, picture in self._unpacked(capture, stop):
                yield Frame(picture=as_picture(picture), at_s=at_s)
        else:
            thread = threading.Thread(target=self._play, args=(capture, stop), name="video", daemon=True)
            thread.start()
            yield from taken(self._newest, stop)
            thread.join(timeout=2)
        self.away = f"{self.path}: the film has ended"

    def _unpacked(self, capture: Any, stop: threading.Event) -> Iterator[tuple[float, Any]]:
        """Pictures with their moment in the film."""
        step_s = _step_s(capture)
        every = max(1, round(1 / (step_s * self.looks_per_s)))
        while not stop.is_set() and capture.grab():
            if self.played % every == 0:
                ok, picture = capture.retrieve()
                if ok:
                    yield self.played * step_s, picture
            self.played += 1
        capture.release()

    def _play(self, capture: Any, stop: threading.Event) -> None:
        began = time.monotonic()
        for at_s, picture in self._unpacked(capture, stop):
            due = began + at_s
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            self._newest.put(Frame(picture=as_picture(picture), at_s=due))
        self._newest.end()


def taken(newest: Newest, stop: threading.Event) -> Iterator[Frame]:
    """Frames out of a `Newest` until it ends."""
    while not stop.is_set():
        frame, ended = newest.take(0.2)
        if frame is not None:
            yield frame
        if ended:
            return


def _step_s(capture: Any) -> float:
    rate = capture.get(cv2.CAP_PROP_FPS)
    return 1.0 / rate if 1.0 <= rate <= 240.0 else 0.04


class RtspSource:
    """A network camera; connects again for ever, with growing pauses. Trouble is logged when it begins and ends."""

    def __init__(self, address: str, *, retry_first_s: float = RETRY_FIRST_S) -> None:
        self.address, self.retry_first_s = address, retry_first_s
        self._newest = Newest()
        self.connections = self.skipped = 0
        self.away: str | None = None

    @property
    def dropped(self) -> int:
        """Frames that came and went unread."""
        return self._newest.dropped

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames as they arrive."""
        thread = threading.Thread(target=self._receive, args=(stop,), name="rtsp", daemon=True)
        thread.start()
        yield from taken(self._newest, stop)
        thread.join(timeout=2)

    def _receive(self, stop: threading.Event) -> None:
        wait_s = self.retry_first_s
        while not stop.is_set():
            capture = cv2.VideoCapture(
                self.address,
                cv2.CAP_FFMPEG,
                [
                    *ONE_THREAD,
                    cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                    OPEN_TIMEOUT_MS,
                    cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                    READ_TIMEOUT_MS,
                ],
            )
            got = self._drain(capture, stop) if capture.isOpened() else 0
            capture.release()
            if got:
                wait_s = self.retry_first_s
            if self.away is None and not stop.is_set():
                log.warning("camera.away", address=_without_password(self.address), frames=got)
                self.away = f"{_without_password(self.address)} gives no picture"
            stop.wait(wait_s)
            wait_s = min(wait_s * 2, RETRY_MOST_S)
        self._newest.end()

    def _drain(self, capture: Any, stop: threading.Event) -> int:
        count, unpacked_at_s = 0, -1e9
        while not stop.is_set() and capture.grab():
            at_s = time.monotonic()
            if count == 0:
                self.connections += 1
                self.away = None
                log.info("camera.connected", address=_without_password(self.address))
            count += 1
            if at_s - unpacked_at_s < 0.8 / LOOKS_PER_S:  # frames tremble in time by a fifth of the step
                self.skipped += 1
                continue
            ok, picture = capture.retrieve()
            if ok:
                unpacked_at_s = at_s
                self._newest.put(Frame(picture=as_picture(picture), at_s=at_s))
        return count


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
