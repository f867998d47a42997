"""What gate cameras that read plates themselves send: Hikvision ISAPI XML, Dahua and Vzenith-like JSON.

Each shape becomes a `Claim`: the camera's opinion, and its picture where it sent one. Field names are those of the
makers' published HTTP interfaces; only what is used is looked at, everything else is passed over.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from facility.errors import Invalid
from lpr.rules.match import normalised
from lpr.rules.plate import pattern_of, printed

MAX_XML_BYTES = 256 * 1024
NO_PLATE = frozenset({"", "无", "_无_", "无车牌", "无牌车", "未识别", "unknown", "noplate", "no plate"})
COLOUR_NAMES = {
    "blue": "blue",
    "yellow": "yellow",
    "white": "white",
    "black": "black",
    "green": "green",
    "newenergygreen": "green",
    "newenergyyellowgreen": "green",
    "yellowgreen": "green",
    "shadowgreen": "green",
    "蓝": "blue",
    "黄": "yellow",
    "白": "white",
    "黑": "black",
    "绿": "green",
    "黄绿": "green",
}
VZENITH_COLOURS = {1: "blue", 2: "yellow", 3: "white", 4: "black", 5: "green", 6: "green"}


class BadEvent(Invalid):
    """A camera's event is not of the shape its maker documents."""

    code = "lpr.bad_event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A camera's own opinion of one car.

    Attributes:
        origin: whose shape it came in.
        text: normalised plate, empty where the camera saw none.
        colour: one of `plate.COLOURS`, or `None` when not said.
        confidence: 0..1; 0 when not said.
        picture: the scene as the camera took it (JPEG bytes), else of the plate, else `None`.
    """

    origin: str
    text: str
    colour: str | None
    confidence: float
    picture: bytes | None


def hikvision(xml: bytes, pictures: Mapping[str, bytes]) -> Claim | None:
    """An ISAPI `EventNotificationAlert` of type ANPR with the pictures that came in the same multipart body.

    `None` for the alert that such a camera repeats to say that it is there: a heartbeat, or no loss of video.

    Raises:
        BadEvent: no XML, an entity or document type in it, or not an ANPR event.
    """
    # a NUL byte is UTF-16 or UTF-32, in which the look for declarations would see none
    if len(xml) > MAX_XML_BYTES or b"\0" in xml or b"<!" in xml.replace(b"<!--", b""):
        raise BadEvent("hikvision: XML too large, not in a one-byte encoding, or it declares entities")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError, LookupError) as fault:
        raise BadEvent(f"hikvision: not XML: {fault}") from fault
    values = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root.iter()}
    kind, state = values.get("eventType", "").lower(), values.get("eventState", "").lower()
    if kind == "heartbeat" or (kind == "videoloss" and state == "inactive"):
        return None
    if "licensePlate" not in values:
        raise BadEvent("hikvision: no ANPR event (licensePlate is missing)")
    scene = next((data for name, data in pictures.items() if "licenseplate" not in name.lower()), None)
    return Claim(
        origin="hikvision",
        text=_text(values["licensePlate"]),
        colour=COLOUR_NAMES.get(values.get("plateColor", "").lower()),
        confidence=_percent(values.get("confidenceLevel")),
        picture=scene or next(iter(pictures.values()), None),
    )


def dahua(body: bytes) -> Claim | None:
    """Dahua's `TollgateInfo` notification; `None` for its `keepAlive`.

    Raises:
        BadEvent: not JSON, or without a plate.
    """
    event = _json(body, "dahua")
    if event.get("Active") == "keepAlive":
        return None
    picture = _object(event.get("Picture"), "dahua: Picture")
    plate = _object(picture.get("Plate"), "dahua: Picture.Plate")
    scene = picture.get("NormalPic") or picture.get("CutoutPic") or {}
    return Claim(
        origin="dahua",
        text=_text(plate.get("PlateNumber")),
        colour=COLOUR_NAMES.get(str(plate.get("PlateColor", "")).lower()),
        confidence=_percent(plate.get("Confidence")),
        picture=_decoded(_object(scene, "dahua: NormalPic").get("Content"), "dahua"),
    )


def vzenith(body: bytes) -> Claim | None:
    """The `AlarmInfoPlate` push of Vzenith cameras and their many relatives; `None` for their `heartbeat`.

    Raises:
        BadEvent: not JSON, or without a plate result.
    """
    event = _json(body, "vzenith")
    if "heartbeat" in event and "AlarmInfoPlate" not in event:
        return None
    alarm = _object(event.get("AlarmInfoPlate"), "vzenith: AlarmInfoPlate")
    outer = _object(alarm.get("result"), "vzenith: result")
    plate = _object(outer.get("PlateResult"), "vzenith: PlateResult")
    number = plate.get("colorType")
    return Claim(
        origin="vzenith",
        text=_text(plate.get("license")),
        colour=VZENITH_COLOURS.get(number) if isinstance(number, int) else None,
        confidence=_percent(plate.get("confidence")),
        picture=_decoded(plate.get("imageFile") or plate.get("imageFragmentFile"), "vzenith"),
    )


def _json(body: bytes, maker: str) -> dict[str, Any]:
    for encoding in ("utf-8", "gb18030"):
        try:
            return _object(json.loads(body.decode(encoding)), maker)
        except UnicodeDecodeError:
            continue
        except (ValueError, RecursionError) as fault:  # ValueError also for a number of thousands of digits
            raise BadEvent(f"{maker}: not JSON") from fault
    raise BadEvent(f"{maker}: neither UTF-8 nor GB 18030 text")


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadEvent(f"{where} is missing or no object")
    return value


def _text(value: object) -> str:
    """The plate as the grammar prints it; what fits no pattern stays as it came, without separators."""
    raw = str(value or "").strip()
    if raw.lower() in NO_PLATE:
        return ""
    plain = normalised(raw)[:12]
    pattern = pattern_of(plain)
    return printed(plain, pattern) if pattern else plain


def _percent(value: object) -> float:
    try:
        number = float(str(value))
    except (TypeError, ValueError):
        return 0.0
    if not number >= 0:
        return 0.0
    return min(number / 100 if number > 1 else number, 1.0)


def _decoded(value: object, maker: str) -> bytes | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return base64.b64decode(value.rpartition("base64,")[2], validate=False)
    except (binascii.Error, ValueError) as fault:
        raise BadEvent(f"{maker}: the picture is not base64") from fault
