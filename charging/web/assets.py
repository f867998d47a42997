"""Style sheet and script of the operators' charger pages."""

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from facility.errors import Missing

pages = APIRouter(include_in_schema=False)

FOLDER: Final = Path(__file__).parent / "static"
MEDIA: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class AssetMissing(Missing):
    """No such file is served."""

    code = "charging.asset_missing"


@cache
def _read(name: str) -> bytes:
    path = FOLDER / name
    if path.suffix not in MEDIA or path.parent != FOLDER or not path.is_file():
        raise AssetMissing(f"no file {name[:60]}")
    return path.read_bytes()


@pages.get("/charging/{name}")
async def asset(name: str) -> Response:
    """One file; checked again each time, for it has no version in its address."""
    body = _read(name)
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(body, media_type=MEDIA[Path(name).suffix], headers=headers)
