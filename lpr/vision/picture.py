"""Pictures from outside: decoded within limits, or refused with one clear line."""

from io import BytesIO
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from facility.errors import Invalid

Picture = NDArray[np.uint8]
"""`(H, W, 3) uint8 BGR`."""
Corners = NDArray[np.float32]
"""`(4, 2) float32`: x, y of top left, top right, bottom right, bottom left."""

MAX_BYTES = 24 * 1024 * 1024
MAX_PIXELS = 40_000_000  # an 8K camera has 33 million
MIN_SIDE, MAX_SIDE = 8, 12_000
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


class UnreadablePicture(Invalid):
    """The bytes are no picture that may be decoded."""

    code = "picture.unreadable"


def decode_picture(data: bytes, name: str = "picture") -> Picture:
    """Decode a JPEG, PNG, BMP or WebP; size limits are checked on the header, before any pixel is unpacked.

    Raises:
        UnreadablePicture: empty, too large, not one of the formats, or damaged; the line begins with `name`.
    """
    if not data:
        raise UnreadablePicture(f"{name}: empty file")
    if len(data) > MAX_BYTES:
        raise UnreadablePicture(f"{name}: {len(data)} bytes, more than {MAX_BYTES}")
    width, height = _declared_size(data, name)
    if not (
        MIN_SIDE <= min(width, height) and max(width, height) <= MAX_SIDE and width * height <= MAX_PIXELS
    ):
        raise UnreadablePicture(f"{name}: {width} x {height} pixels is outside what is read")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as fault:
        raise UnreadablePicture(f"{name}: damaged picture") from fault
    if picture is None:
        raise UnreadablePicture(f"{name}: damaged picture")
    return as_picture(picture)


def _declared_size(data: bytes, name: str) -> tuple[int, int]:
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as header:
            return header.size
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise UnreadablePicture(f"{name}: not a JPEG, PNG, BMP or WebP picture of a sane size") from fault
    except (OSError, ValueError, SyntaxError, EOFError) as fault:
        raise UnreadablePicture(f"{name}: damaged picture") from fault


def read_picture(path: Path) -> Picture:
    """Decode a file.

    Raises:
        UnreadablePicture: as `decode_picture`, or the file cannot be opened.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadablePicture(f"{path}: {path.stat().st_size} bytes, more than {MAX_BYTES}")
        data = path.read_bytes()
    except OSError as fault:
        raise UnreadablePicture(f"{path}: {fault.strerror or fault}") from fault
    return decode_picture(data, str(path))


def encode_jpeg(picture: Picture, quality: int = 85) -> bytes:
    """The picture as JPEG bytes."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def as_picture(array: Any) -> Picture:
    """What OpenCV returns, named as what it is."""
    return cast(Picture, np.asarray(array, np.uint8))
