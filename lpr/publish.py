"""Every car a row and a notification.

Rows wait in memory while the database is away and stills stay in their folder until their row is kept, so a read
that was made is not lost and a still that was read twice is one row.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import structlog

from facility.clock import Clock
from facility.db import connect_sync
from facility.errors import Unavailable
from facility.ids import new_uuid
from facility.layout import Direction
from facility.site import Camera
from lpr.camera import CameraLoop
from lpr.passage import Passage
from lpr.passing import OPPOSITE
from lpr.source import Frame
from lpr.store import PlateRead, write_read_sync
from lpr.vision.picture import encode_jpeg

log = structlog.get_logger(__name__)
RETRY_S = 1.0
WAITING_MOST = 500
PICTURES = "pictures"
CARS_KEPT = 50  # whose reads may still be corrected


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
        self._cars[passage.car] = corrects or read_id
        while len(self._cars) > CARS_KEPT:
            self._cars.pop(next(iter(self._cars)))
        return PlateRead(
            id=read_id,
            camera_id=self.camera.id,
            lane_id=self.camera.lane,
            direction=self._direction(passage),
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

    def _direction(self, passage: Passage) -> Direction:
        """By the line or the loops; else by the plate's way in the picture, the lane's own where it stood."""
        if passage.direction is not None:
            return passage.direction
        lane = self.camera.direction
        return OPPOSITE[lane] if passage.motion == "leaving" else lane

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
