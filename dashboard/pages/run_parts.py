"""Parts of the conversion screen and the big screen: clocks that tick, crews, hold points."""

from datetime import datetime

from dash import html
from dash.development.base_component import Component

from dashboard.attributes import attributes
from dashboard.pages.parts import since
from dashboard.run_data import CrewLoad, RunPicture, TierClock
from dashboard.viewer import Viewer
from facility.units import local


def ticking(
    began_at: datetime | None, *, ended_at: datetime | None, less_s: float = 0, limit_s: int | None = None
) -> Component:
    """A clock that the script keeps: elapsed time, or what is left of a limit, negative once it is passed."""
    if began_at is None:
        return html.Span("–:–", className="clock")
    data = {"data-clock-from": began_at.isoformat(), "data-less-s": f"{less_s:.0f}"}
    if ended_at is not None:
        data["data-clock-to"] = ended_at.isoformat()
    if limit_s is not None:
        data["data-limit-s"] = str(limit_s)
    return html.Span("", className="clock", **attributes(data))


def run_title(viewer: Viewer, picture: RunPicture) -> str:
    """What kind of run it is, with its code."""
    say, run = viewer.say, picture.run
    names = {
        ("actual", "conversion"): say("平战转换"),
        ("actual", "restoration"): say("恢复平时"),
        ("drill", "conversion"): say("平战转换演练"),
        ("drill", "restoration"): say("恢复平时演练"),
    }
    return f"{names[(run.kind, run.purpose)]} {run.code}"


def legal_clock(viewer: Viewer, picture: RunPicture) -> Component:
    """Legal time never stands still: what is left of the most urgent limit, else the time since the order."""
    say, run = viewer.say, picture.run
    urgent = picture.urgent
    if urgent is not None:
        name = urgent.tier.zh if viewer.language == "zh" else urgent.tier.en
        days = (urgent.tier.limit_s or 0) / 86_400
        notes = [say("限 {days:g} 天", days=days), *_unconfirmed(viewer, urgent)]
        return _clock_block(
            say("法定剩余 · {tier}", tier=name),
            ticking(urgent.began_at, ended_at=None, limit_s=urgent.tier.limit_s),
            " · ".join(notes),
            "legal",
        )
    text = say("自命令起") if run.ended_at is None else say("已结束")
    return _clock_block(say("法定用时"), ticking(run.started_at, ended_at=run.ended_at), text, "legal")


def _unconfirmed(viewer: Viewer, clock: TierClock) -> list[str]:
    if clock.tier.is_confirmed:
        return []
    return [viewer.say("来源 {source}（待业主确认）", source=clock.tier.limit_source.split(" ")[0])]


def drill_clock(viewer: Viewer, picture: RunPicture) -> Component | None:
    """Drill time stands still while the drill is paused; an actual run has none."""
    say, run = viewer.say, picture.run
    if run.kind != "drill":
        return None
    stopped = picture.read_at if picture.is_paused else run.ended_at
    note = say("已暂停") if picture.is_paused else say("演练时间，可暂停")
    clock = ticking(run.started_at, ended_at=stopped, less_s=run.paused.total_seconds())
    return _clock_block(
        say("演练用时"), clock, note, "drill-time paused" if picture.is_paused else "drill-time"
    )


def _clock_block(label: str, clock: Component, note: str, style: str) -> Component:
    return html.Div(
        [html.Span(label, className="clock-label"), clock, html.Span(note, className="clock-note")],
        className=f"clock-block {style}",
    )


def finish_text(viewer: Viewer, picture: RunPicture) -> str:
    """When the run is expected to be done, or was."""
    finish = picture.finish_at
    if finish is None:
        return "–"
    here = local(finish)
    same_day = here.date() == local(picture.read_at).date()
    return here.strftime("%H:%M") if same_day else here.strftime("%m-%d %H:%M")


def crew_bars(viewer: Viewer, loads: list[CrewLoad]) -> Component:
    """A bar for each crew: done of all, with what it is at now."""
    rows = []
    for load in loads:
        name = load.crew.zh if viewer.language == "zh" else load.crew.en
        part = load.done / load.tasks
        running = (load.done + load.running) / load.tasks
        rows.append(
            html.Div(
                [
                    html.Span(name, className="crew-name", title=name),
                    html.Span(className="crew-bar", style={"--done": str(part), "--running": str(running)}),
                    html.Span(f"{load.done}/{load.tasks}", className="num"),
                ],
                className="crew",
            )
        )
    return html.Div(rows, className="crews")


def hold_points(viewer: Viewer, picture: RunPicture, *, limit: int) -> Component:
    """Hold points that wait first, then those still to come."""
    say = viewer.say
    rows = {row.code: row for row in picture.rows}
    points = [span for span in picture.spans if span.card.is_hold_point and span.card.state != "done"]
    points.sort(key=lambda span: (span.card.state != "holding", span.ends_at))
    if not points:
        return html.P(say("没有未放行的停检点"), className="soft")
    items = []
    for span in points[:limit]:
        row = rows[span.card.code]
        waits = span.card.state == "holding"
        when: Component | str = (
            since(row.reported_at)
            if waits and row.reported_at
            else local(span.ends_at).strftime("%m-%d %H:%M")
        )
        items.append(
            html.Li(
                [
                    html.Span("◆", className="hold-mark"),
                    html.Div(
                        [html.B(f"{span.card.code} {span.card.name}"), html.Span(when, className="soft")]
                    ),
                    html.Span(
                        say("等待放行") if waits else say("预计"),
                        className="lane-state out" if waits else "lane-state",
                    ),
                ],
                className="hold-row waits" if waits else "hold-row",
            )
        )
    return html.Ul(items, className="rows")
