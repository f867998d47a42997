"""Templates of the charging pages: language, filters, the answer's headers."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from facility.layout import Language
from facility.units import Fen, Wh, kwh, local, yuan

FOLDER: Final = Path(__file__).parent / "templates"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {"content-security-policy": POLICY, "cache-control": "no-store"}


@cache
def environment() -> Environment:
    """Jinja over this package's templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        yuan=lambda fen: yuan(Fen(fen)),
        kwh=lambda wh: kwh(Wh(wh)),
        kw=lambda w: f"{w / 1000:.1f}",
        clock=lambda moment: f"{local(moment):%H:%M}",
        clock_s=lambda moment: f"{local(moment):%H:%M:%S}",
        stamp=lambda moment: f"{local(moment):%m-%d %H:%M:%S}",
        stamp_ms=lambda moment: f"{local(moment):%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}",
        iso=lambda moment: moment.isoformat(),
    )
    return made


def language_of(request: Request) -> Language:
    """The language chosen by `?lang=`, before by cookie, else the browser's; Chinese where none says."""
    chosen = request.query_params.get("lang") or request.cookies.get("lang")
    if chosen in ("zh", "en"):
        return "zh" if chosen == "zh" else "en"
    first = request.headers.get("accept-language", "zh").lower()[:2]
    return "zh" if first == "zh" or not first.isalpha() else "en"


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the reader's language, which it remembers where the address chose one."""
    language = language_of(request)
    text = (
        environment()
        .get_template(template)
        .render(lang=language, other="en" if language == "zh" else "zh", **values)
    )
    response = HTMLResponse(text, status, headers=HEADERS)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie("lang", language, max_age=365 * 86_400, samesite="lax", path="/")
    return response
