"""Which keys of a price list cannot stand together, and the reading of those that can."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from facility.units import Fen
from gateway.parking.rules.tariff import (
    DAY_S,
    CalendarDates,
    CapBasis,
    FreeMode,
    IdleFee,
    PermitEnd,
    Segment,
    Slab,
    Tariff,
    Tier,
    UnitRate,
    Waiver,
)
from gateway.parking.rules.tariff_document import (
    PermitEndIn,
    PriceListIn,
    PriceListRefused,
    SegmentIn,
    SlabIn,
    TierIn,
    read_document,
)

Problems = Iterator[tuple[str, str]]


def read_tariff(document: Mapping[str, Any]) -> Tariff:
    """Read a price list from the keys of the vocabulary.

    Raises:
        PriceListRefused: it cannot be read, is impossible or contradicts itself; every place is named.
    """
    listed = read_document(document)
    problems = list(contradictions(listed))
    if problems:
        raise PriceListRefused(problems)
    return _tariff(listed)


def contradictions(listed: PriceListIn) -> Problems:
    """Every place at which a price list is impossible or contradicts itself."""
    yield from _ways_of_pricing(listed)
    if listed.segments:
        for number, segment in enumerate(listed.segments):
            yield from _one_segment(f"segments[{number}]", segment, listed)
        yield from _day_covered_once(listed)
    has_holiday_price = any(one.price_per_unit_holiday is not None for one in listed.segments or ())
    if listed.holiday_calendar and not has_holiday_price:
        yield "holiday_calendar", "no part of the day has a price_per_unit_holiday"
    if listed.slabs:
        yield from _slabs(listed.slabs, listed)
    elif listed.restart_after_minutes is not None:
        yield "restart_after_minutes", "there are no slabs to start again"
    if listed.nev_tiers:
        yield from _tiers(listed.nev_tiers, listed)
    if listed.free_in_later_windows and listed.free_minutes * 60 >= DAY_S:
        yield "free_in_later_windows", "with free time of a day or more nothing would ever be charged"
    if listed.permit_end:
        yield from _permit_end(listed.permit_end)


def _ways_of_pricing(listed: PriceListIn) -> Problems:
    has_price, has_unit = listed.price_per_unit is not None, listed.unit_minutes is not None
    if listed.segments and listed.slabs:
        yield "slabs", "a stay is priced by parts of the day or by its length, not by both"
    elif listed.slabs and (has_price or has_unit):
        yield "slabs", "a stay is priced by units or by its length, not by both"
    elif has_price and not has_unit:
        yield "unit_minutes", "is missing: price_per_unit is the price of how many minutes?"
    elif has_unit and not has_price and not listed.segments:
        yield "price_per_unit", "is missing"
    elif not (has_price or listed.segments or listed.slabs):
        yield "price list", "has no price: give price_per_unit, segments or slabs"


def _one_segment(place: str, segment: SegmentIn, listed: PriceListIn) -> Problems:
    if segment.flat is not None:
        for key in ("price_per_unit", "price_per_unit_holiday", "unit_minutes", "cap"):
            if getattr(segment, key) is not None:
                yield f"{place}.{key}", "stands beside flat, which is the whole price of the part"
        return
    if segment.price_per_unit is None:
        yield f"{place}.price_per_unit", "is missing, and there is no flat price either"
    if segment.unit_minutes is None and listed.unit_minutes is None:
        yield f"{place}.unit_minutes", "is missing"
    has_dates = listed.holidays or listed.holiday_calendar
    if segment.price_per_unit_holiday is not None and not has_dates:
        yield f"{place}.price_per_unit_holiday", "there is no date in holidays, and no holiday_calendar"


def _day_covered_once(listed: PriceListIn) -> Problems:
    segments = listed.segments or ()
    if any(segment.from_s == DAY_S for segment in segments):
        yield "segments", 'a part cannot begin at "24:00": write "00:00"'
        return
    spans = sorted((*_day_span(segment), number) for number, segment in enumerate(segments))
    covered_s = 0
    for index, (start_s, end_s, number) in enumerate(spans):
        covered_s += end_s - start_s
        next_start_s = spans[index + 1][0] if index + 1 < len(spans) else spans[0][0] + DAY_S
        if end_s > next_start_s:
            other = spans[(index + 1) % len(spans)][2]
            yield f"segments[{other}]", f"overlaps segments[{number}]"
        elif end_s < next_start_s and listed.price_per_unit is None:
            gap = f"{_clock(end_s)} to {_clock(next_start_s)}"
            yield "segments", f"the day has no price from {gap}"
    if covered_s >= DAY_S and listed.price_per_unit is not None:
        yield "price_per_unit", "stands beside segments that already price the whole day"


def _clock(second: int) -> str:
    of_day = second % DAY_S
    return f"{of_day // 3600:02d}:{of_day % 3600 // 60:02d}"


def _day_span(segment: SegmentIn) -> tuple[int, int]:
    end_s = segment.to_s if segment.to_s > segment.from_s else segment.to_s + DAY_S
    return segment.from_s, end_s


def _slabs(slabs: tuple[SlabIn, ...], listed: PriceListIn) -> Problems:
    last_upto, last_price = 0, Fen(0)
    for number, slab in enumerate(slabs):
        upto = slab.upto_minutes
        if upto is None and number < len(slabs) - 1:
            yield f"slabs[{number}].upto_minutes", "only the last slab may go without a bound"
            return
        if upto is not None and upto <= last_upto:
            yield f"slabs[{number}].upto_minutes", "must be more than the bound before it"
        if slab.price < last_price:
            yield f"slabs[{number}].price", "a longer stay would cost less"
        last_upto, last_price = upto or last_upto, slab.price
    yield from _restart(slabs, listed.restart_after_minutes)
    if listed.nev_tiers:
        yield "nev_tiers", "split units of time, and slabs have none"
    if listed.free_in_later_windows:
        yield "free_in_later_windows", "slabs start again without free time"
    if listed.cap_24h is not None and listed.cap_basis == "calendar":
        yield "cap_basis", "a slab is one price for a whole length and cannot be cut at midnight"


def _restart(slabs: tuple[SlabIn, ...], restart_after: int | None) -> Problems:
    last_upto = slabs[-1].upto_minutes
    before_last = slabs[-2].upto_minutes if len(slabs) > 1 else 0
    if last_upto is None:
        if restart_after is not None and restart_after <= (before_last or 0):
            yield "restart_after_minutes", f"slabs[{len(slabs) - 1}] would never be reached"
        return
    if restart_after is None:
        yield (
            f"slabs[{len(slabs) - 1}].upto_minutes",
            "a longer stay has no price: leave the bound out or restart",
        )
    elif restart_after > last_upto:
        yield "restart_after_minutes", "a stay between the last slab's bound and the restart has no price"
    elif restart_after <= (before_last or 0):
        yield "restart_after_minutes", f"slabs[{len(slabs) - 1}] would never be reached"


def _tiers(tiers: tuple[TierIn, ...], listed: PriceListIn) -> Problems:
    if listed.discount is not None:
        yield "nev_tiers", "stand beside discount.nev: a new-energy vehicle has tiers or one factor, not both"
    last_upto = 0
    for number, tier in enumerate(tiers[:-1]):
        if tier.upto_minutes is None:
            yield f"nev_tiers[{number}].upto_minutes", "only the last tier goes without a bound"
        elif tier.upto_minutes <= last_upto:
            yield f"nev_tiers[{number}].upto_minutes", "must be more than the bound before it"
        last_upto = tier.upto_minutes or last_upto
    if tiers[-1].upto_minutes is not None:
        yield f"nev_tiers[{len(tiers) - 1}].upto_minutes", "the last tier has no bound"


def _permit_end(rest: PermitEndIn) -> Problems:
    if rest.bill_from == "entry" and rest.window_starts_at == "permit_end":
        yield "permit_end.window_starts_at", "a stay billed from entry has its windows from entry"


def _minutes(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60


def _tariff(listed: PriceListIn) -> Tariff:
    waiver, idle, rest = listed.charging_waiver, listed.idle_fee, listed.permit_end or PermitEndIn()
    bills_from_entry = rest.bill_from == "entry"
    base = _rate(listed.unit_minutes, listed.price_per_unit, None)
    return Tariff(
        free_s=listed.free_minutes * 60,
        free_mode=FreeMode(listed.free_mode),
        free_in_later_windows=listed.free_in_later_windows,
        rate=None if listed.segments else base,
        segments=_segments(listed, base),
        slabs=tuple(Slab(upto_s=_minutes(s.upto_minutes), price_fen=s.price) for s in listed.slabs or ()),
        restart_after_s=_minutes(listed.restart_after_minutes),
        cap_fen=listed.cap_24h,
        cap_basis=CapBasis(listed.cap_basis),
        holidays=frozenset(listed.holidays),
        follows=CalendarDates(listed.holiday_calendar) if listed.holiday_calendar else None,
        nev_discount=listed.discount.nev if listed.discount else None,
        nev_first_stay_free_s=_minutes(listed.nev_first_stay_free_minutes),
        nev_tiers=tuple(
            Tier(upto_s=_minutes(t.upto_minutes), factor=t.factor) for t in listed.nev_tiers or ()
        ),
        is_charging_time_exempt=listed.charging_time_exempt,
        charging_waiver=Waiver(min_wh=waiver.min_kwh, waived_s=waiver.minutes * 60) if waiver else None,
        idle_fee=IdleFee(grace_s=idle.grace_minutes * 60, price_per_minute_fen=idle.price_per_minute)
        if idle
        else None,
        class_multiplier=tuple(sorted(listed.class_multiplier.items())),
        permit_end=PermitEnd(
            free_s=rest.free_minutes * 60,
            bills_from_entry=bills_from_entry,
            windows_from_entry=bills_from_entry or rest.window_starts_at == "entry",
        ),
        exit_grace_s=listed.exit_grace_minutes * 60,
        round_to_fen=listed.round_to or Fen(1),
    )


def _rate(unit_minutes: int | None, price: Fen | None, holiday: Fen | None) -> UnitRate | None:
    if unit_minutes is None or price is None:
        return None
    unit_s = int(timedelta(minutes=unit_minutes).total_seconds())
    return UnitRate(unit_s=unit_s, price_fen=price, holiday_fen=holiday)


def _segments(listed: PriceListIn, base: UnitRate | None) -> tuple[Segment, ...]:
    """The segments as written, and the base rate in the parts of the day they leave open."""
    written = [_segment(segment, listed) for segment in listed.segments or ()]
    written.sort(key=lambda segment: segment.from_s)
    filled = list(written)
    for index, segment in enumerate(written):
        last = index == len(written) - 1
        next_from_s = written[0].from_s + DAY_S if last else written[index + 1].from_s
        if segment.to_s < next_from_s:
            start_s = segment.to_s % DAY_S
            filled.append(Segment(from_s=start_s, to_s=start_s + next_from_s - segment.to_s, rate=base))
    return tuple(sorted(filled, key=lambda segment: segment.from_s))


def _segment(segment: SegmentIn, listed: PriceListIn) -> Segment:
    start_s, end_s = _day_span(segment)
    unit_minutes = segment.unit_minutes or listed.unit_minutes
    return Segment(
        from_s=start_s,
        to_s=end_s,
        rate=_rate(unit_minutes, segment.price_per_unit, segment.price_per_unit_holiday),
        flat_fen=segment.flat,
        cap_fen=segment.cap,
    )
