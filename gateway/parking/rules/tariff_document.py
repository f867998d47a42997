"""A price list as people write it: the vocabulary of price lists, amounts in yuan, read into a `Tariff` or
refused.

Nothing is guessed: an unknown key, an amount that is no whole number of fen, a part of the day without a
price or with two prices are refused with the place named.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from facility.errors import Invalid
from facility.units import Fen
from gateway.parking.rules.tariff import DAY_S


class PriceListRefused(Invalid):
    """The price list is impossible or contradicts itself; `facts["problems"]` names each place and why."""

    code = "parking.price_list_refused"

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(
            "; ".join(f"{place}: {reason}" for place, reason in problems),
            problems=[{"place": place, "reason": reason} for place, reason in problems],
        )


def _exact(value: object) -> Fraction:
    """A number as it was written, without the error of a binary float: the shortest text of a float is what
    was written."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise ValueError("is not a number")
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as broken:
        raise ValueError("is not a number") from broken


def _fen(value: object) -> Fen:
    fen = _exact(value) * 100
    if fen.denominator != 1:
        raise ValueError("is not a whole number of fen")
    if not 0 <= fen <= 100_000_000:
        raise ValueError("must lie between 0 and 1 000 000 yuan")
    return Fen(int(fen))


def _positive_fen(value: object) -> Fen:
    fen = _fen(value)
    if fen == 0:
        raise ValueError("must be more than nought")
    return fen


def _share(value: object) -> Fraction:
    factor = _exact(value)
    if not 0 <= factor <= 1:
        raise ValueError("must lie between 0 and 1")
    return factor


def _multiplier(value: object) -> Fraction:
    factor = _exact(value)
    if not 0 < factor <= 100:
        raise ValueError("must be more than 0 and at most 100")
    return factor


def _wh(value: object) -> int:
    wh = _exact(value) * 1000
    if wh.denominator != 1 or wh < 0:
        raise ValueError("must be a whole number of Wh, not negative")
    return int(wh)


def _clock_s(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError('must be a clock time in quotes, "HH:MM"')
    hours, colon, minutes = value.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(hours) <= 2 and len(minutes) == 2):
        raise ValueError('must be a clock time "HH:MM"')
    second = int(hours) * 3600 + int(minutes) * 60
    if int(minutes) > 59 or second > DAY_S:
        raise ValueError("is no time of the day")
    return second


Yuan = Annotated[Fen, BeforeValidator(_fen)]
PositiveYuan = Annotated[Fen, BeforeValidator(_positive_fen)]
Share = Annotated[Fraction, BeforeValidator(_share)]
Multiplier = Annotated[Fraction, BeforeValidator(_multiplier)]
Kwh = Annotated[int, BeforeValidator(_wh)]
ClockTime = Annotated[int, BeforeValidator(_clock_s)]
Minutes = Annotated[int, Field(ge=0, le=527_040, strict=True)]
UnitMinutes = Annotated[int, Field(ge=1, le=527_040, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )


class SegmentIn(_Part):
    """A part of the day."""

    from_s: ClockTime = Field(alias="from")
    to_s: ClockTime = Field(alias="to")
    unit_minutes: UnitMinutes | None = None
    price_per_unit: Yuan | None = None
    price_per_unit_holiday: Yuan | None = None
    cap: PositiveYuan | None = None
    flat: Yuan | None = None


class SlabIn(_Part):
    """A price by length."""

    upto_minutes: UnitMinutes | None = None
    price: Yuan


class TierIn(_Part):
    """A factor of a new-energy vehicle's billable time."""

    upto_minutes: UnitMinutes | None = None
    factor: Share


class DiscountIn(_Part):
    """What a kind of vehicle pays of the sum."""

    nev: Share


class WaiverIn(_Part):
    """Time taken off a stay that charged."""

    min_kwh: Kwh
    minutes: Minutes
    mode: Literal["deduct"] = "deduct"


class IdleFeeIn(_Part):
    """The price of standing at a charger after charging ended."""

    grace_minutes: Minutes
    price_per_minute: Yuan
    starts: Literal["charging_ended"] = Field(default="charging_ended", alias="from")
    until: Literal["left_bay"] = "left_bay"


class PermitEndIn(_Part):
    """How the rest of a stay is billed when a permit ends during it."""

    bill_from: Literal["permit_end", "entry"] = "permit_end"
    free_minutes: Minutes = 0
    window_starts_at: Literal["permit_end", "entry"] | None = None


class PriceListIn(_Part):
    """Every key of the vocabulary."""

    free_minutes: Minutes = 0
    free_mode: Literal["threshold", "deduct"] = "threshold"
    free_in_later_windows: bool = False
    unit_minutes: UnitMinutes | None = None
    price_per_unit: Yuan | None = None
    segments: tuple[SegmentIn, ...] | None = Field(default=None, min_length=1)
    cap_24h: PositiveYuan | None = None
    cap_basis: Literal["rolling", "calendar"] = "rolling"
    slabs: tuple[SlabIn, ...] | None = Field(default=None, min_length=1)
    restart_after_minutes: UnitMinutes | None = None
    discount: DiscountIn | None = None
    nev_first_stay_free_minutes: Minutes | None = None
    nev_tiers: tuple[TierIn, ...] | None = Field(default=None, min_length=1)
    charging_time_exempt: bool = False
    charging_waiver: WaiverIn | None = None
    idle_fee: IdleFeeIn | None = None
    class_multiplier: dict[str, Multiplier] = Field(default_factory=dict)
    permit_end: PermitEndIn | None = None
    exit_grace_minutes: Minutes = 0
    round_to: PositiveYuan | None = None
    holidays: tuple[date, ...] = ()
    holiday_calendar: Literal["holidays", "days_off"] | None = None


def read_document(document: Mapping[str, Any]) -> PriceListIn:
    """Read the keys of a price list; whether they make sense together is `tariff_contradictions`' question.

    Raises:
        PriceListRefused: an unknown key, a missing one, or a value that cannot be.
    """
    try:
        return PriceListIn.model_validate(dict(document))
    except ValidationError as refused:
        raise PriceListRefused(
            [(_place(error["loc"]), _reason(error["msg"])) for error in refused.errors(include_url=False)]
        ) from None


def _place(path: tuple[int | str, ...]) -> str:
    place = ""
    for step in path:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else step
    return place or "price list"


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")
