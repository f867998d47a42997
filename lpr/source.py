"""Where frames come from: the seam, and a folder behind it. Films and streams: `live`; pushed pictures: `pushed`.

Every source yields `Frame`s. Stills (folder, push) are each a car of its own; live sources give the newest frame only:
a reader that is slow drops frames, and they are counted.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog

from lpr.vision.picture import SUFFIXES, Picture, UnreadablePicture, read_picture

log = structlog.get_logger(__name__)
POLL_S = 0.05
RETRY_S = 2.0
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

    @property
    def away(self) -> str | None:
        """Why no picture can come now; `None` while one may. A quiet source is not away."""
        ...

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames as they come."""
        ...


class FolderSource:
    """Pictures put into a folder, oldest first; read ones go to `done/`, broken ones to `broken/`."""

    KEPT = 200

    def __init__(self, folder: Path, *, poll_s: float = POLL_S) -> None:
        self.folder, self.poll_s, self.dropped = folder, poll_s, 0
        self.away: str | None = None
        self._sizes: dict[str, tuple[int, float]] = {}

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames as files appear; a folder that cannot be used is tried again, trouble is logged at its ends."""
        while not stop.is_set():
            try:
                for name in ("done", "broken"):
                    (self.folder / name).mkdir(parents=True, exist_ok=True)
                files = self._waiting()
            except OSError as fault:
                if self.away is None:
                    log.warning("camera.away", folder=str(self.folder), fault=str(fault))
                self.away = f"{self.folder}: {fault.strerror or fault}"
                stop.wait(RETRY_S)
                continue
            if self.away is not None:
                log.info("camera.returned", folder=str(self.folder))
            self.away = None
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
                stat = path.lstat()
            except FileNotFoundError:
                continue
            if not S_ISREG(stat.st_mode):
                continue  # a pipe would be waited on for ever, a link may lead anywhere
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
