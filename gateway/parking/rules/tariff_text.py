"""The sentence of each line of a fee, in Chinese and English: what was charged and by which rule."""

from typing import Literal

from facility.units import Fen, yuan
from gateway.parking.rules.tariff_stay import FeeLine

Language = Literal["zh", "en"]

_SENTENCES: dict[str, tuple[str, str]] = {
    "free": ("免费时段 {time}", "free time, {time}"),
    "permit": ("月卡有效，{time}不计费", "covered by a permit, {time}"),
    "visitor": ("访客证有效，{time}不计费", "covered by a visitor pass, {time}"),
    "allowed": ("免费车辆，{time}不计费", "on the list of cars that do not pay, {time}"),
    "emergency": ("特种车辆，{time}不计费", "emergency vehicles do not pay, {time}"),
    "charging_exempt": ("充电时间 {time}不计费", "charging time is not billed, {time}"),
    "charging_waiver": ("充电减免 {time}", "parking waived for charging, {time}"),
    "coupon_minutes": ("优惠券减免 {time}", "taken off by a coupon, {time}"),
    "units": ("每{unit} {price}元 × {units}", "{units} x {price} yuan per started {unit}"),
    "units_holiday": (
        "节假日每{unit} {price}元 × {units}",
        "holiday: {units} x {price} yuan per started {unit}",
    ),
    "flat": ("本时段一口价 {price}元", "one price for this part of the day, {price} yuan"),
    "flat_already_paid": ("本时段一口价已计", "this part of the day is already paid"),
    "slab": ("停车 {time}，{price}元", "a stay of {time}, {price} yuan"),
    "nev_discount": ("新能源车按 {factor} 计费", "new-energy vehicles pay {factor} of the sum"),
    "rounding": ("四舍五入到 {round_to}元", "rounded to the nearest {round_to} yuan, halves up"),
    "coupon_amount": ("优惠券抵扣（面值 {worth}元）", "coupon worth {worth} yuan"),
    "idle": (
        "充满后占位 {minutes} 分钟（宽限 {grace}）",
        "{minutes} min at the charger after charging ended and {grace} of grace",
    ),
}
_ADDED: dict[str, tuple[str, str]] = {
    "part_cap_fen": ("，本时段封顶 {}元", ", at most {} yuan for this part of the day"),
    "day_cap_fen": ("，每日封顶 {}元", ", at most {} yuan a day"),
    "factor": ("，新能源系数 {}", ", times {} for new-energy vehicles"),
}

RULES = frozenset(_SENTENCES)
"""Every key a line may carry."""


def line_text(line: FeeLine, language: Language) -> str:
    """What the driver reads beside the amount.

    Raises:
        KeyError: the line carries a rule or lacks a fact that its sentence needs.
    """
    which = 0 if language == "zh" else 1
    facts = dict(line.facts)
    words = {name: str(value) for name, value in facts.items()}
    for name, fact in (("time", "seconds"), ("unit", "unit_s"), ("grace", "grace_s")):
        if fact in facts:
            words[name] = _duration(int(facts[fact]), language)
    for name, fact in (("price", "price_fen"), ("round_to", "round_to_fen"), ("worth", "worth_fen")):
        if fact in facts:
            words[name] = yuan(Fen(int(facts[fact])))
    text = _SENTENCES[line.rule][which].format(**words)
    for fact, added in _ADDED.items():
        if fact in facts and f"{{{fact}}}" not in _SENTENCES[line.rule][which]:
            value = facts[fact]
            text += added[which].format(value if isinstance(value, str) else yuan(Fen(value)))
    return text


def _duration(seconds: int, language: Language) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    names = ("小时", "分钟", "秒") if language == "zh" else (" h", " min", " s")
    parts = [
        f"{value}{name}"
        for value, name in zip((hours, minutes, left), names, strict=True)
        if value or seconds == 0
    ]
    return ("" if language == "zh" else " ").join(parts if seconds else parts[1:2])
