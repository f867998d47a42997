"""What cameras and strangers may send: everything is taken, or refused in one clear line."""

import base64
import io
import json
import os
import threading
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr import shapes
from lpr.http import _multipart
from lpr.source import FolderSource
from lpr.vision.picture import MAX_PIXELS, UnreadablePicture, decode_picture
from tests.lpr.test_pictures_sources import png_header
from tests.lpr.test_shapes_http import ISAPI, dahua_body, vzenith_body

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """The value with another part at a place."""
    if not path:
        return part
    return value | {path[0]: changed(value[path[0]], path[1:], part)}


@pytest.mark.parametrize(
    ("shape", "body"),
    [(shapes.dahua, dahua_body("苏F12345", b"p")), (shapes.vzenith, vzenith_body("苏F12345"))],
)
@given(data=st.data())
def test_an_event_with_anything_anywhere_is_a_claim_or_refused(
    shape: Any, body: bytes, data: st.DataObject
) -> None:
    event = json.loads(body)
    place = data.draw(st.sampled_from(places(event)))
    sent = json.dumps(changed(event, place, data.draw(ANY))).encode("utf-8", "surrogatepass")
    try:
        claim = shape(sent)
    except shapes.BadEvent as fault:
        assert "\n" not in fault.detail
        return
    if claim is not None:
        assert 0 <= claim.confidence <= 1
        assert len(claim.text) <= 12


@given(st.binary(max_size=200))
def test_any_octets_as_an_event_are_refused(body: bytes) -> None:
    for shape in (shapes.dahua, shapes.vzenith, lambda sent: shapes.hikvision(sent, {})):
        with pytest.raises(shapes.BadEvent):
            shape(body)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_declarations_are_seen_in_every_encoding(encoding: str) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>'.encode(encoding)
    with pytest.raises(shapes.BadEvent, match="declares entities"):
        shapes.hikvision(bomb, {})


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(shapes.BadEvent):
        shapes.hikvision(b'<?xml version="1.0" encoding="x-none"?><a/>', {})


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(shapes.BadEvent):
        shapes.vzenith(b'{"AlarmInfoPlate": ' + b"9" * 20_000 + b"}")


def test_heartbeats_of_each_maker_are_no_cars() -> None:
    alert = "<EventNotificationAlert><eventType>{}</eventType><eventState>{}</eventState></EventNotificationAlert>"
    assert shapes.hikvision(alert.format("heartBeat", "active").encode(), {}) is None
    assert shapes.hikvision(alert.format("videoloss", "inactive").encode(), {}) is None
    with pytest.raises(shapes.BadEvent):
        shapes.hikvision(alert.format("videoloss", "active").encode(), {})
    assert shapes.dahua(b'{"Active": "keepAlive", "DeviceID": "d1"}') is None
    assert shapes.vzenith(b'{"heartbeat": {"countid": 1}}') is None


def multipart(parts: list[tuple[str, bytes]], boundary: str = "b0") -> tuple[bytes, str]:
    """A body of named files and its content type."""
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n'
        f"Content-Type: {'text/xml' if name.endswith('.xml') else 'image/jpeg'}\r\n\r\n".encode()
        + data
        + b"\r\n"
        for name, data in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def test_names_of_sent_files_lead_nowhere() -> None:
    xml = ISAPI.format(text="苏F12345").encode()
    body, kind = multipart([("../../../etc/passwd.xml", xml), ("../../scene.jpg", b"scene")])
    found, pictures = _multipart(body, kind)
    assert found == xml
    claim = shapes.hikvision(found, pictures)
    assert claim is not None
    assert claim.picture == b"scene"


def test_a_multipart_body_of_thousands_of_parts_or_parts_in_parts_is_refused() -> None:
    xml = ISAPI.format(text="苏F12345").encode()
    body, kind = multipart([("a.xml", xml), *((f"{i}.jpg", b"x") for i in range(5000))])
    with pytest.raises(shapes.BadEvent, match="parts"):
        _multipart(body, kind)
    nested = b"".join(
        f"--n{i}\r\nContent-Type: multipart/mixed; boundary=n{i + 1}\r\n\r\n".encode() for i in range(2000)
    )
    with pytest.raises(shapes.BadEvent):
        _multipart(nested, "multipart/mixed; boundary=n0")


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_multipart_body_is_taken_apart_or_refused(body: bytes, boundary: str) -> None:
    try:
        _multipart(b"--b0\r\n" + body, f"multipart/form-data; boundary={boundary or 'b0'}")
    except shapes.BadEvent as fault:
        assert "\n" not in fault.detail


def test_a_picture_that_would_unpack_to_gigabytes_is_refused_by_its_header() -> None:
    side = int(MAX_PIXELS**0.5) + 1000
    bomb = png_header(side, side).replace(zlib.compress(b"\0" * 100), zlib.compress(b"\0" * 10_000_000, 9))
    assert len(bomb) < 20_000
    with pytest.raises(UnreadablePicture, match="outside what is read"):
        decode_picture(bomb)
    body = json.loads(dahua_body("苏F12345", bomb))
    claim = shapes.dahua(json.dumps(body).encode())
    assert claim is not None
    assert claim.picture == bomb


def test_base64_that_is_none_is_refused_or_yields_no_picture() -> None:
    event = json.loads(dahua_body("苏F12345", b"x"))
    event["Picture"]["NormalPic"]["Content"] = "a"
    with pytest.raises(shapes.BadEvent, match="base64"):
        shapes.dahua(json.dumps(event).encode())
    event["Picture"]["NormalPic"]["Content"] = base64.b64encode(b"no picture").decode()
    claim = shapes.dahua(json.dumps(event).encode())
    assert claim is not None
    with pytest.raises(UnreadablePicture):
        decode_picture(claim.picture or b"")


def test_pipes_links_and_folders_that_look_like_pictures_are_passed_over(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    cv2.imwrite(str(secret), np.zeros((40, 60, 3), np.uint8))
    folder = tmp_path / "camera"
    folder.mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "link.jpg").symlink_to(secret)
    (folder / "folder.jpg").mkdir()
    cv2.imwrite(str(folder / "whole.jpg"), np.zeros((40, 60, 3), np.uint8))
    stop, names = threading.Event(), []
    for frame in FolderSource(folder).frames(stop):
        names.append(frame.name)
        frame.done()
        stop.set()
    assert names == ["whole.jpg"]
    assert secret.exists()
    assert io.BytesIO(secret.read_bytes()).read(2) == b"\xff\xd8"
