"""Corrections by attendants become a labelled set that the reader is measured on, night after night."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import psycopg

from facility.db import connect_sync
from lpr.demo import render_gate_picture
from lpr.evaluate import evaluate
from lpr.nightly import export_corrections, nightly
from lpr.reader import PlateReader
from lpr.store import PlateRead, write_read_sync
from tests.fakes import FakeClock


def keep_read(conn: psycopg.Connection[Any], data: Path, clock: FakeClock, *, shown: str, said: str) -> str:
    """A published read with its picture, corrected by an attendant to what the plate shows."""
    read_id = uuid.uuid4()
    path = f"pictures/{read_id}.jpg"
    (data / "pictures").mkdir(exist_ok=True)
    cv2.imwrite(str(data / path), render_gate_picture(shown, "blue", 3))
    write_read_sync(
        conn,
        PlateRead(
            id=read_id,
            camera_id="cam-A-IN",
            lane_id="A-IN",
            direction="in",
            text=said,
            raw_text=said,
            kind="blue",
            confidence=0.5,
            char_confidence=[0.5] * len(said),
            accepted=False,
            looks=1,
            corrects=None,
            origin="reader",
            picture_path=path,
            box=None,
            seen_at=clock.now(),
            published_at=clock.now(),
        ),
    )
    conn.execute(
        "insert into lpr.correction (read_id, text, kind, corrected_by, corrected_at) "
        "values (%s, %s, 'blue', 'wu', %s)",
        (read_id, shown, clock.now()),
    )
    conn.commit()
    return path


@contextmanager
def at_work(data: Path, dsn: str, clock: FakeClock, reader: PlateReader) -> Iterator[None]:
    """The nightly thread, looking at the clock every few milliseconds."""
    stop = threading.Event()
    thread = threading.Thread(
        target=nightly, args=(data, dsn, clock, stop), kwargs={"check_s": 0.01, "reader": reader}
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def wait_for_nights(dsn: str, count: int) -> list[tuple[int, float]]:
    """Measurements as the reports see them, once there are so many; a wait with an end."""
    pause = threading.Event()
    rows: list[tuple[int, float]] = []
    with connect_sync(dsn) as conn:
        conn.autocommit = True
        for _ in range(600):
            rows = conn.execute("select images, exact from report.plate_evaluation order by at").fetchall()
            if len(rows) >= count:
                break
            pause.wait(0.05)
    return rows


def test_each_night_the_corrected_pictures_are_exported_and_measured(
    dsn: str, tmp_path: Path, clock: FakeClock, reader: PlateReader
) -> None:
    with connect_sync(dsn) as conn:
        keep_read(conn, tmp_path, clock, shown="苏F9K210", said="苏F9K218")
    with at_work(tmp_path, dsn, clock, reader):
        assert wait_for_nights(dsn, 1) == [(1, 1.0)]
        with connect_sync(dsn) as conn:
            keep_read(conn, tmp_path, clock, shown="皖A73B05", said="")
        clock.advance(timedelta(days=1))
        assert wait_for_nights(dsn, 2) == [(1, 1.0), (2, 1.0)]
    assert evaluate(tmp_path / "corrections", cropped=False, reader=reader)["images"] == 2


def test_a_picture_that_was_forgotten_leaves_the_labelled_set(
    dsn: str, tmp_path: Path, clock: FakeClock
) -> None:
    with connect_sync(dsn) as conn:
        gone = keep_read(conn, tmp_path, clock, shown="苏F9K210", said="苏F9K218")
        keep_read(conn, tmp_path, clock, shown="皖A73B05", said="")
        assert export_corrections(conn, tmp_path, clock.now()) == 2
        (tmp_path / gone).unlink()
        assert export_corrections(conn, tmp_path, clock.now()) == 1
    copies = [path.name for path in (tmp_path / "corrections").glob("*.jpg")]
    assert len(copies) == 1
    assert Path(gone).name not in copies


def test_without_corrections_nothing_is_measured(dsn: str, tmp_path: Path, clock: FakeClock) -> None:
    with connect_sync(dsn) as conn:
        assert export_corrections(conn, tmp_path, clock.now()) == 0
    assert (tmp_path / "corrections" / "labels.csv").read_text(encoding="utf-8").split() == ["file,text,kind"]
