"""What a picked place on the plan is made of: a bay with its car and charger, a lane, an opening."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import store
from dashboard.data import bay_states, reading
from dashboard.figures.bays import look_of
from dashboard.pages.looks import LOOK_NAMES
from dashboard.pages.parts import card, masked_plate, since
from dashboard.viewer import Viewer
from facility.context import Context
from facility.identity import Role
from facility.ids import BayId, LaneId, OpeningId

Fact = tuple[str, Component | str]


async def show(viewer: Viewer, context: Context, picked: dict[str, Any] | None) -> Component | None:
    """The facts of what was picked; nothing where it is not a part of the site."""
    if not picked:
        return None
    kind, ident = str(picked.get("kind")), str(picked.get("id"))
    site = context.site
    if kind == "bay" and BayId(ident) in site.bays:
        return await _bay(viewer, context, BayId(ident))
    if kind == "lane" and LaneId(ident) in site.lanes:
        return _lane(viewer, context, LaneId(ident))
    if kind == "opening" and OpeningId(ident) in site.openings:
        return _opening(viewer, context, OpeningId(ident))
    return None


async def _bay(viewer: Viewer, context: Context, bay_id: BayId) -> Component:
    say, site = viewer.say, context.site
    async with reading(context) as conn:
        bays = await store.read_bays(conn)
        statuses = await store.read_evse_statuses(conn)
        stay = await store.read_stay_at(conn, bay_id)
    row = next((bay for bay in bays if bay.bay_id == bay_id), None)
    state = bay_states(site, bays, statuses)[bay_id]
    evse, zone = site.evse_at(bay_id), site.zones[site.bays[bay_id].zone]
    facts: list[Fact] = [
        (say("现状"), html.B(say(LOOK_NAMES[look_of(state)]))),
        (say("分区"), zone.name.said(viewer.language)),
    ]
    if row and row.changed_at:
        facts.append((say("变化于"), since(row.changed_at)))
    if row and row.heard_at:
        facts.append((say("传感器"), since(row.heard_at)))
    if stay:
        plate = masked_plate(stay.plate, viewer, may_see=viewer.may(Role.ATTENDANT, Role.MANAGER))
        facts += [
            (say("车辆"), html.Span(plate, className="plate small")),
            (say("入场"), since(stay.entered_at)),
        ]
    if evse:
        power = f"{evse.max_w // 1000} kW {'DC' if evse.current == 'dc' else 'AC'}"
        facts.append((say("充电桩"), f"{evse.id} · {power} · {statuses.get(evse.id, '–')}"))
    return _facts(say("车位 {bay}", bay=bay_id), facts)


def _lane(viewer: Viewer, context: Context, lane_id: LaneId) -> Component:
    say, lane = viewer.say, context.site.lanes[lane_id]
    policies = {"open": say("开"), "closed": say("关"), "attendant": say("等收费员")}
    return _facts(
        lane.name.said(viewer.language),
        [
            (say("编号"), lane_id),
            (say("方向"), say("入") if lane.direction == "in" else say("出")),
            (say("断库时"), policies[lane.fallback.database]),
            (say("断网时"), policies[lane.fallback.network]),
            (say("断相机时"), policies[lane.fallback.camera]),
        ],
    )


def _opening(viewer: Viewer, context: Context, opening_id: OpeningId) -> Component:
    say, opening = viewer.say, context.site.openings[opening_id]
    size = f"{opening.width_m:g} × {opening.height_m:g} m" if opening.width_m and opening.height_m else "–"
    return _facts(
        say("孔口 {id}", id=opening_id),
        [
            (say("名称"), opening.name.said(viewer.language)),
            (say("尺寸"), size),
            (say("预案登记"), opening.register),
        ],
    )


def _facts(title: str, facts: list[Fact]) -> Component:
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    return card(title, html.Dl(lines, className="facts"), style="picked-card")
