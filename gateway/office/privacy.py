"""Office pages of privacy and of who is told: how long things are kept, one plate's export and erasure, webhooks."""

from facility.context import Context
from gateway.office.asked import Asked
from gateway.office.blocks import Act, Block, Field, Form, Kind, Look, Row, Table, data, ours
from gateway.parking import privacy_store, webhook_store
from gateway.parking.privacy import keep_days
from gateway.parking.rules import retention
from gateway.parking.webhook_store import Delivery

KINDS = (("picture", "照片"), ("read", "识别结果"), ("stay", "停车记录"), ("bill", "账单"))
EVENTS = (
    ("stay.opened", "入场"),
    ("stay.closed", "离场"),
    ("payment.made", "付款"),
    ("mode.changed", "平战状态变化"),
    ("alarm.raised", "告警"),
    ("alarm.cleared", "告警解除"),
)
DELIVERED = {
    "waiting": ("等待发送", Look.WARN),
    "delivered": ("已送达", Look.GOOD),
    "given_up": ("已放弃", Look.ALARM),
}
DELIVERIES_SHOWN = 30


async def privacy(ctx: Context, asked: Asked) -> list[Block]:
    """Retention with its proofs; the export and the erasure of one plate."""
    days = await keep_days(asked.conn)
    runs = await privacy_store.read_runs(asked.conn, limit=20)
    erasures = await privacy_store.read_erasures(asked.conn, limit=50)
    plate, reason = Field(name="plate", label="车牌"), Field(name="reason", label="原因")
    return [
        Table(
            title="保存期限",
            columns=("数据", "天数"),
            rows=tuple(
                [
                    Row(cells=(ours(words), data(days.get(kind, retention.DEFAULT_DAYS[kind]), Look.NUMBER)))
                    for kind, words in [(retention.Kind(name), words) for name, words in KINDS]
                ]
            ),
            empty="",
        ),
        Form(
            title="改变保存期限",
            method="PUT",
            path="/api/v1/privacy/retention/{kind}",
            fields=(
                Field(name="kind", label="数据", kind=Kind.CHOICE, options=KINDS),
                Field(name="keep_days", label="天数", kind=Kind.INTEGER),
            ),
            button="保存",
            is_grave=True,
        ),
        Table(
            title="删除的证明",
            columns=("时间", "数据", "早于", "删除", "剩余", "删除文件"),
            rows=tuple(
                [
                    Row(
                        cells=(
                            data(asked.at(one.run_at)),
                            ours(dict(KINDS).get(one.kind, one.kind)),
                            data(asked.at(one.cutoff_at)),
                            data(one.deleted, Look.NUMBER),
                            data(one.remaining, Look.ALARM if one.remaining else Look.NUMBER),
                            data(one.files_deleted, Look.NUMBER),
                        )
                    )
                    for one in runs
                ]
            ),
            empty="还没有运行过：每天凌晨自动运行。",
        ),
        Form(
            title="现在删除到期数据",
            method="POST",
            path="/api/v1/privacy/retention/runs",
            fields=(),
            button="现在运行",
            is_grave=True,
        ),
        Form(
            title="导出一个车牌的全部数据",
            method="POST",
            path="/api/v1/privacy/exports",
            fields=(plate, reason),
            button="导出",
            shows="file",
            file_name="export.json",
        ),
        Form(
            title="删除一个车牌的全部数据",
            method="POST",
            path="/api/v1/privacy/erasures",
            fields=(plate, reason),
            button="删除",
            is_grave=True,
            note="不能恢复。付款保留但不再有车牌；禁入名单保留。",
        ),
        Table(
            title="删除车牌的证明",
            columns=("时间", "由谁", "原因", "删除", "剩余"),
            rows=tuple(
                [
                    Row(
                        cells=(
                            data(asked.at(one.erased_at)),
                            data(one.erased_by),
                            data(one.reason),
                            data(sum(one.counts.values()), Look.NUMBER),
                            data(sum(one.remaining.values()), Look.NUMBER),
                        )
                    )
                    for one in erasures
                ]
            ),
            empty="没有删除过车牌。",
        ),
    ]


async def webhooks(ctx: Context, asked: Asked) -> list[Block]:
    """Who is told of what, and how the last tellings went."""
    hooks = await webhook_store.read_webhooks(asked.conn)
    blocks: list[Block] = [
        Form(
            title="添加推送",
            method="POST",
            path="/api/v1/webhooks",
            fields=(
                Field(name="url", label="地址（http 或 https）"),
                Field(name="events", label="事件", kind=Kind.MANY, options=EVENTS),
            ),
            button="添加",
            shows="answer",
            note="签名密钥只显示这一次。",
        )
    ]
    blocks.append(
        Table(
            title="推送",
            columns=("地址", "事件", "由谁", ""),
            rows=tuple(
                [
                    Row(
                        cells=(
                            data(one.url, Look.CODE),
                            data(" ".join(one.events), Look.CODE),
                            data(one.made_by, note=asked.at(one.made_at)),
                        ),
                        acts=(
                            Act(label="试发", method="POST", path=f"/api/v1/webhooks/{one.id}/test"),
                            Act(
                                label="删除",
                                method="DELETE",
                                path=f"/api/v1/webhooks/{one.id}",
                                is_grave=True,
                            ),
                        ),
                    )
                    for one in hooks
                ]
            ),
            empty="没有推送。",
        )
    )
    for one in hooks:
        deliveries = await webhook_store.read_deliveries(asked.conn, one.id, limit=DELIVERIES_SHOWN)
        blocks.append(_deliveries(one.url, deliveries, asked))
    return blocks


def _deliveries(url: str, deliveries: list[Delivery], asked: Asked) -> Table:
    rows = []
    for one in deliveries:
        words, look = DELIVERED.get(one.state, (one.state, Look.TEXT))
        again = Act(label="再发", method="POST", path=f"/api/v1/webhooks/deliveries/{one.id}/again")
        rows.append(
            Row(
                cells=(
                    data(asked.at(one.made_at)),
                    data(one.event, Look.CODE),
                    ours(words, look),
                    data(one.attempts, Look.NUMBER),
                    data(one.last_status if one.last_status is not None else one.last_error),
                ),
                acts=() if one.state == "waiting" else (again,),
            )
        )
    return Table(
        title="最近的发送",
        columns=("时间", "事件", "状态", "次数", "回答", ""),
        rows=tuple(rows),
        empty="还没有发送过。",
        note=url,
    )
