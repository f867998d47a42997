"""The report's words and how its values are written, for page and PDF alike."""

from datetime import datetime, timedelta

from facility.units import SHANGHAI

GRADES = {"P": "P 完成", "S": "S 基本完成", "M": "M 较大困难", "U": "U 未能完成"}
KINDS = {"actual": "实际转换", "drill": "演练"}
PURPOSES = {"conversion": "平战转换", "restoration": "恢复平时"}
EVENTS = {
    "run.started": "下令开始",
    "run.ended": "结束",
    "run.recalled": "撤销",
    "role.taken": "担任角色",
    "role.ended": "解除角色",
    "effect.applied": "自动动作",
    "bays.clearing": "车位转入清场",
    "bays.clear": "车位报清",
    "task.released": "任务放行",
    "task.claimed": "认领",
    "task.given_up": "放弃认领",
    "task.started": "开始作业",
    "task.reported": "签认完成",
    "task.countersigned": "第二人复核",
    "task.sent_back": "退回",
    "hold_point.released": "停检点放行",
    "hold_point.overridden": "停检点命令越过",
    "challenge.read": "唱票",
    "entry.kept": "签认待定",
    "entry.concurrent": "并行签认",
    "entry.refused": "签认被退回",
    "people.counted": "清点人员",
    "plan.amended": "方案修订",
    "drill.paused": "演练暂停",
    "drill.resumed": "演练继续",
    "siren.sounded": "警报鸣响",
    "inject.scheduled": "情况定时",
    "inject.played": "情况导入",
    "inject.decided": "情况处置",
    "objective.scored": "评分",
    "hot_wash.said": "讲评",
    "car.marked": "车辆处置",
    "exits.locked": "出口锁闭",
    "exits.freed": "出口放开",
    "entries.locked_again": "入口重新锁闭",
    "board.restored": "设备恢复",
}
"""Kinds of the chained record."""
ACTS = {
    "claim": "认领",
    "give_up": "放弃认领",
    "start": "开始",
    "read": "唱票",
    "report": "签认完成",
    "second": "第二人复核",
    "accept": "停检点放行",
    "send_back": "退回",
    "headcount": "清点人员",
}
"""What a person can say about a task."""
REASONS = {
    "wrong_pin": "PIN 或签认人不符",
    "role_missing": "没有此项签认的角色",
    "same_person": "不能由同一人复核",
    "values": "数值不在验收范围",
    "photo_missing": "缺照片",
    "barred": "安全顺序未满足",
    "not_on_roster": "不在名册",
    "too_late": "任务已不在这一步",
    "run_ended": "本次任务已结束",
    "not_yours": "由他人认领",
    "no_such_task": "没有这个任务",
    "already_done": "他人已先完成",
    "needs_open": "前置任务尚未送达",
    "not_there_yet": "前一步尚未送达",
    "may_not_finish_yet": "关联任务未完成",
    "other_words": "同一编号内容不同",
    "sequence_taken": "顺序号已被占用",
    "not_the_recorder": "只有记录员能补录纸质单",
    "actual": "下达实战命令",
    "drill": "开始演练",
    "notified": "已通知",
    "to_tow": "待拖",
    "towed": "已拖",
    "walked": "从未巡检，应立即做",
    "how": "我念，听到应答再点；我签唱票",
    "yes": "答：是",
    "no": "不符",
    "stop": "停。先处理，再从这一点重来；处理不了就上报。",
    "reader_missing": "等唱票人签认",
    "reader_is_doer": "唱票人不能也是操作人",
    "nothing_to_read": "这个任务不用唱票",
    "recorder_is_signer": "记录员不能补录自己的签认",
    "sheet_photo_missing": "缺纸质单照片",
    "paper_time": "签字时刻不在本次任务内",
    "raid": "空袭警报",
    "entry": "补录纸质单",
}
"""Why a statement was not accepted."""


def moment(at: datetime | None) -> str:
    """A moment in Shanghai time to the second, `—` where it did not happen."""
    return "—" if at is None else at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def minutes(count: int | None) -> str:
    """Minutes as hours and minutes, `—` where unknown."""
    if count is None:
        return "—"
    sign, rest = ("−" if count < 0 else ""), abs(count)
    return f"{sign}{rest // 60} h {rest % 60:02d} min" if rest >= 60 else f"{sign}{rest} min"


def span(length: timedelta) -> str:
    """A duration to the minute."""
    return minutes(round(length.total_seconds() / 60))


def event_word(kind: str) -> str:
    """A kind of the record in Chinese; one without a word stays as it is."""
    return EVENTS.get(kind, kind)


def act_word(act: str) -> str:
    """An act in Chinese; one without a word stays as it is."""
    return ACTS.get(act, act)


def reason_word(reason: str) -> str:
    """A reason in Chinese; one without a word stays as it is."""
    return REASONS.get(reason, reason)
