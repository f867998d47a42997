"""Office pages of prices: versions, what they make of everyday stays, a stay tried out; and of the calendar."""

import json
from datetime import datetime, time, timedelta
from typing import Any

from facility.context import Context
from facility.errors import Invalid, OpsError
from facility.units import SHANGHAI, Fen, yuan
from gateway.office.asked import Asked
from gateway.office.blocks import Act, Block, Cell, Field, Form, Kind, Look, Row, Table, data, ours
from gateway.parking import calendar_store, pricing_store
from gateway.parking.pricing_store import PriceList
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_document import PriceListRefused
from gateway.parking.rules.tariff_settlement import settlement
from gateway.parking.rules.tariff_stay import PricedStay, Vehicle
from gateway.parking.rules.tariff_text import line_text

SAMPLES: tuple[tuple[str, time, timedelta], ...] = (
    ("白天 30 分钟", time(10), timedelta(minutes=30)),
    ("白天 1 小时", time(10), timedelta(hours=1)),
    ("白天 2 小时", time(10), timedelta(hours=2)),
    ("白天 4 小时", time(10), timedelta(hours=4)),
    ("白天 9 小时", time(9), timedelta(hours=9)),
    ("夜间 20:00 至次日 8:00", time(20), timedelta(hours=12)),
    ("24 小时", time(10), timedelta(hours=24)),
)
DAY_KINDS = (("holiday", "按节假日"), ("workday", "按工作日"))


async def prices(ctx: Context, asked: Asked) -> list[Block]:
    """Versions, everyday stays by the one in force, a stay tried out, and the form for the next version."""
    versions = await pricing_store.read_price_lists(asked.conn)
    chosen = _chosen(versions, asked)
    blocks: list[Block] = [_versions(versions, asked)]
    if chosen is not None:
        blocks += [_everyday(chosen, asked), _try_form(chosen, asked)]
        if "entered_at" in asked.words:
            blocks.append(_tried(chosen, asked))
    return [*blocks, _new_version(ctx, chosen, asked)]


def _in_force(versions: list[PriceList], now: datetime) -> PriceList | None:
    standing = [one for one in versions if one.withdrawn_at is None and one.in_force_from <= now]
    return max(standing, key=lambda one: one.in_force_from, default=None)


def _chosen(versions: list[PriceList], asked: Asked) -> PriceList | None:
    wanted = asked.words.get("list", "")
    return next((one for one in versions if str(one.id) == wanted), _in_force(versions, asked.now))


def _versions(versions: list[PriceList], asked: Asked) -> Table:
    in_force = _in_force(versions, asked.now)
    return Table(
        title="价目版本",
        columns=("编号", "名称", "生效", "状态", "保存", ""),
        rows=tuple([_version(one, in_force, asked) for one in versions]),
        empty="还没有价目表：没有价目表时，车辆照常进出，费用不能计算。",
        note="一次停车始终按入场时的版本计费。",
    )


def _version(one: PriceList, in_force: PriceList | None, asked: Asked) -> Row:
    acts: tuple[Act, ...] = ()
    if one.withdrawn_at is not None:
        state = ours("已撤回", Look.QUIET)
    elif one.in_force_from > asked.now:
        state = ours("待生效", Look.WARN)
        acts = (Act(label="撤回", method="DELETE", path=f"/api/v1/price-lists/{one.id}", is_grave=True),)
    elif in_force is not None and one.id == in_force.id:
        state = ours("现行", Look.GOOD)
    else:
        state = ours("已被替代", Look.QUIET)
    return Row(
        cells=(
            data(one.id, Look.NUMBER),
            Cell(words=one.name, href=f"/office/prices?list={one.id}"),
            data(asked.at(one.in_force_from)),
            state,
            data(one.saved_by, note=asked.at(one.saved_at)),
        ),
        acts=acts,
        more=json.dumps(json.loads(one.body), ensure_ascii=False, indent=2),
    )


def _fee(document: dict[str, Any], entered_at: datetime, stayed: timedelta, vehicle: Vehicle) -> str:
    stay = PricedStay(entered_at=entered_at, vehicle=vehicle)
    return yuan(settlement(stay, entered_at + stayed, read_tariff(document)).fee.total_fen)


def _everyday(chosen: PriceList, asked: Asked) -> Table:
    document = json.loads(chosen.body)
    title = "常见停车的费用"
    try:
        read_tariff(document)
    except PriceListRefused as fault:  # a version from before a rule that now refuses it
        return Table(title=title, columns=("",), rows=(Row(cells=(data(fault, Look.ALARM),)),), empty="")
    monday = asked.today + timedelta(days=-asked.today.weekday())
    rows = []
    for words, begins, stayed in SAMPLES:
        entered_at = datetime.combine(monday, begins, SHANGHAI)
        rows.append(
            Row(
                cells=(
                    ours(words),
                    data(_fee(document, entered_at, stayed, Vehicle()), Look.NUMBER),
                    data(_fee(document, entered_at, stayed, Vehicle(is_nev=True)), Look.NUMBER),
                    data(_fee(document, entered_at, stayed, Vehicle(vehicle_class="large")), Look.NUMBER),
                )
            )
        )
    return Table(
        title=title,
        columns=("停车", "小型车（元）", "新能源（元）", "大型车（元）"),
        rows=tuple(rows),
        empty="",
        note=f"#{chosen.id} {chosen.name} · {monday.isoformat()}",
    )


def _try_form(chosen: PriceList, asked: Asked) -> Form:
    said = asked.words
    return Form(
        title="试算一次停车",
        method="GET",
        path="",
        fields=(
            Field(name="list", label="价目编号", kind=Kind.INTEGER, value=str(chosen.id)),
            Field(
                name="entered_at",
                label="入场",
                kind=Kind.MOMENT,
                value=said.get("entered_at", asked.typed(asked.now - timedelta(hours=3))),
            ),
            Field(
                name="left_at",
                label="离场",
                kind=Kind.MOMENT,
                value=said.get("left_at", asked.typed(asked.now)),
            ),
            Field(
                name="vehicle_class",
                label="车型",
                kind=Kind.CHOICE,
                options=(("small", "小型车"), ("large", "大型车")),
                value=said.get("vehicle_class", "small"),
            ),
            Field(name="is_nev", label="新能源", kind=Kind.FLAG, value=said.get("is_nev", "")),
        ),
        button="试算",
    )


def _tried(chosen: PriceList, asked: Asked) -> Table:
    try:
        entered_at, left_at = (_moment(asked.words.get(name, "")) for name in ("entered_at", "left_at"))
        if left_at < entered_at:
            raise Invalid("left before it entered")
        vehicle = Vehicle(
            vehicle_class=asked.words.get("vehicle_class", "small"), is_nev=asked.words.get("is_nev") == "1"
        )
        fee = settlement(
            PricedStay(entered_at=entered_at, vehicle=vehicle), left_at, read_tariff(json.loads(chosen.body))
        ).fee
    except (OpsError, ValueError) as fault:
        return Table(title="试算结果", columns=("",), rows=(Row(cells=(data(fault, Look.ALARM),)),), empty="")
    rows = [
        Row(
            cells=(
                data(line_text(line, asked.language)),
                data(f"{asked.at(line.start_at)} → {asked.at(line.end_at)}"),
                data(yuan(line.fen), Look.NUMBER),
            )
        )
        for line in fee.lines
    ]
    total = Row(cells=(ours("合计"), data(""), data(yuan(Fen(fee.total_fen)), Look.NUMBER)))
    return Table(title="试算结果", columns=("项目", "时段", "元"), rows=(*rows, total), empty="")


def _moment(typed: str) -> datetime:
    at = datetime.fromisoformat(typed)
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def _new_version(ctx: Context, chosen: PriceList | None, asked: Asked) -> Form:
    document = json.loads(chosen.body) if chosen is not None else {}
    tomorrow = datetime.combine(asked.today + timedelta(days=1), time(), SHANGHAI)
    return Form(
        title="新版本",
        method="POST",
        path="/api/v1/price-lists",
        fields=(
            Field(name="name", label="名称", value=chosen.name if chosen is not None else ""),
            Field(name="in_force_from", label="生效时间", kind=Kind.MOMENT, value=asked.typed(tomorrow)),
            Field(
                name="document",
                label="价目（JSON，金额为元）",
                kind=Kind.DOCUMENT,
                value=json.dumps(document, ensure_ascii=False, indent=2),
            ),
        ),
        button="检查并保存",
        note="自相矛盾或无法执行的价目会被拒绝，并指出每一处。键的含义见 docs/tariff.md。",
    )


async def calendar(ctx: Context, asked: Asked) -> list[Block]:
    """The dates that do not behave like their weekday, and the form that sets one."""
    days = await calendar_store.read_calendar_days(asked.conn)
    rows = [
        Row(
            cells=(
                data(one.day.isoformat()),
                data(one.name),
                ours(dict(DAY_KINDS).get(one.kind, one.kind)),
                data(one.set_by, note=asked.at(one.set_at)),
            ),
            acts=(
                Act(
                    label="删除",
                    method="DELETE",
                    path=f"/api/v1/calendar/{one.day.isoformat()}",
                    is_grave=True,
                ),
            ),
        )
        for one in sorted(days, key=lambda one: one.day, reverse=True)
    ]
    return [
        Form(
            title="设定一天",
            method="PUT",
            path="/api/v1/calendar/{day}",
            fields=(
                Field(name="day", label="日期", kind=Kind.DATE),
                Field(name="kind", label="按什么算", kind=Kind.CHOICE, options=DAY_KINDS),
                Field(name="name", label="名称"),
            ),
            button="保存",
        ),
        Table(
            title="特殊日期",
            columns=("日期", "名称", "按什么算", "由谁", ""),
            rows=tuple(rows),
            empty="没有特殊日期。",
        ),
    ]
