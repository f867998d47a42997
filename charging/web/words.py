"""Texts of the driver's page: Chinese as on the garage's signs, English beside it."""

from collections.abc import Mapping
from typing import Final

Texts = Mapping[str, tuple[str, str]]
"""Chinese and English by key."""

WORDS: Final[Texts] = {
    "site": ("平战车库", "Pingzhan garage"),
    "title": ("充电桩", "Charger"),
    "other": ("English", "中文"),
    "simulated": ("模拟数据", "Simulated"),
    "bay": ("车位", "Bay"),
    "free": ("空闲，可以充电", "Free"),
    "starting": ("正在启动", "Starting"),
    "starting_hint": ("请在 3 分钟内插好充电枪。", "Plug in within 3 minutes."),
    "refused": ("充电桩未能启动", "The charger did not start"),
    "refused_hint": ("请确认枪已插好，再试一次。", "Check that the plug is in, then try again."),
    "mine": ("正在充电", "Charging"),
    "suspended": ("车辆已停止取电", "The car takes no more energy"),
    "suspended_hint": (
        "充电结束后请及时驶离，超时将收取占位费。",
        "Please move on: an idle fee begins soon.",
    ),
    "others": ("使用中", "In use"),
    "others_hint": ("另一辆车正在充电。", "Another car is charging."),
    "done": ("充电已结束", "Charge finished"),
    "done_hint": ("出场时与停车费一并支付。", "You pay together with parking when you leave."),
    "settled": ("已支付", "Paid"),
    "locked": ("停止服务", "Out of service"),
    "locked_hint": ("本桩按管理要求停用，请勿使用。", "This charger has been taken out of service."),
    "away": ("充电桩离线", "Off-line"),
    "away_hint": ("请换一个充电桩。", "Please use another charger."),
    "fault": ("充电桩故障", "Out of order"),
    "kept": ("已为您预留", "Kept for you"),
    "reserved": ("已被预约", "Reserved"),
    "reserved_hint": ("另一位车主已预约此桩。", "Another driver has reserved it."),
    "until": ("保留到", "Until"),
    "start": ("开始充电", "Start charging"),
    "stop": ("停止充电", "Stop charging"),
    "reserve": ("预约 15 分钟", "Reserve for 15 minutes"),
    "cancel": ("取消预约", "Give up the reservation"),
    "again": ("再次充电", "Charge again"),
    "pay": ("查询停车并缴费", "Find my stay and pay"),
    "plate": ("车牌号（用于出场一并结算）", "Plate (so that you pay once, when you leave)"),
    "plate_box": ("车牌第", "Plate sign"),
    "nev": ("新能源", "NEV"),
    "plate_wrong": ("车牌号不完整", "The plate is not complete"),
    "notify": ("充完或停止时通知我", "Notify me when it is done or stops"),
    "notify_on": (
        "已开启：此页留在后台即可收到通知。手机长时间锁屏时浏览器可能暂停页面，请留意驶离时间。",
        "On while this page stays open in the background. A phone that is locked for long may pause it.",
    ),
    "notify_cannot": (
        "此浏览器或未加密的连接不支持通知：请保持此页打开查看。",
        "This browser, or a connection without encryption, cannot notify: keep this page open and look.",
    ),
    "notify_denied": (
        "浏览器已拒绝通知：可在浏览器的网站设置里允许。",
        "Your browser refuses notifications here: allow them in its settings for this site.",
    ),
    "notify_done": ("充电已结束", "Charge finished"),
    "notify_suspended": ("车辆已停止取电，请及时驶离", "The car takes no more energy: please move on"),
    "notify_idle": ("占位费开始计收", "The idle fee has begun"),
    "energy": ("电量", "Energy"),
    "power": ("功率", "Power"),
    "cost": ("费用", "Cost"),
    "minutes": ("时长", "Time"),
    "soc": ("电池", "Battery"),
    "min": ("分钟", "min"),
    "band_energy": ("电费", "Electricity"),
    "band_service": ("服务费", "Service"),
    "band_idle": ("占位费", "Idle fee"),
    "valley": ("谷", "valley"),
    "flat": ("平", "flat"),
    "peak": ("峰", "peak"),
    "total": ("合计", "Total"),
    "prices": ("分时电价（元/kWh，含服务费）", "Prices by time of day (yuan per kWh, service included)"),
    "idle_price": ("充电结束后占位费", "Idle fee after charging"),
    "idle_words": (
        "{grace} 分钟后每分钟 {price} 元，最多 {cap} 元",
        "{price} yuan/min after {grace} min, {cap} at most",
    ),
    "now": ("现在", "now"),
    "age": ("数据时间", "Measured"),
    "busy": ("此桩已被占用。", "This charger is taken."),
    "not_yours": ("只有启动者可以停止，请刷卡停止。", "Only who started it can stop it; use your card."),
    "missing": ("没有这个充电桩。", "There is no such charger."),
    "trouble": ("暂时无法办理，请稍后再试。", "This does not work right now. Please try again."),
}


def in_language(texts: Texts, language: str) -> dict[str, str]:
    """Every text in one language: `zh` or `en`."""
    place = 0 if language == "zh" else 1
    return {key: pair[place] for key, pair in texts.items()}


def words(language: str) -> dict[str, str]:
    """The driver's texts in one language: `zh` or `en`."""
    return in_language(WORDS, language)
