"""A price list made ready for one vehicle: every amount a whole number of ticks, so that pricing needs no
fraction.

A tick is the part of a fen that makes the class multiplier and the tier factors come out whole: with a
multiplier of 3/2 and factors of 1/4 there are 8 ticks to the fen.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

from facility.units import Fen
from gateway.parking.rules.tariff import DAY_S, CapBasis, Segment, Tariff, UnitRate
from gateway.parking.rules.tariff_stay import Vehicle
from gateway.parking.rules.tariff_time import day_number

NEVER = 1 << 62
"""A bound that no second and no amount reaches."""


@dataclass(frozen=True, slots=True)
class Piecewise:
    """One part of the day, in ticks; `NEVER` stands for no cap, `None` for no flat price.

    `from_s` = 0 and `to_s` = `NEVER` is one rate without bounds of the day.
    """

    from_s: int
    to_s: int
    unit_s: int
    price: int
    holiday: int
    cap: int
    flat: int | None


@dataclass(frozen=True, slots=True)
class Rates:
    """The amounts of a price list for one vehicle, `scale` ticks to the fen."""

    scale: int
    parts: tuple[Piecewise, ...]
    slabs: tuple[tuple[int, int], ...]
    restart_after_s: int
    cap: int
    has_windows: bool
    is_calendar: bool
    tiers: tuple[tuple[int, int, int], ...]
    holidays: frozenset[int]
    discount: Fraction
    idle_per_minute: int


@lru_cache(maxsize=256)
def rates_for(tariff: Tariff, vehicle: Vehicle) -> Rates:
    """The price list in ticks, for one class of vehicle.

    Raises:
        ValueError: the list follows a calendar that was not looked up.
    """
    if tariff.follows is not None:
        raise ValueError("this price list follows the calendar; give it the dates of the stay first")
    multiplier = dict(tariff.class_multiplier).get(vehicle.vehicle_class, Fraction(1))
    tiers = tariff.nev_tiers if vehicle.is_nev else ()
    tier_scale = lcm(*(tier.factor.denominator for tier in tiers))
    ticks = multiplier.numerator * tier_scale
    segments = tariff.segments or (
        (Segment(from_s=0, to_s=NEVER, rate=tariff.rate),) if tariff.rate is not None else ()
    )
    return Rates(
        scale=multiplier.denominator * tier_scale,
        parts=tuple(_piecewise(segment, ticks) for segment in segments),
        slabs=tuple((_or_never(slab.upto_s), slab.price_fen * ticks) for slab in tariff.slabs),
        restart_after_s=_or_never(tariff.restart_after_s),
        cap=NEVER if tariff.cap_fen is None else tariff.cap_fen * ticks,
        has_windows=tariff.has_day_windows,
        is_calendar=tariff.cap_basis is CapBasis.CALENDAR,
        tiers=tuple(
            (_or_never(tier.upto_s), tier.factor.numerator, tier.factor.denominator) for tier in tiers
        ),
        holidays=frozenset(day_number(day) for day in tariff.holidays),
        discount=_discount(tariff, vehicle),
        idle_per_minute=0 if tariff.idle_fee is None else tariff.idle_fee.price_per_minute_fen * ticks,
    )


def _or_never(bound: int | None) -> int:
    return NEVER if bound is None else bound


def _discount(tariff: Tariff, vehicle: Vehicle) -> Fraction:
    if vehicle.is_nev and tariff.nev_discount is not None:
        return tariff.nev_discount
    return Fraction(1)


def _piecewise(segment: Segment, ticks: int) -> Piecewise:
    rate = segment.rate or UnitRate(unit_s=DAY_S, price_fen=Fen(0))  # a flat part has no units to count
    holiday_fen = rate.price_fen if rate.holiday_fen is None else rate.holiday_fen
    return Piecewise(
        from_s=segment.from_s,
        to_s=segment.to_s,
        unit_s=rate.unit_s,
        price=rate.price_fen * ticks,
        holiday=holiday_fen * ticks,
        cap=NEVER if segment.cap_fen is None else segment.cap_fen * ticks,
        flat=None if segment.flat_fen is None else segment.flat_fen * ticks,
    )
