"""Templates into pages: language, the building's world, small answers for slow phones."""

import gzip
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from facility.units import Fen, local, yuan
from gateway.web.static_files import address_of, source_of, text_of

Language = Literal["zh", "en"]
HERE = Path(__file__).parent
TEMPLATES = (HERE / "templates",)
LANGUAGE_COOKIE = "lang"
# Nothing comes from another address, no text in a page runs but one named by its digest, and no other site may frame a
# page that pays.
POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SMALLEST_TO_PACK = 600


@cache
def translations(language: Language) -> NullTranslations:
    """The catalogue of a language; the Chinese texts are the keys themselves."""
    if language == "zh":
        return NullTranslations()
    with (HERE / "locale" / "en.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def language_of(request: Request) -> Language:
    """The language a person chose by `?lang=`, before by cookie, else the browser's; Chinese where none says."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        return "zh" if chosen == "zh" else "en"
    wanted = request.headers.get("accept-language", "zh").lower()
    first = re.match(r"[a-z]+", wanted)
    return "zh" if first is None or first.group() == "zh" else "en"


def how_long(span: timedelta, language: Language) -> str:
    """A length of time in words, whole minutes: `2 天 3 小时 5 分钟`, `2 d 3 h 5 min`."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    words = ((days, "天", "d"), (hours, "小时", "h"), (minutes, "分钟", "min"))
    said = [f"{value} {zh if language == 'zh' else en}" for value, zh, en in words if value]
    return " ".join(said) or ("不到 1 分钟" if language == "zh" else "under 1 min")


def clock_time(moment: datetime, language: Language) -> str:
    """A moment on the site's wall clock: `11 月 23 日 09:12`, `23 Nov 09:12`."""
    at = local(moment)
    return f"{at.month} 月 {at.day} 日 {at:%H:%M}" if language == "zh" else f"{at.day} {at:%b %H:%M}"


def spaced_plate(plate: str) -> str:
    """A plate as it is written on the car: `苏F·12345`."""
    return f"{plate[:2]}·{plate[2:]}" if len(plate) >= 7 else plate


@cache
def environment(language: Language, folders: tuple[Path, ...]) -> Environment:
    """Jinja that speaks one language, over the shared templates (and a domain's own folder before them)."""
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    made.globals["static"] = address_of
    made.globals["text_of"] = lambda name: Markup(text_of(name))
    made.filters.update(
        yuan=lambda fen: yuan(Fen(fen)),
        how_long=lambda span: how_long(span, language),
        at=lambda moment: clock_time(moment, language),
        plate=spaced_plate,
    )
    return made


def say(language: Language) -> Callable[[str], str]:
    """The translator of one language, for texts that code chooses."""
    return translations(language).gettext


def policy_of(inlined: tuple[str, ...]) -> str:
    """The content security policy of a page in which these files stand themselves."""
    scripts, styles = (
        "".join(f" {source_of(name)}" for name in inlined if name.endswith(kind)) for kind in (".js", ".css")
    )
    return POLICY.format(scripts=scripts, styles=styles)


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    folders: tuple[Path, ...] = TEMPLATES,
    inlined: tuple[str, ...] = (),
    **values: Any,
) -> HTMLResponse:
    """A page in the reader's language; packed where the browser can unpack it.

    Args:
        inlined: static files that stand in the page itself: a first page on a slow phone is there in one trip.
    """
    language = language_of(request)
    text = (
        environment(language, folders)
        .get_template(template)
        .render(
            lang=language,
            other_lang="en" if language == "zh" else "zh",
            path=request.url.path,
            inlined=inlined,
            is_part=request.headers.get("hx-request") == "true",
            **values,
        )
    )
    body = text.encode()
    headers = {
        "content-security-policy": policy_of(inlined),
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "vary": "accept-encoding, cookie, accept-language, hx-request",
    }
    if len(body) >= SMALLEST_TO_PACK and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 6)
        headers["content-encoding"] = "gzip"
    response = HTMLResponse(body, status, headers=headers)
    if request.query_params.get("lang") in ("zh", "en"):
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 86_400, samesite="lax", path="/")
    return response
