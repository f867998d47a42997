"""Cameras that push, and attendants who correct."""

import asyncio
import base64
import json
import threading
from pathlib import Path

import httpx
import pytest

from facility.clock import SystemClock
from facility.db import connect_sync
from facility.ids import CameraId
from facility.site import Site
from lpr import shapes
from lpr.demo import render_gate_picture
from lpr.nightly import export_corrections, is_due, measure_corrections
from lpr.reader import PlateReader
from lpr.reading import run_cameras
from lpr.rules.plate import Kind
from lpr.vision.picture import encode_jpeg
from tests.fakes import FakeClock

ISAPI = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>192.168.1.64</ipAddress><channelID>1</channelID><dateTime>2026-03-02T09:00:00+08:00</dateTime>
<eventType>ANPR</eventType><eventState>active</eventState>
<ANPR><country>0</country><licensePlate>{text}</licensePlate><line>1</line><direction>forward</direction>
<confidenceLevel>97</confidenceLevel><plateType>92TypeCivil</plateType><plateColor>blue</plateColor>
<pictureInfoList><pictureInfo><fileName>detectionPicture.jpg</fileName></pictureInfo></pictureInfoList>
</ANPR></EventNotificationAlert>"""


def dahua_body(text: str, picture: bytes | None = None) -> bytes:
    scene = {"Content": base64.b64encode(picture).decode(), "PicName": "scene.jpg"} if picture else {}
    plate = {
        "PlateNumber": text,
        "PlateColor": "Green",
        "Confidence": 96,
        "IsExist": True,
        "BoundingBox": [1, 2, 3, 4],
    }
    return json.dumps(
        {"Picture": {"NormalPic": scene, "Plate": plate, "SnapInfo": {"DeviceID": "d1"}}}
    ).encode()


def vzenith_body(text: str, encoding: str = "utf-8") -> bytes:
    plate = {
        "license": text,
        "colorType": 1,
        "confidence": 93,
        "direction": 4,
        "location": {"RECT": {"left": 1, "top": 2, "right": 3, "bottom": 4}},
    }
    body = {"AlarmInfoPlate": {"channel": 0, "deviceName": "IVS", "result": {"PlateResult": plate}}}
    return json.dumps(body, ensure_ascii=False).encode(encoding)


def test_a_hikvision_event_is_understood() -> None:
    claim = shapes.hikvision(
        ISAPI.format(text="苏F12345").encode(),
        {"licensePlatePicture.jpg": b"p", "detectionPicture.jpg": b"s"},
    )
    assert claim == shapes.Claim(
        origin="hikvision", text="苏F12345", colour="blue", confidence=0.97, picture=b"s"
    )


def test_a_dahua_event_is_understood() -> None:
    claim = shapes.dahua(dahua_body("苏F·D12345", b"jpeg"))
    assert (claim.text, claim.colour, claim.confidence, claim.picture) == (
        "苏FD12345",
        "green",
        0.96,
        b"jpeg",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_vzenith_event_is_understood_in_both_encodings(encoding: str) -> None:
    claim = shapes.vzenith(vzenith_body("川A12345", encoding))
    assert (claim.text, claim.colour, claim.confidence) == ("川A12345", "blue", 0.93)


@pytest.mark.parametrize("text", ["无车牌", "_无_", "unknown", ""])
def test_a_car_without_a_plate_has_no_text(text: str) -> None:
    assert shapes.vzenith(vzenith_body(text)).text == ""


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<a>",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>',
        b"<a>" * 5000,
        b" " * 300_000,
    ],
)
def test_hostile_xml_is_refused(xml: bytes) -> None:
    with pytest.raises(shapes.BadEvent):
        shapes.hikvision(xml, {})


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"Picture": 1}', b"[" * 100_000, b"\xff\xff\xff"])
def test_hostile_json_is_refused(body: bytes) -> None:
    with pytest.raises(shapes.BadEvent):
        shapes.dahua(body)
    with pytest.raises(shapes.BadEvent):
        shapes.vzenith(body)


async def read_pushed(
    dsn: str, site: Site, data: Path, reader: PlateReader, client: httpx.AsyncClient
) -> list[dict]:
    """Let the reading process work until every pushed picture is a read."""
    stop = threading.Event()
    thread = threading.Thread(
        target=run_cameras,
        args=([site.cameras[CameraId("cam-A-IN")]],),
        kwargs={"data": data, "dsn": dsn, "clock": SystemClock(), "stop": stop, "reader": reader},
    )
    thread.start()

    def wait() -> None:
        with connect_sync(dsn) as conn:
            conn.autocommit = True
            conn.execute("listen plate_read")
            for _ in range(60):
                left = conn.execute("select count(*) from lpr.pushed_picture").fetchone()
                if left == (0,):
                    return
                for _ in conn.notifies(timeout=0.25, stop_after=1):
                    pass

    await asyncio.to_thread(wait)
    stop.set()
    await asyncio.to_thread(thread.join, 10)
    with connect_sync(dsn) as conn:
        rows = conn.execute("select id, text, accepted, origin, picture_path from lpr.plate_read").fetchall()
    return [dict(zip(("id", "text", "accepted", "origin", "picture_path"), row, strict=True)) for row in rows]


async def test_a_pushed_picture_is_read_corrected_and_joins_the_nightly_set(
    client: httpx.AsyncClient, dsn: str, pushing: Site, tmp_path: Path, reader: PlateReader
) -> None:
    picture = encode_jpeg(render_gate_picture("苏F9K210", "blue", 3))
    answer = await client.post("/api/v1/cameras/cam-A-IN/pictures", content=picture)
    assert answer.status_code == 202
    (read,) = await read_pushed(dsn, pushing, tmp_path, reader, client)
    assert (read["text"], read["origin"]) == ("苏F9K210", "reader")

    corrected = await client.post(f"/api/v1/reads/{read['id']}/correction", json={"text": "苏F·9K2I0"})
    assert corrected.json()["text"] == "苏F9K210"
    refused = await client.post(f"/api/v1/reads/{read['id']}/correction", json={"text": "hello"})
    assert (refused.status_code, refused.json()["code"]) == (422, "lpr.no_plate_text")

    now = SystemClock().now()
    with connect_sync(dsn) as conn:
        assert export_corrections(conn, tmp_path, now) == 1
        result = measure_corrections(conn, tmp_path, now, reader)
    assert result is not None
    assert (result["images"], result["exact"]) == (1, 1.0)
    labels = (tmp_path / "corrections" / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert labels[1].endswith(f"苏F9K210,{Kind.BLUE}")


async def test_a_camera_that_read_the_same_opens_and_one_that_read_another_does_not(
    client: httpx.AsyncClient, dsn: str, pushing: Site, tmp_path: Path, reader: PlateReader
) -> None:
    for text, seed in (("苏F9K210", 3), ("皖B88888", 4)):
        shown = "苏F9K210" if seed == 3 else "皖A73B05"
        picture = encode_jpeg(render_gate_picture(shown, "blue", seed))
        files = {
            "anpr.xml": ("anpr.xml", ISAPI.format(text=text).encode(), "text/xml"),
            "detectionPicture.jpg": ("detectionPicture.jpg", picture, "image/jpeg"),
        }
        answer = await client.post("/api/v1/cameras/cam-A-IN/events/hikvision", files=files)
        assert answer.status_code == 202, answer.text
    reads = {r["text"]: r for r in await read_pushed(dsn, pushing, tmp_path, reader, client)}
    assert reads["苏F9K210"]["accepted"] is True
    assert reads["皖A73B05"]["accepted"] is False


async def test_a_result_without_a_picture_becomes_a_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/cameras/cam-B-IN/events/vzenith", content=vzenith_body("苏F12345"))
    assert answer.json()["accepted"] is True
    strange = await client.post("/api/v1/cameras/cam-B-IN/events/vzenith", content=vzenith_body("HELLO77"))
    assert (strange.json()["text"], strange.json()["accepted"]) == ("", False)
    reads = (await client.get("/api/v1/reads", params={"camera": "cam-B-IN"})).json()
    assert sorted(r["text"] for r in reads) == ["", "苏F12345"]


async def test_what_cannot_be_taken_is_refused_with_a_reason(client: httpx.AsyncClient) -> None:
    picture = encode_jpeg(render_gate_picture("苏F9K210", "blue", 3))
    for path, content, code in (
        ("/api/v1/cameras/none/pictures", picture, "camera.missing"),
        ("/api/v1/cameras/cam-B-IN/pictures", picture, "camera.not_pushed"),
        ("/api/v1/cameras/cam-A-IN/pictures", b"no picture", "picture.unreadable"),
        ("/api/v1/cameras/cam-A-IN/events/hikvision", b"<a/>", "lpr.bad_event"),
        ("/api/v1/cameras/cam-A-IN/events/other", b"{}", "lpr.bad_event"),
    ):
        answer = await client.post(path, content=content)
        assert answer.json()["code"] == code
    client.cookies.clear()
    assert (await client.post("/api/v1/cameras/cam-A-IN/pictures", content=picture)).status_code == 401


def test_the_nightly_measurement_is_due_once_after_three_in_the_morning(clock: FakeClock) -> None:
    from datetime import timedelta

    assert is_due(clock.now(), None)
    assert not is_due(clock.now(), clock.now() - timedelta(hours=5))
    assert is_due(clock.now(), clock.now() - timedelta(hours=7))
