"""The four numbers of *Now*: free bays, charging, today's takings, alarms that nobody has seen."""

from datetime import datetime

from dash import html
from dash.development.base_component import Component

from dashboard import report_store, store
from dashboard.attributes import attributes
from dashboard.data import Counts, read_counts, reading
from dashboard.pages.parts import Children, money, number, since
from dashboard.viewer import Viewer
from facility.context import Context
from facility.units import Fen, local


async def show(viewer: Viewer, context: Context) -> tuple[list[Component], list[Component]]:
    """The numbers, and the counts from which the script goes on by itself."""
    counts = await read_counts(context)
    async with reading(context) as conn:
        alarms = await store.read_alarms(conn)
        evses = await store.read_evse_statuses(conn)
        today = await _today(context, conn)
    tiles = [
        _free(viewer, context, counts),
        _charging(viewer, context, evses),
        _takings(viewer, today),
        _alarms(viewer, alarms),
    ]
    return tiles, [_seed(zone) for zone in counts.zones.values()]


def _seed(zone: store.ZoneRow) -> Component:
    data = {
        "data-count": zone.zone_id,
        "data-occupied": str(zone.occupied),
        "data-capacity": str(zone.capacity),
    }
    return html.I(**attributes(data))


def _free(viewer: Viewer, context: Context, counts: Counts) -> Component:
    say, site = viewer.say, context.site
    if not counts.zones:
        return number(say("空闲车位"), "–", "", say("尚无计数"), href="/ops/occupancy")
    taken = site.capacity - counts.free
    note = say("共 {n} 个 · 占用 {part}%", n=site.capacity, part=round(100 * taken / site.capacity))
    value = html.Span(str(counts.free), **attributes({"data-zones": " ".join(counts.zones)}))
    return number(say("空闲车位"), value, say("个"), note, href="/ops/occupancy")


async def _today(context: Context, conn: store.Conn) -> list[report_store.RevenueRow]:
    now = context.clock.now()
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return await report_store.read_revenue(conn, since=midnight, until=now)


def _takings(viewer: Viewer, rows: list[report_store.RevenueRow]) -> Component:
    say = viewer.say
    parts = {row.part: row.amount_fen for row in rows}
    parking, charging = money(Fen(parts.get("parking", 0))), money(Fen(parts.get("charging", 0)))
    note = say("停车 {parking} · 充电 {charging}", parking=parking, charging=charging)
    return number(say("今日收入"), money(Fen(sum(parts.values()))), say("元"), note, href="/ops/reports")


def _charging(viewer: Viewer, context: Context, evses: dict[str, str]) -> Component:
    say = viewer.say
    charging = sum(status.lower() == "charging" for status in evses.values())
    faulty = sum(status.lower() in ("faulted", "unavailable") for status in evses.values())
    note = say("{n} 台 · 停用或故障 {faulty}", n=len(context.site.evses), faulty=faulty)
    return number(say("正在充电"), str(charging), say("台"), note, href="/ops/charging")


def _alarms(viewer: Viewer, alarms: list[store.AlarmRow]) -> Component:
    say = viewer.say
    unseen = [alarm for alarm in alarms if alarm.acknowledged_at is None]
    oldest: datetime | None = min((alarm.raised_at for alarm in unseen), default=None)
    note: Children = [html.Span(say("最久：")), since(oldest)] if oldest else say("没有需要确认的告警")
    style = "needs-person" if unseen else ""
    return number(say("未确认告警"), str(len(unseen)), say("条"), note, href="#attention", style=style)
