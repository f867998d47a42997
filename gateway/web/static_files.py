"""Files that pages bring along: read once, packed once, addressed by their content so that a browser keeps them."""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from facility.errors import Missing

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
A_YEAR_S = 31_536_000

router = APIRouter(include_in_schema=False)


class FileMissing(Missing):
    """No such file is served."""

    code = "static.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file: its octets, the same packed, and the digest that names this content."""

    body: bytes
    packed: bytes
    digest: str
    kind: str


@cache
def read_file(name: str) -> StaticFile:
    """One file of the static folder.

    Raises:
        FileMissing: there is none of this name.
    """
    path = FOLDER / name
    kind = KINDS.get(path.suffix)
    if kind is None or path.parent != FOLDER or not path.is_file():
        raise FileMissing(f"no file {name}")
    body = path.read_bytes()
    packed = gzip.compress(body, 9, mtime=0)
    return StaticFile(body=body, packed=packed, digest=hashlib.sha256(body).hexdigest()[:16], kind=kind)


def address_of(name: str) -> str:
    """A file's address, which changes with its content."""
    return f"/static/{name}?v={read_file(name).digest}"


def text_of(name: str) -> str:
    """A file's text, to stand in a page itself: the page needs no second trip for it."""
    return read_file(name).body.decode()


def source_of(name: str) -> str:
    """What a content security policy calls a text that stands in the page: its own digest."""
    digest = hashlib.sha256(read_file(name).body).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@router.get("/static/{name}")
async def serve(request: Request, name: str) -> Response:
    """One static file; for ever where its address names the content, else checked every time."""
    file = read_file(name)
    is_named = request.query_params.get("v") == file.digest
    headers = {
        "etag": f'"{file.digest}"',
        "cache-control": f"public, max-age={A_YEAR_S}, immutable" if is_named else "no-cache",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", "") and len(file.packed) < len(file.body):
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"}, media_type=file.kind)
    return Response(file.body, headers=headers, media_type=file.kind)
