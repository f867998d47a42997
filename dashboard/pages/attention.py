"""What needs a person now: alarms, plate reads that wait, and the lanes that can be acted on."""

from dash import html
from dash.development.base_component import Component

from dashboard import store
from dashboard.data import reading
from dashboard.pages.parts import act_button, card, empty_state, masked_plate, since
from dashboard.viewer import Viewer
from facility.context import Context
from facility.identity import Role
from facility.ids import LaneId

REVIEWS_SHOWN = 6
_PLATE_ROLES = (Role.ATTENDANT, Role.MANAGER)
_ALARM_ROLES = (Role.ATTENDANT, Role.MANAGER, Role.COMMANDER)


async def show(viewer: Viewer, context: Context) -> list[Component]:
    """Alarms, then the queue of reads."""
    async with reading(context) as conn:
        alarms = await store.read_alarms(conn)
        reviews = await store.read_reviews(conn, limit=REVIEWS_SHOWN)
    return [_alarms(viewer, alarms), _reviews(viewer, context, reviews)]


def _alarms(viewer: Viewer, alarms: list[store.AlarmRow]) -> Component:
    say = viewer.say
    rows = [_alarm(viewer, alarm) for alarm in alarms]
    body = html.Ul(rows, className="rows") if rows else empty_state(say("没有告警"))
    return card(say("告警"), body, aside=str(len(rows)) if rows else None, style="alarms")


def _alarm(viewer: Viewer, alarm: store.AlarmRow) -> Component:
    say = viewer.say
    name = say(ALARM_NAMES.get(alarm.kind, alarm.kind))
    seen = (
        html.Span(say("{name} 已确认", name=alarm.acknowledged_by), className="soft")
        if alarm.acknowledged_at
        else None
    )
    button = None
    if alarm.acknowledged_at is None and viewer.may(*_ALARM_ROLES):
        button = act_button(say("确认"), f"/api/v1/alarms/{alarm.id}/acknowledge")
    style = alarm.severity if alarm.acknowledged_at is None else f"{alarm.severity} seen"
    return html.Li(
        [
            html.Span(className=f"dot {style}", title=say(SEVERITIES[alarm.severity])),
            html.Div(
                [
                    html.B(name),
                    html.Span([alarm.subject, " · ", since(alarm.raised_at)], className="soft"),
                    seen,
                ]
            ),
            button,
        ],
        className=f"alarm {style}",
    )


SEVERITIES = {"critical": "紧急", "warning": "注意", "info": "提示"}
ALARM_NAMES = {
    "camera.away": "相机离线",
    "charger.offline": "充电桩离线",
    "charger.faulted": "充电桩故障",
    "network.away": "缴费与岗亭页面离线",
    "gate.failed": "道闸故障",
    "board.failed": "余位屏故障",
    "calendar.year_missing": "节假日未录入",
    "lane.journal": "离线期间有车通过",
    "lane.tailgate": "跟车闯入",
    "gate.stuck": "道闸未落",
    "smoke": "烟感报警",
    "fire": "火警信号",
    "tailgating": "跟车闯入",
    "occupancy.drift": "计数偏差",
    "charging.orphan_stop": "结束无对应充电",
    "charging.ghost": "按迹象关闭的充电",
    "charging.energy_doubtful": "充电电量可疑",
    "charging.bill_short": "充电账单少计",
    "charging.limit_not_followed": "充电桩不遵守限流",
    "charging.settlement_doubtful": "桩上付款待核对",
}


def _reviews(viewer: Viewer, context: Context, reviews: list[store.ReviewRow]) -> Component:
    say = viewer.say
    rows = [_review(viewer, context, review) for review in reviews]
    body = html.Ul(rows, className="rows") if rows else empty_state(say("没有待复核的车牌"))
    return card(say("车牌复核"), body, aside=str(len(rows)) if rows else None, style="reviews")


def _review(viewer: Viewer, context: Context, review: store.ReviewRow) -> Component:
    say = viewer.say
    lane = context.site.lanes.get(LaneId(review.lane_id))
    name = lane.name.said(viewer.language) if lane else review.lane_id
    sure = f"{round(100 * review.confidence)}%" if review.confidence is not None else "–"
    plate = masked_plate(review.plate, viewer, may_see=viewer.may(*_PLATE_ROLES))
    to_decide = f"/attendant/#ask-{review.id}"
    decide = [html.A(say("处理"), href=to_decide)] if viewer.may(*_PLATE_ROLES) else []
    return html.Li(
        [
            html.Span(plate, className="plate"),
            html.Div([html.Span(name), html.Span([since(review.at)], className="soft")]),
            html.Span([sure], className="num soft", title=say("置信度")),
            *decide,
        ],
        className="review",
    )


async def show_lanes(viewer: Viewer, context: Context) -> Component:
    """Every lane: what it last did, and what stands against it."""
    async with reading(context) as conn:
        lanes = {lane.lane_id: lane for lane in await store.read_lanes(conn)}
        lockouts = [lockout for lockout in await store.read_lockouts(conn) if lockout.shadow_run is None]
    locked = {lockout.equipment_id: lockout for lockout in lockouts if lockout.kind == "lane"}
    rows = [
        _lane(viewer, context, lane_id, lanes.get(lane_id), locked.get(lane_id))
        for lane_id in context.site.lanes
    ]
    say = viewer.say
    fire = None
    if viewer.may(*_ALARM_ROLES):
        fire = act_button(
            say("抬起全部道闸"),
            "/api/v1/fire-signal",
            reason="reason",
            title=say("抬起全部道闸：火警信号"),
            style="quiet danger",
        )
    return card(say("出入口"), [html.Ul(rows, className="rows lanes"), html.Div(fire, className="card-foot")])


def _lane_act(viewer: Viewer, lane_id: LaneId, lockout: store.LockoutRow | None) -> Component | None:
    """A manager takes a lane out of service, or puts it back where maintenance took it out."""
    say = viewer.say
    if not viewer.may(Role.MANAGER) or (lockout and lockout.source != "maintenance"):
        return None
    body = {"kind": "lane", "equipment_id": lane_id}
    if lockout:
        return act_button(say("恢复"), "/api/v1/lockouts/lift", body=body, style="quiet")
    return act_button(say("停用"), "/api/v1/lockouts", body=body, reason="reason", style="quiet")


def _lane(
    viewer: Viewer,
    context: Context,
    lane_id: LaneId,
    row: store.LaneRow | None,
    lockout: store.LockoutRow | None,
) -> Component:
    say = viewer.say
    lane = context.site.lanes[lane_id]
    if lockout:
        state, style = say("停用：{why}", why=lockout.reason), "out"
    elif row and row.is_closed:
        state, style = say("已关闭"), "out"
    elif row and row.is_open:
        state, style = say("抬杆"), "open"
    else:
        state, style = "", "serving"
    last: list[Component | str] = []
    if row and row.at:
        plate = masked_plate(row.plate, viewer, may_see=viewer.may(*_PLATE_ROLES))
        last = [html.Span(plate, className="plate small"), since(row.at)]
    return html.Li(
        [
            html.Span(className=f"dot lane-{style}"),
            html.Div([html.B(lane.name.said(viewer.language)), html.Span(last, className="soft")]),
            html.Span(state, className=f"lane-state {style}", title=state),
            _lane_act(viewer, lane_id, lockout),
        ],
        className="lane-row",
    )
