"""The source of a camera that hands its pictures in over HTTP: rows that the web process wrote."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from uuid import UUID

import psycopg
import structlog

from facility.db import connect_sync
from facility.errors import Unavailable
from lpr.source import Frame
from lpr.store import PushedPicture, delete_pushed_picture, oldest_pushed_picture
from lpr.vision.picture import UnreadablePicture, decode_picture

log = structlog.get_logger(__name__)
SWEEP_S = 1.0


class PushedSource:
    """Pictures of one camera, oldest first; a row goes when what was read has been kept."""

    def __init__(self, dsn: str, camera_id: str) -> None:
        self.dsn, self.camera_id, self.dropped = dsn, camera_id, 0
        self.away: str | None = (
            None  # a camera that pushes nothing is quiet; `silent_after_s` may make it away
        )

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        """Frames as they are handed in; the database going away is logged when it begins and ends."""
        is_away = False
        while not stop.is_set():
            try:
                with connect_sync(self.dsn) as conn:
                    conn.autocommit = True
                    conn.execute("listen pushed_picture")
                    if is_away:
                        log.info("database.returned", camera=self.camera_id)
                    is_away = False
                    yield from self._heard(conn, stop)
            except (Unavailable, psycopg.OperationalError) as fault:
                if not is_away:
                    log.warning("database.away", camera=self.camera_id, fault=str(fault))
                is_away = True
                stop.wait(SWEEP_S)

    def _heard(self, conn: psycopg.Connection, stop: threading.Event) -> Iterator[Frame]:
        while not stop.is_set():
            row = oldest_pushed_picture(conn, self.camera_id)
            if row is None:
                for _ in conn.notifies(timeout=SWEEP_S, stop_after=1):
                    pass
                continue
            yield self._frame(row)

    def _frame(self, row: PushedPicture) -> Frame:
        done = partial(self._delete, row.id)
        try:
            picture = decode_picture(row.picture, row.name)
        except UnreadablePicture as fault:
            done()
            return Frame(picture=None, at_s=time.monotonic(), name=row.name, is_still=True, fault=str(fault))
        return Frame(
            picture=picture,
            at_s=time.monotonic(),
            name=row.name,
            is_still=True,
            id=row.id,
            done=done,
            claim=row.claim,
        )

    def _delete(self, picture_id: UUID) -> None:
        with connect_sync(self.dsn) as conn:
            delete_pushed_picture(conn, picture_id)
