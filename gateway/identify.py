"""Who calls: a session cookie or a bearer token, found before any route runs."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

import psycopg
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Unavailable
from facility.identity import Person
from gateway.errors import problem
from gateway.staff.people import person_of_session, person_of_token

COOKIE = "pingzhan_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_secret(headers: Headers) -> str | None:
    """The session's secret that a browser sent, or None."""
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return jar[COOKIE].value if COOKIE in jar else None


def is_from_another_site(headers: Headers) -> bool:
    """Whether a browser says that another site's page made this request."""
    origin = headers.get("origin")
    if origin is not None and origin != "null":
        return urlsplit(origin).netloc != headers.get("host", "")
    return origin == "null" or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


class Identify:
    """ASGI middleware: sets `request.state.person`, and refuses a cookie used from another site's page."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the caller, then pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        bearer = headers.get("authorization", "")
        secret = cookie_secret(headers)
        person: Person | None = None
        try:
            if bearer.lower().startswith("bearer "):
                person = await self._by_token(bearer[7:].strip())
            elif secret is not None and self._may_use_cookie(scope, headers):
                person = await self._by_session(secret)
        except (Unavailable, psycopg.OperationalError):
            if not scope["path"].startswith(("/healthz", "/readyz", "/static/")):
                answer = problem(503, "database.away", "the database is away; try again in a moment")
                await answer(scope, receive, send)
                return
        scope.setdefault("state", {})["person"] = person
        await self._app(scope, receive, send)

    def _may_use_cookie(self, scope: Scope, headers: Headers) -> bool:
        if scope["type"] == "websocket":
            return not is_from_another_site(headers)
        return scope["method"] in SAFE_METHODS or not is_from_another_site(headers)

    async def _by_token(self, secret: str) -> Person | None:
        async with unit_of_work(self._context.pool) as conn:
            return await person_of_token(conn, secret)

    async def _by_session(self, secret: str) -> Person | None:
        async with unit_of_work(self._context.pool) as conn:
            return await person_of_session(conn, secret, now=self._context.clock.now())
