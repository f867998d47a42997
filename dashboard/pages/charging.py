"""Chargers and power: what the feeder carries against its limit, every charger, and what was sold."""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import power_store, store
from dashboard.data import reading
from dashboard.figures.series import Figure, Line, time_chart, with_gaps
from dashboard.pages.parts import (
    GRAPH_CONFIG,
    act_button,
    age_mark,
    card,
    empty_state,
    masked_plate,
    money,
    number,
    pulses,
    since,
    table,
)
from dashboard.shell import pulse
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context
from facility.identity import Role
from facility.ids import EvseId
from facility.layout import SupplyLimit
from facility.units import Fen, Wh, kwh, local

# Span of the chart, and the step of its means in seconds.
SPANS: Final[dict[str, tuple[str, timedelta, int]]] = {
    "1h": ("1 小时", timedelta(hours=1), 60),
    "24h": ("24 小时", timedelta(hours=24), 300),
    "7d": ("7 天", timedelta(days=7), 1800),
}
STATUS_NAMES: Final[dict[str, str]] = {
    "available": "空闲",
    "preparing": "已插枪",
    "charging": "充电中",
    "suspendedev": "车辆暂停",
    "suspendedevse": "限流暂停",
    "finishing": "已充完",
    "reserved": "已预约",
    "occupied": "占用",
    "faulted": "故障",
    "unavailable": "已停用",
    "unknown": "未知",
}


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there."""
    say = viewer.say
    spans = [{"label": say(name), "value": key} for key, (name, _, _) in SPANS.items()]
    return html.Div(
        [
            *pulses("power", "lanes"),
            dcc.Interval(id="power-slow", interval=15_000),
            html.Div(id="power-numbers", className="numbers"),
            card(
                say("充电功率（kW）"),
                dcc.Graph(id="power-chart", config=GRAPH_CONFIG, style={"height": "300px"}),
                aside=[
                    html.Div(id="power-age"),
                    dcc.RadioItems(spans, "24h", id="power-span", className="segments", inline=True),
                ],
            ),
            html.Div(
                [
                    card(
                        say("充电桩"),
                        html.Div(id="power-chargers"),
                        aside=_desk_link(viewer),
                        style="chargers",
                    ),
                    html.Div(
                        [
                            card(say("限载"), html.Div(id="power-limits")),
                            card(say("最近充电"), html.Div(id="power-transactions")),
                        ],
                        className="side",
                    ),
                ],
                className="split",
            ),
        ],
        className="page",
    )


def _desk_link(viewer: Viewer) -> list[Component]:
    """The way to the operators' charger pages, for who may see them."""
    if not viewer.may(Role.MANAGER, Role.COMMANDER):
        return []
    return [html.A(viewer.say("桩的明细与指令"), href="/chargers/", className="quiet link")]


def _name(viewer: Viewer, row: power_store.ChargerRow) -> Component:
    name = html.B(row.evse_id or row.identity)
    if not viewer.may(Role.MANAGER, Role.COMMANDER):
        return name
    return html.A(name, href=f"/chargers/{quote(row.identity, safe='')}")


def register(app: Dash, context: Context) -> None:
    """Bring the chart of the chosen span, and the chargers as they are."""

    @app.callback(
        Output("power-chart", "figure"),
        Output("power-age", "children"),
        Input("power-span", "value"),
        Input("power-slow", "n_intervals"),
    )
    async def show_chart(span: str, _slow: object) -> tuple[Figure, Component]:
        return await power_chart(current_viewer(), context, span, height=300)

    @app.callback(
        Output("power-numbers", "children"),
        Output("power-chargers", "children"),
        Output("power-limits", "children"),
        Output("power-transactions", "children"),
        Input(pulse("power"), "data"),
        Input(pulse("lanes"), "data"),
        Input("power-slow", "n_intervals"),
    )
    async def show_chargers(*_changed: object) -> tuple[Any, Any, Any, Any]:
        viewer, now = current_viewer(), context.clock.now()
        async with reading(context) as conn:
            chargers = await power_store.read_chargers(conn)
            energy = await power_store.read_energy(conn, since=midnight(now), until=now)
            transactions = await power_store.read_transactions(conn, limit=8)
            lockouts = [
                row for row in await store.read_lockouts(conn) if row.kind == "evse" and not row.shadow_run
            ]
        return (
            _numbers(viewer, context, chargers, energy),
            _chargers(viewer, context, chargers, {row.equipment_id: row for row in lockouts}),
            _limits(viewer, context, chargers),
            _transactions(viewer, transactions),
        )


def midnight(now: datetime) -> datetime:
    """When the site's day began."""
    return local(now).replace(hour=0, minute=0, second=0, microsecond=0)


async def power_chart(
    viewer: Viewer, context: Context, span: str, *, height: int
) -> tuple[Figure, Component]:
    """The chart of a span, and how old its newest sample is."""
    _, length, step_s = SPANS.get(span, SPANS["24h"])
    now = context.clock.now()
    async with reading(context) as conn:
        points = await power_store.read_power(conn, since=now - length, until=now, step_s=step_s)
    at, values = with_gaps(
        [point.at for point in points], [point.power_w / 1000 for point in points], longest_s=3 * step_s
    )
    line = Line(name=viewer.say("总功率"), at=at, values=values, is_area=True)
    limits = [
        (limit.limit_w / 1000, f"{limit.name.said(viewer.language)} {limit.limit_w // 1000} kW")
        for limit in context.site.supply_limits.values()
        if limit.parent is None
    ]
    newest = points[-1].at + timedelta(seconds=step_s) if points else None
    figure = time_chart(
        [line], theme=viewer.theme, unit="kW", limits=limits, height=height, between=(now - length, now)
    )
    return figure, age_mark(min(newest, now) if newest else None, stale_s=3 * step_s + 60)


def _numbers(
    viewer: Viewer, context: Context, chargers: list[power_store.ChargerRow], energy: power_store.EnergySum
) -> list[Component]:
    say = viewer.say
    power_w = sum(row.power_w or 0 for row in chargers if row.status.lower() == "charging")
    limit_w = sum(limit.limit_w for limit in context.site.supply_limits.values() if limit.parent is None)
    charging = sum(row.status.lower() == "charging" for row in chargers)
    away = sum(not row.is_connected for row in chargers)
    faulty = sum(row.status.lower() in ("faulted", "unavailable") for row in chargers)
    trouble = say("故障或停用 {faulty} · 离线 {away}", faulty=faulty, away=away)
    share = round(100 * power_w / limit_w) if limit_w else 0
    return [
        number(
            say("当前功率"),
            f"{power_w / 1000:.1f}",
            "kW",
            say("限载 {limit} kW · 用了 {share}%", limit=limit_w // 1000, share=share),
            href="#power-chart",
        ),
        number(say("正在充电"), str(charging), f"/ {len(chargers)}", trouble, href="#power-chargers"),
        number(
            say("今日电量"),
            kwh(Wh(energy.delivered_wh)),
            "kWh",
            say("{n} 次充电已结束", n=energy.transactions),
            href="/ops/reports",
        ),
        number(
            say("今日充电账单"),
            money(Fen(energy.billed_fen)),
            say("元"),
            say("含服务费和占位费"),
            href="/ops/reports",
        ),
    ]


def _chargers(
    viewer: Viewer,
    context: Context,
    chargers: list[power_store.ChargerRow],
    lockouts: dict[str, store.LockoutRow],
) -> Component:
    say = viewer.say
    if not chargers:
        return empty_state(say("还没有充电桩登记"), say("充电桩首次连上后会出现在这里。"))
    heads = [say("桩"), say("车位"), say("状态"), say("功率"), say("电量"), say("开始"), say("最近联系"), ""]
    rows = [_charger(viewer, context, row, lockouts.get(row.evse_id or "")) for row in chargers]
    return table(heads, rows, numeric=[3, 4])


def _charger(
    viewer: Viewer, context: Context, row: power_store.ChargerRow, lockout: store.LockoutRow | None
) -> list[Component | str | None]:
    say = viewer.say
    evse = context.site.evses.get(EvseId(row.evse_id or ""))
    status = row.status.lower()
    style = (
        "charging" if status == "charging" else "faulty" if status in ("faulted", "unavailable") else status
    )
    name = say(STATUS_NAMES.get(status, row.status))
    if row.error_code and row.error_code != "NoError":
        name = f"{name} · {row.error_code}"
    if not row.is_connected:
        name, style = say("离线"), "away"
    if lockout:
        name = say("停用：{why}", why=lockout.reason)
    button = None
    if row.evse_id and viewer.may(Role.MANAGER):
        body = {"kind": "evse", "equipment_id": row.evse_id}
        if lockout is None:
            button = act_button(say("停用"), "/api/v1/lockouts", body=body, reason="reason", style="quiet")
        elif lockout.source == "maintenance":
            button = act_button(say("恢复使用"), "/api/v1/lockouts/lift", body=body, style="quiet")
    charging = status == "charging"
    return [
        _name(viewer, row),
        evse.bay if evse else "–",
        html.Span(name, className=f"pill {style}"),
        f"{row.power_w / 1000:.1f} kW" if charging and row.power_w is not None else "–",
        f"{kwh(Wh(row.delivered_wh))} kWh"
        if row.transaction_started_at and row.delivered_wh is not None
        else "–",
        since(row.transaction_started_at) if row.transaction_started_at else "–",
        since(row.last_seen_at) if row.last_seen_at else "–",
        button,
    ]


def _limits(viewer: Viewer, context: Context, chargers: list[power_store.ChargerRow]) -> Component:
    """How much of each supply limit is drawn."""
    drawn = {row.evse_id: row.power_w or 0 for row in chargers if row.status.lower() == "charging"}
    return html.Div(
        [_limit(viewer, limit, drawn) for limit in context.site.supply_limits.values()], className="limits"
    )


def _limit(viewer: Viewer, limit: SupplyLimit, drawn: dict[str | None, int]) -> Component:
    power_w = sum(drawn.get(evse, 0) for evse in limit.evses)
    part = power_w / limit.limit_w
    style = "limit over" if part > 1 else "limit"
    return html.Div(
        [
            html.Span(limit.name.said(viewer.language)),
            html.Span(
                [f"{power_w / 1000:.1f}", html.Small(f" / {limit.limit_w / 1000:.0f} kW")], className="num"
            ),
            html.Span(className="meter", style={"--part": str(min(part, 1))}),
        ],
        className=style,
    )


def _transactions(viewer: Viewer, rows: list[power_store.TransactionRow]) -> Component:
    say = viewer.say
    if not rows:
        return empty_state(say("还没有充电记录"))
    may_see = viewer.may(Role.ATTENDANT, Role.MANAGER)
    items = []
    for row in rows:
        plate = masked_plate(row.plate, viewer, may_see=may_see) if row.plate else row.evse_id or row.identity
        energy = f"{kwh(Wh(row.delivered_wh))} kWh" if row.delivered_wh is not None else "–"
        fee = f"¥{money(Fen(row.total_fen))}" if row.total_fen is not None else say("未结")
        when: list[str | Component] = [row.evse_id or row.identity, " · ", since(row.started_at)]
        items.append(
            html.Li(
                [
                    html.Div([html.Span(plate), html.Span(when, className="soft")]),
                    html.Div([html.Span(energy), html.Span(fee, className="soft")], className="num"),
                ]
            )
        )
    return html.Ul(items, className="rows")
