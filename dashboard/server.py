"""Dash on the gateway's own FastAPI server: its routes, kept to what is ours, and who may see them.

Dash registers its routes at the root (below a prefix it breaks); its catch-all would answer every unknown path with
a page, so ours answers below `/ops/` only, and `/` and `/api/` stay the gateway's.
"""

import json
from html import escape
from urllib.parse import quote

from dash import Dash
from dash.backends._fastapi import FastAPIDashServer, reset_current_request, set_current_request
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.shell import script_words
from dashboard.viewer import LANGUAGE_COOKIE, SCREEN_ROLES, THEME_COOKIE, current_viewer
from facility.identity import Person

ASSETS = "ops-assets"
_OPEN = ("/_dash-component-suites/", f"/{ASSETS}/", "/_favicon.ico")
_YEAR_S = 365 * 24 * 3600


class OpsServer(FastAPIDashServer):
    """Dash's FastAPI backend without the parts that would reach beyond `/ops/`."""

    # No persistent callbacks: one that loses its server never comes back (the live feed does).
    websocket_capability = False

    def setup_index(self, dash_app: Dash) -> None:
        """`/` is the drivers' page."""

    def setup_catchall(self, dash_app: Dash) -> None:
        """Every screen below `/ops/` is the same page; the layout reads the address."""

        async def screen(request: Request) -> Response:
            token = set_current_request(request)  # type: ignore[no-untyped-call]
            try:
                # Else the first page to be loaded lacks our scripts and styles.
                dash_app._setup_server()  # type: ignore[no-untyped-call]
                page = dash_app.index()  # type: ignore[no-untyped-call]
                return _with_choices(request, HTMLResponse(page))
            finally:
                reset_current_request(token)  # type: ignore[no-untyped-call]

        self.add_url_rule("/ops", screen, methods=["GET"])
        self.add_url_rule("/ops/{path:path}", screen, methods=["GET"])

    def _setup_catchall(self) -> None:
        """Dash would add a route for every path here when the server starts."""


def _with_choices(request: Request, response: Response) -> Response:
    """Keep `?lang=` and `?theme=` of the address for later requests."""
    for name, known in ((LANGUAGE_COOKIE, ("zh", "en")), (THEME_COOKIE, ("light", "dark"))):
        chosen = request.query_params.get(name)
        if chosen in known:
            response.set_cookie(name, chosen, max_age=_YEAR_S, samesite="lax", path="/")
    return response


def is_screen_path(path: str) -> bool:
    """Whether a path belongs to the screens and shows something only staff may see."""
    if path.startswith(_OPEN):
        return False
    return path == "/ops" or path.startswith(("/ops/", "/_dash-", "/_reload-hash"))


class StaffOnly:
    """ASGI middleware: the screens are for signed-in staff; pages send others to the sign-in page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, send to the sign-in page, or refuse."""
        if scope["type"] != "http" or not is_screen_path(scope["path"]):
            await self._app(scope, receive, send)
            return
        person: Person | None = scope.get("state", {}).get("person")
        if person is not None and person.may_act_as(*SCREEN_ROLES):
            await self._app(scope, receive, send)
            return
        await _turned_away(scope, person)(scope, receive, send)


def _turned_away(scope: Scope, person: Person | None) -> Response:
    if person is None and scope["path"].startswith("/ops"):
        query = scope["query_string"].decode("latin-1")
        target = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(target)}", 303)
    code, status = ("unauthenticated", 401) if person is None else ("role.missing", 403)
    body = {"type": "about:blank", "status": status, "code": code, "detail": "the screens are for staff"}
    return JSONResponse(body, status, media_type="application/problem+json")


class OpsDash(Dash):
    """Dash with our own page around the app: language, light, and the words that scripts say."""

    def interpolate_index(
        self,
        metas: str = "",
        title: str = "",
        css: str = "",
        config: str = "",
        scripts: str = "",
        app_entry: str = "",
        favicon: str = "",
        renderer: str = "",
    ) -> str:
        """The page; no address of another host appears in it."""
        viewer = current_viewer()
        html_language = "en" if viewer.language == "en" else "zh-CN"
        words = json.dumps(script_words(viewer), ensure_ascii=False).replace("</", "<\\/")
        return f"""<!doctype html>
<html lang="{html_language}" data-theme="{viewer.theme}">
<head>
{metas}
<meta name="color-scheme" content="light dark">
<title>{escape(viewer.say("平战 · 运行总览"))}</title>
{favicon}
<script>window.pingzhan={words};{_FIRST_THEME}</script>
{css}
</head>
<body>
{app_entry}
<footer>{config}{scripts}{renderer}</footer>
</body>
</html>"""


# The first visit takes the light of the machine, before anything is drawn.
_FIRST_THEME = """
if(!/(^|; )theme=/.test(document.cookie)){const t=matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light';
document.cookie='theme='+t+';path=/;max-age=31536000;samesite=lax';document.documentElement.dataset.theme=t}
"""
