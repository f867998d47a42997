"""Drawn gate pictures through the real models into the database."""

import threading
from pathlib import Path

import cv2
import psycopg
import pytest

from facility.clock import SystemClock
from facility.db import connect_sync
from facility.site import Site
from lpr.camera import CameraLoop, SharedReader
from lpr.demo import render_gate_picture
from lpr.publish import Publisher
from lpr.reader import PlateReader
from lpr.reading import run_cameras
from lpr.source import FolderSource


@pytest.mark.parametrize(
    ("text", "kind"),
    [("苏F9K210", "blue"), ("苏FD12345", "green"), ("皖A12345", "yellow2"), ("沪B30D97", "yellow1")],
)
def test_a_drawn_gate_picture_is_read(reader: PlateReader, text: str, kind: str) -> None:
    looks = [look for look in reader.read(render_gate_picture(text, kind, 3)) if look.text]
    assert [(look.text, look.kind.value) for look in looks] == [(text, kind)]
    corners = looks[0].corners
    assert 400 < corners[:, 0].mean() < 880


def test_a_drawn_car_without_a_plate_gives_no_text(reader: PlateReader) -> None:
    assert [look.text for look in reader.read(render_gate_picture("", "blue", 5)) if look.text] == []


def wait_for_rows(dsn: str, count: int) -> list[tuple[str, str, str | None]]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("listen plate_read")
        for _ in range(60):
            rows = conn.execute(
                "select text, direction, picture_path from lpr.plate_read order by seen_at"
            ).fetchall()
            if len(rows) >= count:
                return rows
            for _ in conn.notifies(timeout=0.5, stop_after=1):
                pass
    return rows


def test_pictures_in_a_camera_folder_become_reads_once(
    dsn: str, site: Site, tmp_path: Path, reader: PlateReader
) -> None:
    camera = site.cameras["cam-A-IN"]  # type: ignore[index]
    folder = tmp_path / str(camera.address)
    folder.mkdir(parents=True)
    stop = threading.Event()
    thread = threading.Thread(
        target=run_cameras,
        args=([camera],),
        kwargs={"data": tmp_path, "dsn": dsn, "clock": SystemClock(), "stop": stop, "reader": reader},
    )
    thread.start()
    try:
        cv2.imwrite(str(folder / "1.jpg"), render_gate_picture("苏F9K210", "blue", 3))
        wait_for_rows(dsn, 1)
        cv2.imwrite(str(folder / "2.jpg"), render_gate_picture("苏F9K210", "blue", 4))
        cv2.imwrite(str(folder / "3.jpg"), render_gate_picture("皖A73B05", "blue", 5))
        cv2.imwrite(str(folder / "4.jpg"), render_gate_picture("", "blue", 6))
        rows = wait_for_rows(dsn, 3)
    finally:
        stop.set()
        thread.join(timeout=10)
    assert [row[0] for row in rows] == ["苏F9K210", "皖A73B05", ""]
    assert {row[1] for row in rows} == {"in"}
    assert all(row[2] and (tmp_path / row[2]).is_file() for row in rows)
    assert {p.name for p in (folder / "done").iterdir()} >= {"1.jpg", "2.jpg", "3.jpg"}


def test_a_still_read_again_after_a_crash_is_one_row(
    dsn: str, site: Site, tmp_path: Path, reader: PlateReader
) -> None:
    camera = site.cameras["cam-A-IN"]  # type: ignore[index]
    cv2.imwrite(str(tmp_path / "1.jpg"), render_gate_picture("苏F9K210", "blue", 3))
    for _ in range(2):  # the first time the process ends between keeping the row and putting the file away
        stop = threading.Event()
        loop = CameraLoop(FolderSource(tmp_path), SharedReader(reader))
        publisher = Publisher(camera, tmp_path, dsn, SystemClock())
        for passage, _ in loop.passages(stop, lambda frame: None):
            assert passage is not None
            publisher.publish(passage)
            stop.set()
        publisher.close()
    with connect_sync(dsn) as conn:
        count = conn.execute("select count(*) from lpr.plate_read").fetchone()
    assert count == (1,)


def test_reads_wait_for_the_database_and_are_written_in_order(
    dsn: str, site: Site, tmp_path: Path, reader: PlateReader
) -> None:
    camera = site.cameras["cam-A-IN"]  # type: ignore[index]
    cv2.imwrite(str(tmp_path / "1.jpg"), render_gate_picture("苏F9K210", "blue", 3))
    stop = threading.Event()
    publisher = Publisher(camera, tmp_path, "host=127.0.0.1 port=1 dbname=none", SystemClock())
    for passage, frame in CameraLoop(FolderSource(tmp_path), SharedReader(reader)).passages(
        stop, lambda f: None
    ):
        assert passage is not None
        publisher.publish(passage, frame.done)
        stop.set()
    assert (tmp_path / "1.jpg").exists()
    publisher._dsn = dsn
    assert publisher.flush()
    assert not (tmp_path / "1.jpg").exists()
    publisher.close()
