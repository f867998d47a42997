"""Each camera away is named by itself, of whatever kind it is; barriers that open are heard."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from facility.clock import SystemClock
from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.fact_store import write_fact
from facility.ids import CameraId
from facility.layout import Camera, SourceKind
from facility.settings import Settings
from facility.site import Site
from lpr.camera import SharedReader
from lpr.health import ALIVE, Watched, alive_sign, report, why_away
from lpr.live import VideoSource
from lpr.reader import PlateReader
from lpr.reading import Openings, hear_openings, read_group, source_of, take_signs, watched
from lpr.source import FolderSource
from lpr.store import read_camera_signs, write_camera_sign
from tests.fakes import FakeClock

A_IN = CameraId("cam-A-IN")


def camera(
    site: Site, source: SourceKind, address: str | None, silent_after_s: float | None = None
) -> Camera:
    return replace(site.cameras[A_IN], source=source, address=address, silent_after_s=silent_after_s)


def one(camera: Camera, data: Path, reader: PlateReader, dsn: str = "host=127.0.0.1 port=1") -> Watched:
    source = source_of(camera, data, dsn)
    return watched(camera, source, SharedReader(reader), Openings(), SystemClock().now())


def why(one: Watched, *, later_s: float = 0.0, sign_age_s: float | None = None) -> str | None:
    """Why it is away so much later than it began."""
    now = one.started_at + timedelta(seconds=later_s)
    sign_at = None if sign_age_s is None else now - timedelta(seconds=sign_age_s)
    return why_away(one, sign_at=sign_at, now_s=1000.0 + later_s, now=now)


@contextmanager
def at_work(one: Watched, data: Path, dsn: str) -> Iterator[None]:
    """The camera's thread runs."""
    stop = threading.Event()
    thread = threading.Thread(
        target=read_group,
        args=([one],),
        kwargs={"data": data, "dsn": dsn, "clock": SystemClock(), "stop": stop},
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def wait_for(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    """A wait with an end."""
    pause = threading.Event()
    for _ in range(round(within_s / 0.05)):
        if is_so():
            return
        pause.wait(0.05)
    raise AssertionError("it did not become so in time")


def test_a_camera_in_each_way_away_is_named_and_the_quiet_one_is_not(
    site: Site, tmp_path: Path, reader: PlateReader
) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    (tmp_path / "film.avi").write_bytes(b"no film")
    cameras = {
        "blocked": one(camera(site, "folder", "file"), tmp_path, reader),
        "no film": one(camera(site, "video", "film.avi"), tmp_path, reader),
        "no stream": one(camera(site, "rtsp", "rtsp://user:secret@127.0.0.1:1/film"), tmp_path, reader),
        "quiet": one(camera(site, "folder", "quiet"), tmp_path, reader),
    }
    stop = threading.Event()
    thread = threading.Thread(
        target=read_group,
        args=(list(cameras.values()),),
        kwargs={"data": tmp_path, "dsn": "", "clock": SystemClock(), "stop": stop},
    )
    thread.start()

    def said() -> dict[str, Any]:
        group = {CameraId(name): each for name, each in cameras.items()}
        return report(group, signs={}, now_s=0.0, now=SystemClock().now())

    try:
        wait_for(lambda: said()["cameras_away"] == ["blocked", "no film", "no stream"])
    finally:
        stop.set()
        thread.join(timeout=10)
    assert "film.avi" in said()["cameras"]["no film"]["away"]
    assert "secret" not in said()["cameras"]["no stream"]["away"]
    assert said()["cameras"]["quiet"]["away"] is None
    assert said()["loops_away"] == []


def test_a_folder_that_returns_is_there_again(
    site: Site, tmp_path: Path, dsn: str, reader: PlateReader
) -> None:
    (tmp_path / "camera").write_text("in the way")
    blocked = one(camera(site, "folder", "camera"), tmp_path, reader)
    with at_work(blocked, tmp_path, dsn):
        wait_for(lambda: why(blocked) is not None)
        (tmp_path / "camera").unlink()
        wait_for(lambda: why(blocked) is None)


def test_a_film_that_has_ended_gives_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    film.write(np.zeros((48, 64, 3), np.uint8))
    film.release()
    source = VideoSource(path, realtime=False)
    for _ in source.frames(threading.Event()):
        assert source.away is None
    assert source.away is not None
    assert source.away.endswith("the film has ended")


@pytest.mark.parametrize("kind", ["folder", "push"])
def test_silence_makes_a_camera_away_only_where_the_site_file_says_so(
    kind: SourceKind, site: Site, tmp_path: Path, reader: PlateReader
) -> None:
    address = None if kind == "push" else "camera"
    patient = one(camera(site, kind, address), tmp_path, reader)
    assert why(patient, later_s=1e6) is None
    strict = one(camera(site, kind, address, silent_after_s=60), tmp_path, reader)
    assert why(strict, later_s=59) is None
    assert why(strict, later_s=61) == "silent for 61 s"
    assert why(strict, later_s=1e6, sign_age_s=5) is None
    strict.loop.seen_at_s = 1000.0 + 1e6 - 3
    assert why(strict, later_s=1e6, sign_age_s=400) is None
    assert why(strict, later_s=1e6 + 100) is not None


def test_a_folder_s_camera_is_there_while_it_touches_its_file(site: Site, tmp_path: Path) -> None:
    folder = camera(site, "folder", "camera")
    assert alive_sign(folder, tmp_path) is None
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / ALIVE).touch()
    os.utime(tmp_path / "camera" / ALIVE, (1000, 1000))
    sign_at = alive_sign(folder, tmp_path)
    assert sign_at is not None
    assert sign_at.timestamp() == 1000
    assert alive_sign(camera(site, "push", None), tmp_path) is None
    assert isinstance(source_of(folder, tmp_path, ""), FolderSource)


async def until(is_so: Callable[[], bool]) -> None:
    """A wait with an end."""
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_signs_and_openings_are_heard_beside_the_beat(
    dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path
) -> None:
    ctx = Context(settings=Settings(data=tmp_path), dsn=dsn, pool=pool, clock=clock, site=site)
    signs: dict[str, Any] = {}
    openings = Openings()
    parts = [
        asyncio.ensure_future(take_signs(ctx, signs)),
        asyncio.ensure_future(hear_openings(ctx, openings)),
    ]
    try:
        async with unit_of_work(pool) as conn:
            await write_camera_sign(conn, "cam-B-IN", clock.now())
        await until(lambda: signs == {"cam-B-IN": clock.now()})
        assert openings.of("A-IN") < 0
        async with unit_of_work(pool) as conn:
            await write_fact(conn, "lane.changed", "B-IN", {}, now=clock.now())
            await write_fact(conn, "gate.opened", "A-IN", {}, now=clock.now())
        await until(lambda: openings.of("A-IN") > 0)
        assert openings.of("B-IN") < 0
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)


async def test_a_push_and_a_heartbeat_are_signs(
    client: httpx.AsyncClient, pool: Pool, clock: FakeClock
) -> None:
    answer = await client.post("/api/v1/cameras/cam-A-IN/heartbeat")
    assert answer.status_code == 204
    clock.advance(timedelta(minutes=1))
    beat = await client.post(
        "/api/v1/cameras/cam-B-IN/events/vzenith", content=b'{"heartbeat": {"countid": 1}}'
    )
    assert beat.json() == {"heartbeat": True}
    async with unit_of_work(pool) as conn:
        signs = await read_camera_signs(conn)
    assert signs == {"cam-A-IN": clock.now() - timedelta(minutes=1), "cam-B-IN": clock.now()}
    assert (await client.get("/api/v1/reads")).json() == []
    missing = await client.post("/api/v1/cameras/none/heartbeat")
    assert missing.json()["code"] == "camera.missing"
