"""Now: the four numbers, the plan with every bay in its place, and what needs a person."""

from typing import Any

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.attributes import attributes
from dashboard.figures.bays import LOOKS
from dashboard.figures.series import Figure
from dashboard.pages import attention, charging, detail, numbers, occupancy
from dashboard.pages.looks import LOOK_NAMES
from dashboard.pages.parts import GRAPH_CONFIG, card, pulses
from dashboard.shell import pulse
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context
from facility.layout import Site

CHART_HEIGHT = 200


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there; every part keeps its place."""
    say = viewer.say
    return html.Div(
        [
            *pulses("alarms", "lanes", "counts", "power"),
            dcc.Store(id="picked"),
            dcc.Interval(id="now-slow", interval=20_000),
            dcc.Interval(id="now-charts", interval=60_000),
            html.Div(id="count-seeds", hidden=True),
            html.Div(id="numbers", className="numbers"),
            html.Div(
                [
                    card(
                        say("平面图"),
                        [_levels(viewer, context.site), _plan(viewer), _legend(viewer)],
                        aside=html.Div(id="plan-aside"),
                        style="plan-card",
                    ),
                    html.Div(id="picked-detail", className="detail"),
                    html.Div(
                        [
                            card(
                                say("24 小时占用"),
                                _graph("now-occupancy"),
                                aside=html.Div(id="now-occupancy-age"),
                            ),
                            card(
                                say("24 小时充电功率（kW）"),
                                _graph("now-power"),
                                aside=html.Div(id="now-power-age"),
                            ),
                        ],
                        className="pair",
                    ),
                ],
                className="hero",
            ),
            html.Div(
                [html.Div(id="attention"), html.Div(id="lanes")],
                className="side",
            ),
        ],
        className="now",
    )


def _graph(ident: str) -> Component:
    return dcc.Graph(id=ident, config=GRAPH_CONFIG, style={"height": f"{CHART_HEIGHT}px"})


def _levels(viewer: Viewer, site: Site) -> Component:
    """One button a level, each with its free bays."""
    buttons = []
    for level in site.levels.values():
        zones = [zone for zone in site.zones.values() if zone.level == level.id]
        capacity = sum(zone.capacity for zone in zones)
        data = {"data-level": level.id, "data-capacity": str(capacity)}
        buttons.append(
            html.Button(
                [
                    html.Span(level.name.said(viewer.language), className="level-name"),
                    html.Span(
                        [
                            html.Span("–", **attributes({"data-zones": " ".join(zone.id for zone in zones)})),
                            html.Small(f" / {capacity}"),
                        ],
                        className="level-count",
                    ),
                ],
                className="level",
                **attributes(data),
            )
        )
    return html.Div(
        buttons, className="levels", role="group", **attributes({"aria-label": viewer.say("楼层")})
    )


def _plan(viewer: Viewer) -> Component:
    return html.Div(
        id="plan",
        className="plan-frame",
        tabIndex="0",
        **attributes({"data-drawing": "/ops/drawings/B1.svg", "aria-label": viewer.say("平面图")}),
    )


def _legend(viewer: Viewer) -> Component:
    """Each look with its glyph, which the script draws; it hides the looks that the level shown does not have."""
    marks = [
        html.Li(
            [
                html.Span(className=f"swatch {look}", **attributes({"data-glyph": look})),
                viewer.say(LOOK_NAMES[look]),
            ],
            **attributes({"data-look": look}),
        )
        for look in LOOKS
    ]
    return html.Ul(marks, className="legend")


def register(app: Dash, context: Context) -> None:
    """Bring the data: numbers, what needs a person, lanes, and the detail of what was picked."""

    @app.callback(
        Output("numbers", "children"),
        Output("count-seeds", "children"),
        Input(pulse("counts"), "data"),
        Input(pulse("alarms"), "data"),
        Input(pulse("power"), "data"),
        Input("now-slow", "n_intervals"),
    )
    async def show_numbers(*_changed: object) -> tuple[list[Component], list[Component]]:
        return await numbers.show(current_viewer(), context)

    @app.callback(
        Output("attention", "children"),
        Input(pulse("alarms"), "data"),
        Input(pulse("lanes"), "data"),
        Input("now-slow", "n_intervals"),
    )
    async def show_attention(*_changed: object) -> list[Component]:
        return await attention.show(current_viewer(), context)

    @app.callback(
        Output("lanes", "children"), Input(pulse("lanes"), "data"), Input("now-slow", "n_intervals")
    )
    async def show_lanes(*_changed: object) -> Component:
        return await attention.show_lanes(current_viewer(), context)

    @app.callback(
        Output("now-occupancy", "figure"),
        Output("now-occupancy-age", "children"),
        Output("now-power", "figure"),
        Output("now-power-age", "children"),
        Input("now-charts", "n_intervals"),
    )
    async def show_charts(_slow: object) -> tuple[Figure, Component, Figure, Component]:
        viewer = current_viewer()
        day = await occupancy.day_so_far(viewer, context, height=CHART_HEIGHT)
        power = await charging.power_chart(viewer, context, "24h", height=CHART_HEIGHT)
        return *day, *power

    @app.callback(Output("picked-detail", "children"), Input("picked", "data"))
    async def show_detail(picked: dict[str, Any] | None) -> Component | None:
        return await detail.show(current_viewer(), context, picked)
