"""Conversion: how far the run is, what decides its end, and what waits for whom."""

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard import run_store
from dashboard.attributes import attributes
from dashboard.data import reading
from dashboard.pages.parts import act_button, age_mark, card, empty_state, number, pulses, since, table
from dashboard.pages.run_parts import (
    crew_bars,
    drill_clock,
    finish_text,
    hold_points,
    legal_clock,
    run_title,
    ticking,
)
from dashboard.run_data import RunPicture, read_picture, read_runs, shown_run
from dashboard.shell import pulse
from dashboard.viewer import Viewer, current_viewer
from facility.context import Context
from facility.identity import Role

EVENTS_SHOWN = 12


def layout(viewer: Viewer, context: Context) -> Component:
    """The screen before its data are there."""
    say = viewer.say
    shows = [
        {"label": say("关键链"), "value": "critical"},
        {"label": say("未完成"), "value": "open"},
        {"label": say("全部"), "value": "all"},
    ]
    return html.Div(
        [
            *pulses("run"),
            dcc.Interval(id="run-slow", interval=30_000),
            html.Div(
                [
                    dcc.Dropdown(id="run-code", clearable=False, className="run-choice"),
                    dcc.RadioItems(shows, "critical", id="run-show", className="segments", inline=True),
                ],
                className="filters",
            ),
            html.Div(id="run-body", className="run-body"),
        ],
        className="page",
    )


def register(app: Dash, context: Context) -> None:
    """Bring the runs to choose from, and the picture of the chosen one."""

    @app.callback(
        Output("run-code", "options"), Output("run-code", "value"), Input("run-slow", "n_intervals")
    )
    async def show_choices(_slow: object) -> tuple[list[dict[str, str]], str | None]:
        runs = await read_runs(context)
        chosen = shown_run(runs, None)
        return [{"label": _choice(current_viewer(), run), "value": run.code} for run in runs], (
            chosen.code if chosen else None
        )

    @app.callback(
        Output("run-body", "children"),
        Input("run-code", "value"),
        Input("run-show", "value"),
        Input(pulse("run"), "data"),
    )
    async def show_run(code: str | None, show: str, _changed: object) -> list[Component]:
        viewer = current_viewer()
        run = shown_run(await read_runs(context), code)
        if run is None:
            return [_nothing(viewer)]
        picture = await read_picture(context, run, viewer.language)
        async with reading(context) as conn:
            events = await run_store.read_events(conn, run.id, limit=EVENTS_SHOWN)
        return _body(viewer, picture, events, show)


def _choice(viewer: Viewer, run: run_store.RunRow) -> str:
    say = viewer.say
    kind = say("演练") if run.kind == "drill" else say("实战")
    state = {"running": say("进行中"), "ended": say("已结束"), "recalled": say("已撤回")}[run.state]
    return f"{run.code} · {kind} · {state}"


def _nothing(viewer: Viewer) -> Component:
    say = viewer.say
    return card(
        say("转换"),
        [
            empty_state(say("没有转换或演练在进行。"), say("指挥员在转换清单中下达命令或开始演练。")),
            html.A(say("打开转换清单"), href="/drill/", className="act link"),
        ],
    )


def _body(
    viewer: Viewer, picture: RunPicture, events: list[run_store.EventRow], show: str
) -> list[Component]:
    say = viewer.say
    return [
        _clocks(viewer, picture),
        _numbers(viewer, picture),
        card(
            say("进度（按班组与机具排程，随实况重排）")
            if picture.is_levelled
            else say("进度（按工序依赖推算，未计班组争用）"),
            html.Div(
                className="gantt-frame",
                tabIndex="0",
                **attributes(
                    {
                        "data-drawing": f"/ops/drawings/runs/{picture.run.id}.svg?show={show}",
                        "data-topic": "run",
                        "aria-label": say("进度图"),
                    }
                ),
            ),
            aside=age_mark(picture.read_at, stale_s=120),
            style="wide",
        ),
        html.Div(
            [
                card(say("停检点"), hold_points(viewer, picture, limit=8)),
                card(say("班组"), crew_bars(viewer, list(picture.crews))),
                card(say("阶段时限"), _tiers(viewer, picture)),
                card(
                    say("记录"), _events(viewer, events), aside=say("{n} 条，链式存证", n=picture.run.entries)
                ),
            ],
            className="quarters",
        ),
    ]


def _clocks(viewer: Viewer, picture: RunPicture) -> Component:
    say, run = viewer.say, picture.run
    acts: list[Component | None] = []
    if run.kind == "drill" and run.state == "running" and viewer.may(Role.COMMANDER):
        address = f"/api/v1/conversion/runs/{run.id}"
        acts = [
            act_button(say("恢复计时"), f"{address}/resume", style="act")
            if picture.is_paused
            else act_button(say("暂停演练"), f"{address}/pause", reason="reason", style="quiet")
        ]
    banner = say("演练：不动真设备") if run.kind == "drill" else say("实战：设备按命令动作")
    return html.Section(
        [
            html.Div([html.H2(run_title(viewer, picture)), html.P(f"{banner} · {run.reason}"), *acts]),
            legal_clock(viewer, picture),
            drill_clock(viewer, picture),
        ],
        className=f"card clocks {run.kind}",
    )


def _numbers(viewer: Viewer, picture: RunPicture) -> Component:
    say, run = viewer.say, picture.run
    running = run.state == "running"
    tiles = [
        number(
            say("完成"),
            str(run.tasks_done),
            f"/ {run.tasks}",
            say("进行中 {started} · 可开工 {ready}", started=picture.started, ready=picture.ready),
            href="/ops/conversion",
        ),
        number(
            say("等待放行"),
            str(len(picture.holding)),
            say("个停检点"),
            picture.holding[0].card.name if picture.holding else say("没有等待的停检点"),
            href="/drill/",
            style="needs-person" if picture.holding else "",
        ),
        number(
            say("预计完成") if running else say("完成于"),
            finish_text(viewer, picture),
            "",
            say("关键链 {n} 项", n=sum(span.is_critical for span in picture.spans)),
            href="/ops/conversion",
        ),
        number(say("地下车辆"), str(picture.cars_inside), say("辆"), say("清零后方可封闭"), href="/ops/"),
    ]
    return html.Div(tiles, className="numbers")


def _tiers(viewer: Viewer, picture: RunPicture) -> Component:
    say = viewer.say
    lines: list[list[Component | str]] = []
    for clock in picture.tiers:
        tier = clock.tier
        limit = f"{tier.limit_s / 86_400:g} d" if tier.limit_s else "–"
        left = (
            ticking(clock.began_at, ended_at=clock.ended_at, limit_s=tier.limit_s)
            if clock.began_at
            else say("未开始")
        )
        confirmed = "" if tier.is_confirmed else say("待业主确认")
        name = tier.zh if viewer.language == "zh" else tier.en
        lines.append(
            [
                html.Span([name, html.Small(confirmed, className="soft")], className="stacked"),
                limit,
                left,
                f"{clock.done}/{clock.tasks}",
            ]
        )
    return table([say("阶段"), say("限期"), say("剩余"), say("完成")], lines, numeric=[1, 2, 3])


def _events(viewer: Viewer, events: list[run_store.EventRow]) -> Component:
    say = viewer.say
    names = {
        "run.started": say("下达命令"),
        "task.released": say("可开工"),
        "task.started": say("开工"),
        "task.reported": say("报完"),
        "task.done": say("完成"),
        "drill.paused": say("暂停"),
        "drill.resumed": say("恢复计时"),
        "plan.amended": say("修改预案"),
        "effect.applied": say("设备动作"),
        "bays.clearing": say("车位待清空"),
        "bays.cleared": say("车位已清空"),
        "role.taken": say("就任"),
    }
    rows = [
        html.Li(
            [
                html.Span(str(event.number), className="soft num"),
                html.Div(
                    [
                        html.Span(f"{names.get(event.kind, event.kind)} {event.task or ''}"),
                        html.Span([event.person, " · ", since(event.at)], className="soft"),
                    ]
                ),
            ]
        )
        for event in events
    ]
    return html.Ul(rows, className="rows events")
