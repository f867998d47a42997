"""The pages below `/drill/`: plain files, and the service worker that keeps them for places without a network."""

import functools
import hashlib
import json
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from facility.errors import Missing

WEB = Path(__file__).parent / "web"
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
PAGES = {
    "": "index.html",
    "command": "command.html",
    "readiness": "readiness.html",
    "plan": "plan.html",
    "compared": "compared.html",
    "roster": "roster.html",
    "paper": "paper.html",
    "depot": "depot.html",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"
    ),
}

pages = APIRouter(prefix="/drill", include_in_schema=False)


class PageMissing(Missing):
    """No page or file has this name."""

    code = "conversion.page_missing"


@functools.cache
def _file(name: str) -> bytes:
    return (WEB / name).read_bytes()


def _names() -> list[str]:
    return sorted(path.name for path in WEB.iterdir() if path.suffix in MEDIA and path.name != "sw.js")


@functools.cache
def _worker() -> bytes:
    """The service worker with the version and list of the files as they are."""
    addresses = [f"/drill/{key}" for key, name in PAGES.items() if (WEB / name).exists()]
    addresses += [f"/drill/{name}" for name in _names() if name not in PAGES.values()]
    digest = hashlib.sha256(b"".join(_file(name) for name in _names())).hexdigest()[:16]
    text = _file("sw.js").decode()
    return text.replace("__VERSION__", digest).replace("__FILES__", json.dumps(addresses)).encode()


@pages.get("/sw.js")
async def worker() -> Response:
    """The service worker."""
    return Response(
        _worker(), media_type=MEDIA[".js"], headers=HEADERS | {"Service-Worker-Allowed": "/drill/"}
    )


@pages.get("/")
@pages.get("/{name}")
async def page(name: str = "") -> Response:
    """A page or one of its files."""
    wanted = PAGES.get(name, name)
    if wanted not in _names():
        raise PageMissing(f"no page /drill/{name}")
    return Response(_file(wanted), media_type=MEDIA[Path(wanted).suffix], headers=HEADERS)
