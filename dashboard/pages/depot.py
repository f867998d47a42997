"""Depot: storage slots on the plan, stock by category, what moved."""

from datetime import date, timedelta
from typing import Final

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import depot_store
from dashboard.attributes import attributes
from dashboard.data import reading
from dashboard.pages.parts import card, empty_state, number, pulses, since, table
from dashboard.shell import pulse
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context
from facility.units import local

MOVES_SHOWN = 12
SOON = timedelta(days=30)
MOVE_NAMES: Final[dict[str, str]] = {
    "receive": "收货",
    "reject": "拒收",
    "put_away": "上架",
    "relocate": "移位",
    "issue": "出库",
    "adjust": "盘点调整",
}


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there."""
    say = viewer.say
    address = f"/ops/drawings/{context.site.protective_unit.level}.svg"
    plan = html.Div(
        className="plan-frame",
        tabIndex="0",
        **attributes({"data-drawing": address, "aria-label": say("库区平面")}),
    )
    return html.Div(
        [
            *pulses("depot", "run"),
            dcc.Interval(id="depot-slow", interval=30_000),
            html.Div(id="depot-numbers", className="numbers"),
            html.Div(
                [
                    html.Div(
                        [card(say("库区平面"), plan), card(say("按类别库存"), html.Div(id="depot-stock"))],
                        className="column",
                    ),
                    card(say("最近出入库"), html.Div(id="depot-moves")),
                ],
                className="split",
            ),
        ],
        className="page",
    )


def register(app: Dash, context: Context) -> None:
    """Bring the slots, the stock and the moves."""

    @app.callback(
        Output("depot-numbers", "children"),
        Output("depot-stock", "children"),
        Output("depot-moves", "children"),
        Input(pulse("depot"), "data"),
        Input(pulse("run"), "data"),
        Input("depot-slow", "n_intervals"),
    )
    async def show_depot(*_changed: object) -> tuple[list[Component], Component, Component]:
        viewer, today = current_viewer(), local(context.clock.now()).date()
        async with reading(context) as conn:
            slots = await depot_store.read_slots(conn)
            stock = await depot_store.read_stock(conn)
            moves = await depot_store.read_moves(conn, limit=MOVES_SHOWN)
            expiring = await depot_store.count_expiring(conn, before=today + SOON)
        return _numbers(viewer, slots, stock, expiring), _stock(viewer, stock, today), _moves(viewer, moves)


def _numbers(
    viewer: Viewer, slots: list[depot_store.SlotRow], stock: list[depot_store.StockRow], expiring: int
) -> list[Component]:
    say = viewer.say
    positions, held = sum(slot.positions for slot in slots), sum(slot.pallets for slot in slots)
    part = round(100 * held / positions) if positions else 0
    quarantined = sum(row.quarantined for row in stock)
    lots = sum(row.lots for row in stock)
    return [
        number(
            say("可用货位"),
            str(positions - held),
            f"/ {positions}",
            say("{n} 个车位已转为货位", n=len(slots)),
            href="/ops/depot",
        ),
        number(
            say("在库托盘"),
            str(sum(row.pallets for row in stock)),
            "",
            say("占 {part}%", part=part),
            href="/ops/depot",
        ),
        number(say("待检托盘"), str(quarantined), "", f"{say('批次')} {lots}", href="/ops/depot"),
        number(
            say("近效期批次"),
            str(expiring),
            "",
            say("30 天内到期"),
            href="/ops/depot",
            style="needs-person" if expiring else "",
        ),
    ]


def _stock(viewer: Viewer, stock: list[depot_store.StockRow], today: date) -> Component:
    say = viewer.say
    if not stock:
        return empty_state(say("现在是车库：没有货位。转换后这里显示货位、批次和出入库。"))
    heads = [say("类别"), say("批次"), say("托盘"), say("待检"), say("最早到期")]
    rows: list[list[Component | str]] = [
        [html.B(row.category), str(row.lots), str(row.pallets), str(row.quarantined), _expiry(row, today)]
        for row in stock
    ]
    return table(heads, rows, numeric=[1, 2, 3])


def _expiry(row: depot_store.StockRow, today: date) -> Component | str:
    if row.earliest_expiry is None:
        return "–"
    style = "pill faulty" if row.earliest_expiry < today + SOON else ""
    return html.Span(row.earliest_expiry.isoformat(), className=style)


def _moves(viewer: Viewer, moves: list[depot_store.MoveRow]) -> Component:
    say = viewer.say
    if not moves:
        return empty_state(say("还没有出入库记录"))
    items = [
        html.Li(
            [
                html.Div(
                    [
                        html.Span(f"{say(MOVE_NAMES.get(row.kind, row.kind))} · {row.source} → {row.target}"),
                        html.Span([row.person, " · ", since(row.at)], className="soft"),
                    ]
                ),
                html.Span(say("{n} 板", n=row.pallets), className="num"),
            ]
        )
        for row in moves
    ]
    return html.Ul(items, className="rows")
