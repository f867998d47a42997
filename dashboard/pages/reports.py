"""Reports: days of takings, stays, energy and occupancy, to read and to take away; and who did what."""

from datetime import datetime, timedelta
from typing import Final

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import report_store
from dashboard.data import reading
from dashboard.figures.days import Day, days_between, put_together
from dashboard.figures.series import Bars, Figure, day_chart
from dashboard.pages.parts import GRAPH_CONFIG, age_mark, card, day_time, empty_state, money, table
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context
from facility.identity import Role
from facility.units import Fen, kwh, local

SPANS: Final[dict[str, tuple[str, int]]] = {"7d": ("7 天", 7), "30d": ("30 天", 30), "90d": ("90 天", 90)}
AUDIT_SHOWN = 30


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there."""
    say = viewer.say
    spans = [{"label": say(name), "value": key} for key, (name, _) in SPANS.items()]
    download = html.A(
        say("下载 CSV"), id="report-csv", href="/ops/drawings/days.csv?days=30", className="quiet link"
    )
    return html.Div(
        [
            html.Div(
                [dcc.RadioItems(spans, "30d", id="report-span", className="segments", inline=True), download],
                className="filters",
            ),
            card(
                say("每日收入（元）"),
                dcc.Graph(id="report-revenue", config=GRAPH_CONFIG, style={"height": "300px"}),
                aside=html.Div(id="report-age"),
            ),
            card(say("逐日明细"), html.Div(id="report-days")),
            card(say("操作记录"), html.Div(id="report-audit")),
        ],
        className="page",
    )


def register(app: Dash, context: Context) -> None:
    """Bring the days of the chosen span."""

    @app.callback(
        Output("report-revenue", "figure"),
        Output("report-days", "children"),
        Output("report-age", "children"),
        Output("report-csv", "href"),
        Output("report-audit", "children"),
        Input("report-span", "value"),
    )
    async def show_days(span: str) -> tuple[Figure, Component, Component, str, Component]:
        viewer = current_viewer()
        count = SPANS.get(span, SPANS["30d"])[1]
        days = await read_days(context, count)
        return (
            _revenue(viewer, days),
            _days(viewer, days),
            age_mark(context.clock.now(), stale_s=0),
            f"/ops/drawings/days.csv?days={count}",
            await _audit(viewer, context),
        )


async def read_days(context: Context, count: int) -> list[Day]:
    """The last `count` local days, today included."""
    now = context.clock.now()
    since = local(now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=count - 1)
    async with reading(context) as conn:
        money = await report_store.read_revenue(conn, since=since, until=now)
        stays = await report_store.read_stay_days(conn, since=since, until=now)
        energy = await report_store.read_energy_days(conn, since=since, until=now)
        peaks = await report_store.read_peak_days(conn, since=since, until=now)
    return put_together(
        days_between(since.date(), local(now).date()),
        money=[(row.day, row.part, row.amount_fen) for row in money],
        stays=[(row.day, row.stays, row.mean_minutes) for row in stays],
        energy=[(row.day, row.transactions, row.delivered_wh) for row in energy],
        peaks=[(row.day, row.peak) for row in peaks],
    )


def heads(viewer: Viewer) -> list[str]:
    """The columns of a day, for the screen and for the file."""
    say = viewer.say
    return [
        say("日期"),
        say("停车（元）"),
        say("充电（元）"),
        say("离场车辆"),
        say("平均停留（分）"),
        say("充电次数"),
        say("电量（kWh）"),
        say("最高占用"),
    ]


def _revenue(viewer: Viewer, days: list[Day]) -> Figure:
    say = viewer.say
    names = [day.day.strftime("%m-%d") for day in days]
    bars = [
        Bars(name=say("停车"), days=names, values=[day.parking_fen / 100 for day in days]),
        Bars(name=say("充电"), days=names, values=[day.charging_fen / 100 for day in days], color=1),
    ]
    return day_chart(bars, theme=viewer.theme, unit=say("元"))


def _days(viewer: Viewer, days: list[Day]) -> Component:
    rows: list[list[Component | str]] = [_row(day) for day in reversed(days)]
    total = sum(day.parking_fen + day.charging_fen for day in days)
    foot = html.P(viewer.say("合计 {sum} 元", sum=f"{money(Fen(total))}"), className="soft total")
    return html.Div([html.Div(table(heads(viewer), rows, numeric=range(1, 8)), className="tall"), foot])


def _row(day: Day) -> list[Component | str]:
    return [
        f"{day.day:%Y-%m-%d}",
        money(day.parking_fen),
        money(day.charging_fen),
        str(day.stays),
        "–" if day.mean_minutes is None else str(day.mean_minutes),
        str(day.transactions),
        kwh(day.delivered_wh),
        "–" if day.peak is None else str(round(day.peak)),
    ]


async def _audit(viewer: Viewer, context: Context) -> Component:
    say = viewer.say
    if not viewer.may(Role.MANAGER, Role.AUDITOR):
        return empty_state(say("操作记录由管理员和审计员查看"))
    async with reading(context) as conn:
        rows = await report_store.read_audit(conn, limit=AUDIT_SHOWN)
    if not rows:
        return empty_state(say("还没有操作记录"))
    lines: list[list[Component | str]] = [
        [_when(row.at), row.person_name, html.Code(row.act), row.subject] for row in rows
    ]
    return table([say("时间"), say("谁"), say("做了什么"), say("对象")], lines)


def _when(moment: datetime) -> str:
    return day_time(moment)
