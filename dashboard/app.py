"""The managers' screens on the gateway's server: they read the schema `report` and act through its routes."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from dash import Dash, Input, Output
from dash.development.base_component import Component
from fastapi import APIRouter, FastAPI, Query, Request, Response

from dashboard import shell
from dashboard.data import read_bay_states
from dashboard.figures.days import as_csv
from dashboard.figures.gantt import GanttWords, gantt_svg
from dashboard.figures.plan import plan_svg
from dashboard.figures.projection import chosen_spans
from dashboard.pages.parts import empty_state
from dashboard.pages.reports import heads, read_days
from dashboard.pages.table import PAGES
from dashboard.run_data import find_picture
from dashboard.server import ASSETS, OpsDash, OpsServer, StaffOnly
from dashboard.viewer import current_viewer, viewer_of
from facility.context import Context
from facility.edge import context as context_of
from facility.errors import Missing
from facility.ids import LevelId

drawings = APIRouter(prefix="/ops/drawings", include_in_schema=False)


class RunMissing(Missing):
    """There is no such run among those shown."""

    code = "run.missing"


class LevelMissing(Missing):
    """The site has no such level."""

    code = "level.missing"


@drawings.get("/{level_id}.svg")
async def draw_level(request: Request, level_id: str) -> Response:
    """The plan of one level as it is now."""
    ctx, viewer = context_of(request), viewer_of(request)
    level = ctx.site.levels.get(LevelId(level_id))
    if level is None:
        raise LevelMissing(f"no level {level_id}")
    states = await read_bay_states(ctx)
    title = viewer.say("{level}平面图", level=level.name.said(viewer.language))
    drawing = plan_svg(ctx.site, level, states, viewer.language, title)
    return Response(drawing, media_type="image/svg+xml", headers={"cache-control": "no-store"})


@drawings.get("/days.csv")
async def take_days(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Response:
    """The last days as a table for a spreadsheet."""
    viewer = viewer_of(request)
    text = as_csv(heads(viewer), await read_days(context_of(request), days))
    headers = {
        "content-disposition": f'attachment; filename="pingzhan-{days}d.csv"',
        "cache-control": "no-store",
    }
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@drawings.get("/runs/{run_id}.svg")
async def draw_run(
    request: Request, run_id: UUID, show: str = "all", rows: int = 0, large: bool = False
) -> Response:
    """A run's tasks over time: all, those not done, or the chain that decides the end; at most `rows` of them."""
    ctx, viewer = context_of(request), viewer_of(request)
    picture = await find_picture(ctx, run_id, viewer.language)
    if picture is None:
        raise RunMissing(f"no run {run_id}")
    say = viewer.say
    crews = {
        load.crew.id: load.crew.zh if viewer.language == "zh" else load.crew.en for load in picture.crews
    }
    words = GanttWords(title=say("进度图"), now=say("现在"), hold=say("停检点"))
    spans = chosen_spans(picture.spans, show, rows)
    drawing = gantt_svg(
        spans,
        now=picture.run.ended_at or picture.read_at,
        words=words,
        crews=crews,
        row=46 if large else 30,
        label=430 if large else 300,
    )
    return Response(drawing, media_type="image/svg+xml", headers={"cache-control": "no-store"})


def mount(app: FastAPI, context: Context) -> None:
    """Add the screens to the gateway's server.

    Call it after every other route (ours match below `/ops/` only) and before the middleware that finds out who
    calls: ours must run inside it.
    """
    app.include_router(drawings)
    dash_app = OpsDash(
        "dashboard",
        server=False,
        backend=OpsServer,
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_url_path=ASSETS,
        assets_ignore=r".*worker.*",
        suppress_callback_exceptions=True,
        serve_locally=True,
        update_title="",
    )
    dash_app.layout = lambda: shell.frame(current_viewer())
    _register_frame(dash_app, context)
    for page in PAGES.values():
        page.register(dash_app, context)
    dash_app.init_app(app)
    app.add_middleware(StaffOnly)


def _register_frame(dash_app: Dash, context: Context) -> None:
    @dash_app.callback(Output("screen", "children"), Input("address", "pathname"))
    async def show_screen(pathname: str) -> Component:
        viewer = current_viewer()
        page = PAGES.get(f"/{pathname.strip('/')}")
        if page is None:
            return empty_state(viewer.say("没有这个画面"), viewer.say("请从左侧选择一个画面。"))
        return page.layout(viewer, context)

    @dash_app.callback(
        Output("mode", "children"),
        Output("mode", "className"),
        Output("site-note", "children"),
        Input("frame-run", "data"),
        Input("slow", "n_intervals"),
    )
    async def show_mode(_pulse: object, _slow: object) -> tuple[object, str, object]:
        return await shell.mode_banner(current_viewer(), context)
