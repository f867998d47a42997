"""The big screen of the control room: the clocks, the chain that decides the end, crews, hold points, cars inside."""

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.attributes import attributes
from dashboard.data import read_counts
from dashboard.pages.parts import pulses
from dashboard.pages.run_parts import (
    crew_bars,
    drill_clock,
    finish_text,
    hold_points,
    legal_clock,
    run_title,
)
from dashboard.run_data import RunPicture, read_picture, read_runs
from dashboard.shell import mode_banner, pulse
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context

GANTT_QUERY = "show=open&rows=16&large=true"


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there; it covers the frame."""
    return html.Div(
        [
            *pulses("run", "counts"),
            dcc.Interval(id="wall-slow", interval=30_000),
            html.Header(
                [
                    html.H1(id="wall-title"),
                    html.Div(id="wall-mode", className="mode"),
                    html.Div(className="spring"),
                    html.Div(className="age", **attributes({"data-age": "live"})),
                    html.Time(className="clock wall-time", **attributes({"data-now": "1"})),
                    dcc.Link("×", href="/ops/", className="wall-close", title=viewer.say("关闭大屏")),
                ],
                className="wall-head",
            ),
            html.Div(id="wall-body", className="wall-body"),
        ],
        className="wall",
        **attributes({"data-theme": "dark"}),
    )


def register(app: Dash, context: Context) -> None:
    """Bring the run under way, or the garage where there is none."""

    @app.callback(
        Output("wall-title", "children"),
        Output("wall-mode", "children"),
        Output("wall-mode", "className"),
        Output("wall-body", "children"),
        Input(pulse("run"), "data"),
        Input(pulse("counts"), "data"),
        Input("wall-slow", "n_intervals"),
    )
    async def show_wall(*_changed: object) -> tuple[str, object, str, list[Component]]:
        viewer = current_viewer()
        running = [run for run in await read_runs(context) if run.state == "running"]
        if running:
            picture = await read_picture(context, running[0], viewer.language)
            kind = picture.run.kind
            banner = viewer.say("演练 · 不动真设备") if kind == "drill" else viewer.say("实战")
            style = "mode drill" if kind == "drill" else "mode converting"
            return run_title(viewer, picture), banner, style, _run(viewer, picture)
        mode, style, _ = await mode_banner(viewer, context)
        return context.site.name.said(viewer.language), mode, style, await _garage(viewer, context)


def _run(viewer: Viewer, picture: RunPicture) -> list[Component]:
    say = viewer.say
    return [
        html.Div([legal_clock(viewer, picture), drill_clock(viewer, picture)], className="wall-clocks"),
        html.Div(
            [
                _figure(say("预计完成"), finish_text(viewer, picture)),
                _figure(say("完成"), f"{picture.run.tasks_done}", f"/ {picture.run.tasks}"),
                _figure(say("等待放行"), str(len(picture.holding)), "", needs=bool(picture.holding)),
                _figure(
                    say("地下车辆"),
                    str(picture.cars_inside),
                    say("辆"),
                    needs=picture.run.kind == "actual" and picture.cars_inside > 0,
                ),
            ],
            className="wall-figures",
        ),
        html.Section(
            [
                html.H2(say("关键链与在办工序")),
                html.Div(
                    className="gantt-frame",
                    **attributes(
                        {
                            "data-drawing": f"/ops/drawings/runs/{picture.run.id}.svg?{GANTT_QUERY}",
                            "data-topic": "run",
                        }
                    ),
                ),
            ],
            className="wall-card wall-gantt",
        ),
        html.Div(
            [
                html.Section(
                    [html.H2(say("停检点")), hold_points(viewer, picture, limit=5)], className="wall-card"
                ),
                html.Section(
                    [html.H2(say("班组")), crew_bars(viewer, list(picture.crews))], className="wall-card"
                ),
            ],
            className="wall-side",
        ),
    ]


def _figure(label: str, value: str, unit: str = "", *, needs: bool = False) -> Component:
    return html.Div(
        [
            html.Span(label, className="clock-label"),
            html.Span([html.B(value), html.Small(unit)], className="wall-value"),
        ],
        className="wall-figure needs-person" if needs else "wall-figure",
    )


async def _garage(viewer: Viewer, context: Context) -> list[Component]:
    """Peacetime: free bays by level, and the plan of the basement."""
    say, site = viewer.say, context.site
    counts = await read_counts(context)
    figures = [_figure(say("空闲车位"), str(counts.free) if counts.zones else "–", f"/ {site.capacity}")]
    for level in site.levels.values():
        rows = [counts.zones.get(zone.id) for zone in site.zones.values() if zone.level == level.id]
        free = sum(max(row.capacity - row.occupied, 0) for row in rows if row)
        capacity = sum(zone.capacity for zone in site.zones.values() if zone.level == level.id)
        figures.append(
            _figure(level.name.said(viewer.language), str(free) if any(rows) else "–", f"/ {capacity}")
        )
    plan = html.Div(className="plan-frame", **attributes({"data-drawing": "/ops/drawings/B1.svg"}))
    return [
        html.Div(figures, className="wall-figures garage"),
        html.Section(plan, className="wall-card wall-plan"),
    ]
