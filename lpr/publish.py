"""The reading process: one thread a camera, one set of models, every car a row and a notification.

Rows wait in memory while the database is away and stills stay in their folder until their row is kept, so a read
that was made is not lost and a still that was read twice is one row.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import structlog

from facility.clock import Clock, SystemClock
from facility.context import Context
from facility.db import connect_sync, open_pool
from facility.errors import Unavailable
from facility.heartbeat import beat
from facility.ids import CameraId, new_uuid
from facility.settings import Settings
from facility.site import Camera, Site, load_site
from lpr.camera import CameraLoop, Passage, SharedReader
from lpr.nightly import nightly
from lpr.pushed import PushedSource
from lpr.reader import PlateReader
from lpr.source import FolderSource, Frame, RtspSource, Source, VideoSource
from lpr.store import PlateRead, write_read_sync
from lpr.vision.picture import encode_jpeg

log = structlog.get_logger(__name__)
RETRY_S = 1.0
WAITING_MOST = 500
OPPOSITE = {"in": "out", "out": "in"}
PICTURES = "pictures"


def source_of(camera: Camera, data: Path, dsn: str) -> Source:
    """The seam between the site file and the sources."""
    if camera.source == "push":
        return PushedSource(dsn, camera.id)
    address = camera.address or f"cameras/{camera.id}"
    if camera.source == "rtsp":
        return RtspSource(address)
    if camera.source == "video":
        return VideoSource(data / address)
    return FolderSource(data / address)


class Publisher:
    """Writes one camera's passages. Keeps what it cannot write, in order, up to `WAITING_MOST`."""

    def __init__(self, camera: Camera, data: Path, dsn: str, clock: Clock) -> None:
        self.camera, self._data, self._dsn, self._clock = camera, data, dsn, clock
        self._conn: psycopg.Connection[Any] | None = None
        self._waiting: list[tuple[PlateRead, Callable[[], None]]] = []
        self._cars: dict[int, UUID] = {}
        self._is_away = False
        self.published = 0

    def publish(self, passage: Passage, done: Callable[[], None] = lambda: None) -> PlateRead:
        """Make the row, keep its picture, and write it now or as soon as the database is back."""
        read = self._row(passage)
        self._waiting.append((read, done))
        if len(self._waiting) > WAITING_MOST:
            self._waiting.pop(0)
            log.error("read.lost", camera=self.camera.id, reason="database away for too long")
        self.flush()
        return read

    def flush(self) -> bool:
        """Write what waits; whether nothing waits any more."""
        while self._waiting:
            read, done = self._waiting[0]
            if not self._written(read):
                return False
            self._waiting.pop(0)
            self.published += 1
            done()
            log.info("read.published", camera=self.camera.id, text=read.text, accepted=read.accepted)
        return True

    def close(self) -> None:
        """Give the connection back."""
        if self._conn is not None:
            self._conn.close()

    def _written(self, read: PlateRead) -> bool:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = connect_sync(self._dsn)
            with self._conn.transaction():
                write_read_sync(self._conn, read)
            self._conn.commit()
        except (Unavailable, psycopg.OperationalError) as fault:
            if not self._is_away:
                log.warning("database.away", camera=self.camera.id, fault=str(fault))
            self._is_away, self._conn = True, None
            return False
        if self._is_away:
            log.info("database.returned", camera=self.camera.id, waited=len(self._waiting))
        self._is_away = False
        return True

    def _row(self, passage: Passage) -> PlateRead:
        now = self._clock.now()
        seen_at = now - timedelta(seconds=max(0.0, time.monotonic() - passage.at_s))
        corrects = self._cars.get(passage.car) if passage.is_correction else None
        read_id = passage.id or new_uuid()
        self._cars = {passage.car: corrects or read_id}
        is_leaving = passage.motion == "leaving"
        return PlateRead(
            id=read_id,
            camera_id=self.camera.id,
            lane_id=self.camera.lane,
            direction=OPPOSITE[self.camera.direction] if is_leaving else self.camera.direction,
            text=passage.text,
            raw_text=passage.raw_text,
            kind=passage.kind.value,
            confidence=passage.confidence,
            char_confidence=list(passage.char_confidence),
            accepted=passage.accepted,
            looks=passage.looks,
            corrects=corrects,
            origin=passage.origin,
            picture_path=self._kept_picture(passage, read_id, seen_at),
            box=list(passage.box) if passage.box else None,
            seen_at=seen_at,
            published_at=self._clock.now(),
        )

    def _kept_picture(self, passage: Passage, read_id: UUID, seen_at: datetime) -> str | None:
        """Save the picture below the state directory; a full disk costs the picture, not the read."""
        if passage.picture is None:
            return None
        name = f"{PICTURES}/{seen_at:%Y-%m-%d}/{read_id}.jpg"
        path = self._data / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_jpeg(passage.picture))
        except OSError as fault:
            log.warning("picture.not_kept", path=str(path), fault=str(fault))
            return None
        return name


def watch(loop: CameraLoop, publisher: Publisher, stop: threading.Event) -> None:
    """One camera's thread: publish its passages until told to stop or the source ends."""

    def fault(frame: Frame) -> None:
        log.warning("picture.unreadable", camera=publisher.camera.id, name=frame.name, fault=frame.fault)

    for passage, frame in loop.passages(stop, fault):
        if passage is None:
            frame.done()
            continue
        publisher.publish(passage, frame.done)
        while frame.is_still and not publisher.flush() and not stop.is_set():
            stop.wait(RETRY_S)
    while not publisher.flush() and not stop.is_set():
        stop.wait(RETRY_S)
    publisher.close()


def run_cameras(
    cameras: Sequence[Camera],
    *,
    data: Path,
    dsn: str,
    clock: Clock,
    stop: threading.Event,
    reader: PlateReader | None = None,
    sources: Mapping[CameraId, Source] | None = None,
) -> None:
    """Read a group of cameras until `stop` is set or every source has ended.

    Args:
        sources: by camera, where the caller watches them; made here where it does not.
    """
    shared = SharedReader(reader or PlateReader())
    threads = []
    for camera in cameras:
        source = sources[camera.id] if sources is not None else source_of(camera, data, dsn)
        loop = CameraLoop(source, shared)
        publisher = Publisher(camera, data, dsn, clock)
        threads.append(
            threading.Thread(target=_guarded, args=(loop, publisher, stop), name=camera.id, daemon=True)
        )
    for thread in threads:
        thread.start()
    while not stop.is_set() and any(t.is_alive() for t in threads):
        stop.wait(0.2)
    for thread in threads:
        thread.join(timeout=5)


def _guarded(loop: CameraLoop, publisher: Publisher, stop: threading.Event) -> None:
    """A camera's outermost loop: a fault is logged and the camera is started again after a pause."""
    while not stop.is_set():
        try:
            watch(loop, publisher, stop)
            return
        except Exception:
            log.exception("camera.failed", camera=publisher.camera.id)
            stop.wait(5.0)


def run(settings: Settings, dsn: str, *, stop: threading.Event | None = None) -> int:
    """Run the reading process for all cameras of the site until SIGTERM or SIGINT; returns its exit status."""
    site = load_site(settings.site)
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: stop.set())
    clock = SystemClock()
    sources = {camera.id: source_of(camera, settings.data, dsn) for camera in site.cameras.values()}
    side = [
        threading.Thread(
            target=_beating, args=(settings, dsn, site, sources, stop), name="heartbeat", daemon=True
        ),
        threading.Thread(target=nightly, args=(settings.data, dsn, clock, stop), name="nightly", daemon=True),
    ]
    for thread in side:
        thread.start()
    cameras = list(site.cameras.values())
    run_cameras(cameras, data=settings.data, dsn=dsn, clock=clock, stop=stop, sources=sources)
    stop.wait()  # every source has ended; the process stays, as it would with a quiet camera
    return 0


def away(sources: Mapping[CameraId, Source]) -> list[str]:
    """The cameras that give no picture now. A folder or a pushed camera is never away, only quiet."""
    return sorted(name for name, one in sources.items() if isinstance(one, RtspSource) and one.is_away)


def _beating(
    settings: Settings, dsn: str, site: Site, sources: Mapping[CameraId, Source], stop: threading.Event
) -> None:
    async def main() -> None:
        pool = await open_pool(dsn, max_size=2)
        try:
            ctx = Context(settings=settings, dsn=dsn, pool=pool, clock=SystemClock(), site=site)
            beating = asyncio.ensure_future(beat(ctx, "lpr", lambda: {"cameras_away": away(sources)}))
            await asyncio.to_thread(stop.wait)
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
        finally:
            await pool.close()

    while not stop.is_set():
        try:
            asyncio.run(main())
        except Unavailable as fault:
            log.warning("database.away", fault=str(fault))
            stop.wait(RETRY_S)
