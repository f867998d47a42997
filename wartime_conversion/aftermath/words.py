"""The report's words and how its values are written, for page and PDF alike."""

from datetime import datetime, timedelta

from facility.units import SHANGHAI

GRADES = {"P": "P 完成", "S": "S 基本完成", "M": "M 较大困难", "U": "U 未能完成"}
KINDS = {"actual": "实际转换", "drill": "演练"}
PURPOSES = {"conversion": "平战转换", "restoration": "恢复平时"}


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
