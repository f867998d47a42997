"""The looks of a bay, named."""

from typing import Final

from dashboard.figures.bays import Look

LOOK_NAMES: Final[dict[Look, str]] = {
    "free": "空闲",
    "taken": "有车",
    "plug": "空闲充电位",
    "charging": "充电中",
    "waiting": "占用未充",
    "faulty": "故障",
    "clearing": "待清空",
    "clear": "已清空",
    "storage": "货位",
    "unknown": "未知",
}
