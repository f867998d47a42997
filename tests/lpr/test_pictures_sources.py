"""Pictures from outside, and where frames come from."""

import os
import struct
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.demo import render_gate_picture
from lpr.live import Newest, SourceMissing, VideoSource
from lpr.source import FolderSource, Frame
from lpr.vision.picture import UnreadablePicture, decode_picture, encode_jpeg, read_picture


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is so large; its pixels would be a few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture at all",
        b"\xff\xd8\xff\xe0" + b"\0" * 50,
        png_header(100_000, 100_000),
        png_header(30_000, 20),
        png_header(2, 2),
        b"GIF89a" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_hostile_bytes_give_one_clear_line(data: bytes) -> None:
    with pytest.raises(UnreadablePicture) as fault:
        decode_picture(data, "gate.jpg")
    assert fault.value.detail.startswith("gate.jpg: ")
    assert "\n" not in fault.value.detail


def test_a_cut_off_jpeg_is_read_or_refused_but_never_crashes() -> None:
    whole = encode_jpeg(render_gate_picture("苏F12345", "blue", 1))
    for length in range(0, len(whole), len(whole) // 40):
        try:
            assert decode_picture(whole[:length]).shape == (720, 1280, 3)
        except UnreadablePicture:
            pass


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match=r"none\.jpg"):
        read_picture(tmp_path / "none.jpg")


def test_a_folder_gives_whole_pictures_oldest_first_and_puts_them_away(tmp_path: Path) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    for i, name in enumerate(["b.jpg", "a.jpg"]):
        cv2.imwrite(str(tmp_path / name), picture)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 + i, 1000 + i))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "readme.txt").write_text("not a picture")
    stop = threading.Event()
    seen: list[Frame] = []
    for frame in FolderSource(tmp_path).frames(stop):
        seen.append(frame)
        frame.done()
        if len(seen) == 3:
            stop.set()
    assert [f.name for f in seen] == ["b.jpg", "a.jpg", "broken.jpg"]
    assert seen[2].picture is None
    assert seen[2].fault is not None
    assert {p.name for p in (tmp_path / "done").iterdir()} == {"a.jpg", "b.jpg"}
    assert [p.name for p in (tmp_path / "broken").iterdir()] == ["broken.jpg"]
    assert (tmp_path / "readme.txt").exists()


def test_the_same_still_has_the_same_id_until_it_is_put_away(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((40, 60, 3), np.uint8))
    ids = []
    for _ in range(2):
        stop = threading.Event()
        for frame in FolderSource(tmp_path).frames(stop):
            ids.append(frame.id)
            stop.set()
    assert ids[0] == ids[1] is not None


def test_the_newest_frame_wins_and_the_dropped_are_counted() -> None:
    newest = Newest()
    for i in range(5):
        newest.put(Frame(picture=None, at_s=float(i)))
    frame, ended = newest.take(0.01)
    assert frame is not None
    assert (frame.at_s, newest.dropped, ended) == (4.0, 4, False)
    newest.end()
    assert newest.take(0.01) == (None, True)


def test_a_video_file_is_played_frame_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for i in range(10):
        film.write(np.full((48, 64, 3), 20 * i, np.uint8))
    film.release()
    frames = list(VideoSource(path, realtime=False).frames(threading.Event()))
    assert len(frames) == 10
    assert frames[-1].at_s == pytest.approx(9 / 25)


def test_a_video_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "clip.avi").write_bytes(b"nothing")
    with pytest.raises(SourceMissing, match=r"clip\.avi"):
        list(VideoSource(tmp_path / "clip.avi").frames(threading.Event()))
