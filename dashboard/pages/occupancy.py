"""Occupancy over time: by zone, at the grain that suits the span, gaps shown as gaps."""

import asyncio
from datetime import timedelta
from typing import Final

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import store
from dashboard.data import reading
from dashboard.figures.occupancy import Count, shares_over_time, total_over_time
from dashboard.figures.series import Figure, Line, time_chart, with_gaps
from dashboard.pages.parts import GRAPH_CONFIG, age_mark, card, pulses, since, table
from dashboard.shell import pulse
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context
from facility.ids import ZoneId

SPANS: Final[dict[str, tuple[str, timedelta]]] = {
    "1h": ("1 小时", timedelta(hours=1)),
    "24h": ("24 小时", timedelta(hours=24)),
    "7d": ("7 天", timedelta(days=7)),
    "90d": ("90 天", timedelta(days=90)),
}
# With these a chart of twelve zones has some two to four thousand points, which a screen can show and a query bear.
GRAINS: Final[dict[str, timedelta]] = {
    "1h": timedelta(minutes=1),
    "24h": timedelta(minutes=15),
    "7d": timedelta(hours=1),
    "90d": timedelta(hours=6),
}


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there."""
    say = viewer.say
    spans = [{"label": say(name), "value": key} for key, (name, _) in SPANS.items()]
    areas = [
        {"label": say("全部"), "value": "all"},
        {"label": say("地下"), "value": "basement"},
        {"label": say("楼上"), "value": "upper"},
    ]
    return html.Div(
        [
            *pulses("counts"),
            dcc.Interval(id="occupancy-slow", interval=60_000),
            html.Div(
                [
                    dcc.RadioItems(spans, "24h", id="occupancy-span", className="segments", inline=True),
                    dcc.RadioItems(areas, "all", id="occupancy-area", className="segments", inline=True),
                ],
                className="filters",
            ),
            card(
                say("占用车位"),
                dcc.Graph(id="occupancy-total", config=GRAPH_CONFIG, style={"height": "320px"}),
                aside=html.Div(id="occupancy-age"),
            ),
            card(
                say("分区占用率"),
                dcc.Graph(id="occupancy-zones", config=GRAPH_CONFIG, style={"height": "320px"}),
            ),
            card(say("此刻"), html.Div(id="occupancy-now")),
        ],
        className="page",
    )


def register(app: Dash, context: Context) -> None:
    """Bring the series of the chosen span, and the counts of this moment."""

    @app.callback(
        Output("occupancy-total", "figure"),
        Output("occupancy-zones", "figure"),
        Output("occupancy-age", "children"),
        Input("occupancy-span", "value"),
        Input("occupancy-area", "value"),
        Input("occupancy-slow", "n_intervals"),
    )
    async def show_history(span: str, area: str, _slow: object) -> tuple[Figure, Figure, Component]:
        viewer = current_viewer()
        counts = await _read(context, span)
        zones = _zones(context, area)
        # A chart is some thousands of points: shaped in a thread, so that the loop goes on serving.
        total = await asyncio.to_thread(_total, viewer, context, counts, zones, span, 320)
        shares = await asyncio.to_thread(_shares, viewer, context, counts, zones, span)
        return total, shares, _age(counts, span)

    @app.callback(
        Output("occupancy-now", "children"),
        Input(pulse("counts"), "data"),
        Input("occupancy-slow", "n_intervals"),
    )
    async def show_now(*_changed: object) -> Component:
        return await _now(current_viewer(), context)


async def day_so_far(viewer: Viewer, context: Context, *, height: int) -> tuple[Figure, Component]:
    """The whole building over the last 24 hours, and how old its newest step is."""
    counts = await _read(context, "24h")
    total = await asyncio.to_thread(_total, viewer, context, counts, _zones(context, "all"), "24h", height)
    return total, _age(counts, "24h")


def _age(counts: list[Count], span: str) -> Component:
    newest = max((count.at for count in counts), default=None)
    if newest is not None and span != "1h":
        newest += _grain(span)  # a mean stands at the beginning of its step
    return age_mark(newest, stale_s=3 * int(_grain(span).total_seconds()) + 60)


def _grain(span: str) -> timedelta:
    return GRAINS.get(span, timedelta(minutes=15))


def _zones(context: Context, area: str) -> frozenset[str]:
    return frozenset(zone.id for zone in context.site.zones.values() if area in ("all", zone.area))


READS: Final = {
    "1h": store.read_occupancy_minutes,
    "7d": store.read_occupancy_hours,
    "90d": store.read_occupancy_quarter_days,
}


async def _read(context: Context, span: str) -> list[Count]:
    until = context.clock.now()
    since = until - SPANS[span if span in SPANS else "24h"][1]
    read = READS.get(span, store.read_occupancy_quarters)
    async with reading(context) as conn:
        points = await read(conn, since=since, until=until)
    return [Count(zone_id=row.zone_id, at=row.at, occupied=float(row.occupied)) for row in points]


def _total(
    viewer: Viewer, context: Context, counts: list[Count], zones: frozenset[str], span: str, height: int
) -> Figure:
    longest_s = 3 * _grain(span).total_seconds()
    at, totals = total_over_time(counts, zones, longest_s=longest_s)
    moments, values = with_gaps(at, totals, longest_s=longest_s)
    capacity = sum(context.site.zones[ZoneId(zone)].capacity for zone in zones)
    name = viewer.say("占用")
    line = Line(name=name, at=moments, values=values, is_area=True, is_step=span == "1h")
    limit = (float(capacity), viewer.say("车位总数 {n}", n=capacity))
    return time_chart([line], theme=viewer.theme, unit=viewer.say("辆"), limits=[limit], height=height)


def _shares(
    viewer: Viewer, context: Context, counts: list[Count], zones: frozenset[str], span: str
) -> Figure:
    site = context.site
    capacities = {str(zone): site.zones[ZoneId(zone)].capacity for zone in zones}
    longest_s = 3 * _grain(span).total_seconds()
    lines = []
    for color, (zone_id, (at, values)) in enumerate(shares_over_time(counts, capacities).items()):
        moments, kept = with_gaps(at, values, longest_s=longest_s)
        name = site.zones[ZoneId(zone_id)].name.said(viewer.language)
        lines.append(Line(name=name, at=moments, values=kept, color=color))
    return time_chart(lines, theme=viewer.theme, unit="%", top=100, height=320)


async def _now(viewer: Viewer, context: Context) -> Component:
    say = viewer.say
    async with reading(context) as conn:
        rows = {row.zone_id: row for row in await store.read_zones(conn)}
    lines: list[list[Component | str]] = []
    for zone in context.site.zones.values():
        row = rows.get(zone.id)
        if row is None:
            lines.append([zone.name.said(viewer.language), "–", str(zone.capacity), "–", say("尚无计数")])
            continue
        share = round(100 * row.occupied / zone.capacity)
        free = max(zone.capacity - row.occupied, 0)
        lines.append(
            [
                zone.name.said(viewer.language),
                html.B(str(free)),
                str(zone.capacity),
                html.Span(f"{share}%", className="bar", style={"--part": str(share / 100)}),
                since(row.changed_at),
            ]
        )
    heads = [say("分区"), say("空闲"), say("车位"), say("占用率"), say("变化于")]
    return table(heads, lines, numeric=[1, 2])
