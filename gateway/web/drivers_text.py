"""What drivers read: the lines of a fee, money received, and troubles in words that say what to do."""

from dataclasses import dataclass
from datetime import datetime

from facility.errors import Conflict, Invalid, Missing, OpsError, Refused
from gateway.parking.dues import Due
from gateway.parking.dues_store import Money
from gateway.parking.rules.tariff_text import line_text
from gateway.web.render import Language, say

STATUS: tuple[tuple[type[OpsError], int], ...] = (
    (Refused, 429),
    (Missing, 404),
    (Conflict, 409),
    (Invalid, 422),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a fee as it is shown."""

    text: str
    start_at: datetime
    end_at: datetime
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """Money received or given back as it is shown."""

    text: str
    at: datetime
    amount_fen: int
    reference: str


def lines(due: Due, language: Language) -> list[Line]:
    """Every line of the parking fee, in words."""
    if due.settlement is None:
        return []
    return [
        Line(text=line_text(line, language), start_at=line.start_at, end_at=line.end_at, fen=int(line.fen))
        for line in due.settlement.fee.lines
    ]


def money_lines(money: list[Money], language: Language) -> list[MoneyLine]:
    """Every payment and refund, in words."""
    word = say(language)
    names = {
        "cash": word("现金"),
        "wechat": word("微信支付"),
        "alipay": word("支付宝"),
        "simulated": word("模拟付款"),
    }
    received, given_back = word("付款"), word("退款")
    return [
        MoneyLine(
            text=f"{received if row.amount_fen > 0 else given_back} · {names.get(row.how, row.how)}",
            at=row.at,
            amount_fen=row.amount_fen,
            reference=row.reference,
        )
        for row in money
    ]


def trouble(fault: OpsError, language: Language) -> str:
    """A trouble in words for a driver."""
    word = say(language)
    texts = {
        "plate.unreadable": word("车牌号不完整或格式不对。新能源车牌为 8 位，第 3 位或末位是字母。"),
        "asked_too_often": word("查询太频繁，请一分钟后再试。"),
        "stay.not_inside": word("没有找到这辆车的在场记录。请核对车牌；仍找不到请在出口呼叫收费员。"),
        "lookup.gone": word("页面已过期，请重新输入车牌。"),
        "coupon.not_usable": word("优惠码无效、已过期或已被使用。"),
        "place.kept_already": word("这个车牌已经预留了车位。"),
        "place.level_full": word("这一层暂时没有可预留的车位。"),
        "payment.amount_changed": word("费用已变化，请核对后再付。"),
        "ticket.no_car": word("道闸前没有检测到等待的车辆。请停到道闸前再试，或按呼叫键。"),
        "ticket.refused": word("这个入口现在不能入场，请看显示屏或按呼叫键。"),
    }
    return texts.get(fault.code, word("现在办不了，请按呼叫键找收费员。"))


def invoice_trouble(code: str, language: Language) -> str:
    """Why an e-invoice was not asked for, in words for a driver."""
    word = say(language)
    texts = {
        "invoice.words": word("抬头至少 2 个字；税号为 15 至 20 位数字或大写字母，个人可不填。"),
        "invoice.asked": word("这笔付款已经申请过发票。"),
        "invoice.nothing": word("这里没有可开票的付款。"),
    }
    return texts.get(code, word("现在办不了，请按呼叫键找收费员。"))


def status(fault: OpsError) -> int:
    """The HTTP status of a driver's trouble."""
    return next((code for family, code in STATUS if isinstance(fault, family)), 503)
