"""A real RTSP stream, cut off and back."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.live import RtspSource
from tests.lpr.rtsp_server import RtspServer

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds of a brightening grey at 25 frames/s."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (320, 240))
    for i in range(50):
        writer.write(np.full((240, 320, 3), 60 + 2 * i, np.uint8))
    writer.release()
    return path


@pytest.fixture
def server(film: Path) -> Iterator[RtspServer]:
    started = RtspServer(film)
    yield started
    started.close()


def test_a_stream_is_received_and_taken_up_again_after_it_was_cut(server: RtspServer) -> None:
    source, stop, seen = RtspSource(server.address, retry_first_s=0.05), threading.Event(), 0
    guard = threading.Timer(45, stop.set)
    guard.start()
    shapes = set()
    for frame in source.frames(stop):
        assert frame.picture is not None
        shapes.add(frame.picture.shape)
        seen += 1
        if seen == 5:
            server.hang_up()
        if source.connections == 2 and seen > 10:
            stop.set()
    guard.cancel()
    assert source.connections == 2
    assert shapes == {(240, 320, 3)}


def test_frames_that_nobody_takes_are_dropped_and_counted(server: RtspServer) -> None:
    source, stop, seen = RtspSource(server.address, retry_first_s=0.05), threading.Event(), 0
    guard = threading.Timer(45, stop.set)
    guard.start()
    moments = []
    for frame in source.frames(stop):
        moments.append(frame.at_s)
        seen += 1
        while source.dropped < 5 * seen and not stop.is_set():  # a reader five times too slow
            stop.wait(0.01)
        if seen == 4:
            stop.set()
    guard.cancel()
    assert seen == 4
    assert source.dropped >= 15
    assert moments == sorted(moments)
