"""The frame round every screen: where one is, which life the building leads, and how old the data are."""

from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.attributes import attributes
from dashboard.data import reading
from dashboard.figures.bays import GLYPHS, LOOKS
from dashboard.run_store import read_runs
from dashboard.store import read_mode_now
from dashboard.viewer import Viewer
from facility.context import Context
from facility.units import local

# Path, Chinese name, icon (drawn in a box of 20 by 20).
SCREENS: Final[tuple[tuple[str, str, str], ...]] = (
    ("/ops/", "现在", "M3 9l7-6 7 6v8h-5v-5H8v5H3z"),
    ("/ops/occupancy", "占用", "M3 17V9h3v8zM8.5 17V4h3v13zM14 17v-6h3v6z"),
    ("/ops/charging", "充电", "M11 2 4 11h5l-1 7 8-10h-5z"),
    ("/ops/conversion", "转换", "M4 6h9l-2-2M16 14H7l2 2M13 6l-2 2M7 14l2-2"),
    ("/ops/depot", "物资库", "M2 8l8-5 8 5v9H2zM6 17v-6h8v6M6 14h8"),
    ("/ops/reports", "报表", "M5 2h7l4 4v12H5zM12 2v4h4M8 10h5M8 13h5"),
    ("/ops/wall", "大屏", "M2 4h16v10H2zM7 17h6"),
    ("/office/", "办公", "M4 3h12v14H4zM7 7h6M7 10h6M7 13h3"),
)
# These are pages of their own, loaded whole.
WHOLE_PAGES: Final[frozenset[str]] = frozenset({"/ops/wall", "/office/"})

# A change of these kinds of facts refreshes the panels of that topic, at most once a second.
TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "alarms": ("alarm.raised", "alarm.cleared", "alarm.acknowledged"),
    "lanes": ("lane.changed", "gate.opened", "read.published", "stay.opened", "stay.closed", "board.changed"),
    "counts": ("zone.count",),
    "power": ("evse.changed", "charger.changed", "transaction.started", "transaction.ended"),
    "run": ("mode.changed", "task.changed", "run.changed", "clock.changed"),
    "depot": ("stock.changed", "slot.changed"),
}


def pulse(topic: str) -> str:
    """Id of the store whose data change when something of a topic happened."""
    return f"pulse-{topic}"


def frame(viewer: Viewer) -> Component:
    """The whole page; what the address names is put into `screen`."""
    return html.Div(
        [
            dcc.Location(id="address"),
            dcc.Store(id="frame-run"),
            dcc.Interval(id="slow", interval=30_000),
            html.A(viewer.say("跳到内容"), href="#screen", className="skip"),
            _rail(viewer),
            html.Div(
                [
                    _header(viewer),
                    html.Main(id="screen", tabIndex="-1"),
                ],
                className="main",
            ),
            html.Div(id="toast", role="status", **attributes({"aria-live": "polite"})),
        ],
        className="frame",
    )


def icon(path: str) -> Component:
    """A line icon; drawn by the style sheet's mask, so that it takes the colour of the text."""
    picture = (
        "url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' fill='none' "
        "stroke='black' stroke-width='1.6' stroke-linejoin='round' stroke-linecap='round'%3E"
        f"%3Cpath d='{path}'/%3E%3C/svg%3E\")"
    )
    return html.I(className="icon", style={"--picture": picture}, **attributes({"aria-hidden": "true"}))


def _rail(viewer: Viewer) -> Component:
    links = [
        dcc.Link(
            [icon(path), html.Span(viewer.say(name))],
            href=address,
            className="rail-link",
            id=f"nav-{address.strip('/').split('/')[-1]}",
            refresh=address in WHOLE_PAGES,
        )
        for address, name, path in SCREENS
    ]
    brand = html.Div(
        [html.B(viewer.say("平战")), html.Small(viewer.say("南通车库"))],
        className="brand",
    )
    return html.Nav([brand, *links], className="rail", **attributes({"aria-label": viewer.say("画面")}))


def _header(viewer: Viewer) -> Component:
    other = "en" if viewer.language == "zh" else "zh"
    return html.Header(
        [
            html.Div(id="mode", className="mode"),
            html.Div(id="site-note", className="site-note"),
            html.Div(className="spring"),
            html.Div(id="age", className="age", **attributes({"data-age": "live", "role": "status"})),
            html.Button(
                viewer.say("深色") if viewer.theme == "light" else viewer.say("浅色"),
                className="quiet",
                **attributes(
                    {"data-choose": "theme", "data-value": "dark" if viewer.theme == "light" else "light"}
                ),
            ),
            html.Button(
                "English" if viewer.language == "zh" else "中文",
                className="quiet",
                lang="en" if other == "en" else "zh-CN",
                **attributes({"data-choose": "lang", "data-value": other}),
            ),
            html.Form(
                html.Button(viewer.person.name, className="quiet person", title=viewer.say("退出登录")),
                action="/logout",
                method="post",
            ),
        ],
        className="top",
    )


MODES: Final[dict[str, str]] = {
    "peacetime": "平时 · 停车充电",
    "converting": "转换中",
    "wartime": "战时 · 物资库",
    "restoring": "恢复中",
}


async def mode_banner(viewer: Viewer, context: Context) -> tuple[object, str, object]:
    """The mode, its look, and whether what the screens show is simulated."""
    async with reading(context) as conn:
        mode = await read_mode_now(conn)
        drills = [
            run.code
            for run in await read_runs(conn, limit=5)
            if run.kind == "drill" and run.state == "running"
        ]
    say = viewer.say
    note: list[Component] = [
        html.Span(say("演练 {code}", code=code), className="mode drill") for code in drills
    ]
    if context.settings.demo:
        note.append(html.Span(say("演示数据"), className="simulated"))
    if mode is None:
        return say("模式未知"), "mode unknown", note
    since = "" if mode.mode == "peacetime" else local(mode.changed_at).strftime(" · %m-%d %H:%M")
    return html.B(say(MODES[mode.mode]) + since), f"mode {mode.mode}", note


def script_words(viewer: Viewer) -> dict[str, Any]:
    """What the page's scripts need: texts, topics and the looks of a bay."""
    say = viewer.say
    texts = {
        "live": say("实时"),
        "age": say("数据 {age}"),
        "stale": say("数据已过期 {age}"),
        "away": say("连接中断，正在重连"),
        "none": say("尚无数据"),
        "seconds": say("{n} 秒前"),
        "minutes": say("{n} 分钟前"),
        "hours": say("{n} 小时前"),
        "days": say("{n} 天前"),
        "done": say("已完成"),
        "refused": say("未成功"),
        "reason": say("原因"),
        "cancel": say("取消"),
        "confirm": say("确定"),
        "reason_wanted": say("请写明原因"),
        "free": say("空闲"),
    }
    return {
        "language": viewer.language,
        "texts": texts,
        "topics": TOPICS,
        "looks": list(LOOKS),
        "glyphs": GLYPHS,
    }
