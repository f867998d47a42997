"""Where frames come from: a folder, a video file, an RTSP address, or pictures pushed over HTTP.

Every source yields `Frame`s. Stills (folder, push) are each a car of its own; live sources give the newest frame only:
a reader that is slow drops frames, and they are counted.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

import cv2
import structlog

from facility.errors import Unavailable
from lpr.vision.picture import SUFFIXES, Picture, UnreadablePicture, as_picture, read_picture

log = structlog.get_logger(__name__)
POLL_S = 0.05
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 10.0
OPEN_TIMEOUT_MS = READ_TIMEOUT_MS = 5000
SETTLED_S = 0.2  # a file that has not grown for so long has been written


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture.

    Attributes:
        picture: `(H, W, 3) uint8 BGR`; `None` when what came cannot be read (`fault` says why).
        at_s: moment of arrival, on the monotonic clock; for a video file the moment in the film.
        name: of the file, for stills.
        is_still: a picture that stands for one car by itself.
        id: the same for the same still, however often it is read.
        done: to be called when what was read has been kept; a still is put away by it.
        fault: why there is no picture.
        claim: what the camera itself read, for a pushed picture.
    """

    picture: Picture | None
    at_s: float
    name: str = ""
    is_still: bool = False
    id: UUID | None = None
    done: Callable[[], None] = field(default=lambda: None)
    fault: str | None = None
    claim: dict[str, Any] | None = None


class Source(Protocol):
    """A seam: whatever yields frames until it ends or `stop` is set."""

    @property
    def dropped(self) -> int:
        """Frames that came and went unread."""
        ...

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames as they come."""
        ...


class SourceMissing(Unavailable):
    """A video or stream cannot be opened."""

    code = "lpr.source_missing"


class FolderSource:
    """Pictures put into a folder, oldest first; read ones go to `done/`, broken ones to `broken/`."""

    KEPT = 200

    def __init__(self, folder: Path, *, poll_s: float = POLL_S) -> None:
        self.folder, self.poll_s, self.dropped = folder, poll_s, 0
        self._sizes: dict[str, tuple[int, float]] = {}

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames as files appear."""
        for name in ("done", "broken"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        while not stop.is_set():
            files = self._waiting()
            for path in files:
                if stop.is_set():
                    return
                yield self._frame(path)
            if not files:
                stop.wait(self.poll_s)

    def _waiting(self) -> list[Path]:
        """Whole files, oldest first. A file is whole once its size has stood still for `SETTLED_S`."""
        found, sizes, now = [], {}, time.monotonic()
        for path in self.folder.iterdir():
            if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            size, since = self._sizes.get(path.name, (-1, now))
            sizes[path.name] = (stat.st_size, since if size == stat.st_size else now)
            if now - sizes[path.name][1] >= SETTLED_S:
                found.append((stat.st_mtime, path.name, path))
        self._sizes = sizes
        return [path for _, _, path in sorted(found)]

    def _frame(self, path: Path) -> Frame:
        at_s = time.monotonic()
        try:
            key = f"{path.resolve()}:{path.stat().st_mtime_ns}"
            picture = read_picture(path)
        except (UnreadablePicture, FileNotFoundError) as fault:
            self._put_away(path, "broken")
            return Frame(picture=None, at_s=at_s, name=path.name, is_still=True, fault=str(fault))
        return Frame(
            picture=picture,
            at_s=at_s,
            name=path.name,
            is_still=True,
            id=uuid5(NAMESPACE_URL, key),
            done=lambda: self._put_away(path, "done"),
        )

    def _put_away(self, path: Path, where: str) -> None:
        self._sizes.pop(path.name, None)
        try:
            path.replace(self.folder / where / path.name)
        except FileNotFoundError:
            return
        kept = sorted((self.folder / where).iterdir(), key=lambda p: p.stat().st_mtime)
        for old in kept[: -self.KEPT]:
            old.unlink(missing_ok=True)


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


class VideoSource:
    """A video file at its own speed (`realtime`) or frame by frame as fast as it is read."""

    def __init__(self, path: Path, *, realtime: bool = True) -> None:
        self.path, self.realtime = path, realtime
        self._newest = Newest()

    @property
    def dropped(self) -> int:
        """Frames that came and went unread."""
        return self._newest.dropped

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames of the film.

        Raises:
            SourceMissing: the file cannot be opened as a video.
        """
        capture = cv2.VideoCapture(str(self.path))
        if not capture.isOpened():
            raise SourceMissing(f"{self.path}: cannot be opened as a video")
        if not self.realtime:
            yield from self._every(capture, stop)
            return
        thread = threading.Thread(target=self._play, args=(capture, stop), name="video", daemon=True)
        thread.start()
        yield from taken(self._newest, stop)
        thread.join(timeout=2)

    def _every(self, capture: Any, stop: threading.Event) -> Iterator[Frame]:
        step_s, number = _step_s(capture), 0
        while not stop.is_set():
            ok, picture = capture.read()
            if not ok:
                break
            yield Frame(picture=as_picture(picture), at_s=number * step_s)
            number += 1
        capture.release()

    def _play(self, capture: Any, stop: threading.Event) -> None:
        step_s, number, began = _step_s(capture), 0, time.monotonic()
        while not stop.is_set():
            ok, picture = capture.read()
            if not ok:
                break
            due = began + number * step_s
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            self._newest.put(Frame(picture=as_picture(picture), at_s=due))
            number += 1
        capture.release()
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
        self.connections = 0
        self.is_away = False

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
            if (got or not self.is_away) and not stop.is_set():
                log.warning("camera.away", address=_without_password(self.address), frames=got)
                self.is_away = True
            stop.wait(wait_s)
            wait_s = min(wait_s * 2, RETRY_MOST_S)
        self._newest.end()

    def _drain(self, capture: Any, stop: threading.Event) -> int:
        count = 0
        while not stop.is_set():
            ok, picture = capture.read()
            if not ok:
                break
            if count == 0:
                self.connections += 1
                self.is_away = False
                log.info("camera.connected", address=_without_password(self.address))
            count += 1
            self._newest.put(Frame(picture=as_picture(picture), at_s=time.monotonic()))
        return count


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
