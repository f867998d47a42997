"""What the attendant reads: reasons, troubles and what was done, in words."""

from decimal import Decimal, InvalidOperation

from facility.errors import Invalid
from gateway.web.render import Language, say


class AmountUnreadable(Invalid):
    """What was typed is no amount of money."""

    code = "amount.unreadable"


def fen_of(typed: str) -> int:
    """Yuan as a person types them, in whole fen.

    Raises:
        AmountUnreadable: it is no amount, is negative, or has parts of a fen.
    """
    try:
        fen = Decimal(typed.strip().lstrip("¥")) * 100
    except InvalidOperation as fault:
        raise AmountUnreadable(f"{typed!r} is no amount") from fault
    if not fen.is_finite() or fen < 0 or fen != fen.to_integral_value() or fen > 100_000_000:
        raise AmountUnreadable(f"{typed!r} is no amount of whole fen")
    return int(fen)


def reason(code: str, language: Language) -> str:
    """Why a lane decided as it did."""
    word = say(language)
    texts = {
        "emergency": word("应急车辆，放行"),
        "lane_closed": word("车道已关闭"),
        "lane_locked_out": word("车道锁定"),
        "mode": word("车库转换中，不进车"),
        "no_plate": word("没有识别到车牌"),
        "unsure_read": word("识别不确定"),
        "denied": word("禁入名单"),
        "already_inside": word("该车牌已在场内"),
        "full": word("车位已满"),
        "allowed": word("放行名单"),
        "permit": word("月卡车"),
        "permit_in_use": word("月卡车位已占用，按临停"),
        "visitor": word("访客"),
        "place_kept": word("预留车位"),
        "ordinary": word("临停车"),
        "no_entry": word("没有入场记录"),
        "several_candidates": word("有多辆相近的车"),
        "no_fee": word("无法计费"),
        "unpaid": word("未缴费"),
        "paid": word("已缴费"),
        "nothing_due": word("无需缴费"),
        "evacuation": word("疏散放行"),
        "late_read": word("识别结果来得太晚"),
        "leaving_elsewhere": word("正从另一出口离场"),
        "against_lane": word("逆着车道方向行驶"),
        "database_away": word("断库期间通过，请补录"),
        "reads_away": word("相机或网络离线期间通过，请补录"),
        "tailgate": word("跟车通过，请补录"),
    }
    return texts.get(code, code)


def decider(decided_by: str, language: Language) -> str:
    """Who decided: a person by name, or the policy of a lane while something was away."""
    word = say(language)
    texts = {
        "system": word("系统"),
        "policy open": word("按预案：保持开启"),
        "policy closed": word("按预案：不自动放行"),
        "policy attendant": word("按预案：岗亭放行"),
    }
    return texts.get(decided_by, decided_by)


def trouble(code: str, language: Language) -> str:
    """Why an act of the attendant was not done."""
    word = say(language)
    texts = {
        "attendant.reason_needed": word("请写明原因。"),
        "lane.entry_settled": word("这一条已经有人处理。"),
        "stay.plate_inside": word("该车牌已有在场记录，请先结束那一次停车。"),
        "stay.conflict": word("这辆车的状态已经变化，请刷新。"),
        "plate.unreadable": word("车牌号不完整或格式不对。"),
        "stay.not_inside": word("没有这辆车的在场记录。"),
        "stay.times": word("入场时间不能晚于现在或离场时间。"),
        "moment.unreadable": word("日期时间格式不对。"),
        "lane.other_question": word("这一条不能这样处理。"),
        "origin.wrong": word("请用有权限的账号重新登录。"),
        "form.wrong": word("填写的内容不对，请检查日期、数量和金额。"),
        "permit.bay_taken": word("没有这个车位，或已有月卡占用。"),
        "list.plate_on_it": word("该车牌已在名单中。"),
        "parking.list_row_missing": word("这一条已经终止。"),
        "payment.more_than_paid": word("退款不能超过已付金额。"),
        "payment.not_paid": word("这笔款没有付成。"),
        "payment.missing": word("没有这笔收款。"),
        "payment.provider_away": word("支付平台没有应答，请稍后再试。"),
        "payment.provider_unknown": word("没有开通这种支付方式。"),
        "missing": word("对方还没有这一天的账单。"),
        "shift.missing": word("请先开班。"),
        "shift.open": word("您已有未交接的班次。"),
        "amount.unreadable": word("金额格式不对。"),
        "payment.amount_moved": word("费用已变化，请核对后再收。"),
        "payment.nothing_due": word("没有欠费。"),
    }
    return texts.get(code, word("没有办成（%s）。") % code)


def done(act: str, language: Language) -> str:
    """What was just done."""
    word = say(language)
    texts = {
        "let_in": word("已放行入场。"),
        "let_out": word("已放行离场。"),
        "let_out_unknown": word("已放行，无入场记录。"),
        "turn_away": word("已处理，不放行。"),
        "cash": word("已收现金。"),
        "open": word("已发出开闸指令。"),
        "close": word("车道已关闭。"),
        "reopen": word("车道已恢复。"),
        "replace": word("旧记录已结束，已放行入场。"),
        "name": word("已补录车牌。"),
        "was": word("已结束该车的停车记录。"),
        "stay_plate": word("车牌已更正。"),
        "stay_entered": word("入场时间已更正。"),
        "stay_write_off": word("停车记录已结束。"),
        "permit": word("月卡已办理。"),
        "pass": word("访客已登记。"),
        "listed": word("已加入名单。"),
        "right_ended": word("已终止。"),
        "coupons": word("优惠码已制作。"),
        "refund": word("已提交退款。"),
        "compared": word("已重新对账。"),
        "shift_begin": word("已开班。"),
        "shift_end": word("已交班。"),
    }
    return texts.get(act, "")


def how_words(language: Language) -> dict[str, str]:
    """How a car came in or left, by the stay's own word."""
    word = say(language)
    return {
        "read": word("车牌识别"),
        "attendant": word("人工放行"),
        "ticket": word("小票"),
        "tailgate": word("跟车"),
        "journal": word("离线期间"),
        "unseen": word("人工结束"),
    }


def field_words(language: Language) -> dict[str, str]:
    """What of a stay was corrected."""
    word = say(language)
    return {"plate": word("车牌"), "entered_at": word("入场时间"), "state": word("状态")}


def picture_word(kind: str, language: Language) -> str:
    """What a picture of a stay shows: `entry`, `exit`, or `near`: the same lane about the same time."""
    word = say(language)
    return {"entry": word("入场照片"), "exit": word("离场照片"), "near": word("同一车道前后")}[kind]


def list_words(language: Language) -> dict[str, str]:
    """The lists of plates."""
    word = say(language)
    return {"allow": word("放行名单"), "deny": word("禁入名单"), "emergency": word("应急车辆名单")}


def way_words(language: Language) -> dict[str, str]:
    """How money came."""
    word = say(language)
    return {
        "cash": word("现金"),
        "wechat": word("微信支付"),
        "alipay": word("支付宝"),
        "simulated": word("模拟付款"),
    }


def difference_words(language: Language) -> dict[str, str]:
    """How a day's books and a provider's statement differ about one number."""
    word = say(language)
    return {
        "only_ours": word("对方没有"),
        "only_theirs": word("我方没有"),
        "amount": word("金额不同"),
    }
