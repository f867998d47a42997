"""Price lists and stays for the tariff tests: made by hand, and drawn by hypothesis."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from facility.units import SHANGHAI, Fen
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_stay import Charged, Coupon, PricedStay, Span, Vehicle

DAY_NIGHT: dict[str, Any] = {
    "segments": [
        {"from": "08:00", "to": "20:00", "unit_minutes": 30, "price_per_unit": 1},
        {"from": "20:00", "to": "08:00", "unit_minutes": 30, "price_per_unit": 1, "cap": 5},
    ],
    "cap_24h": 20,
}


def at(text: str) -> datetime:
    """A moment of the local clock, e.g. `2026-03-02 09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def listed(**keys: Any) -> Tariff:
    """A price list from the keys of the vocabulary."""
    return read_tariff(keys)


def hourly(**keys: Any) -> Tariff:
    """Two yuan a started half hour, and more keys."""
    return read_tariff({"unit_minutes": 30, "price_per_unit": 2, **keys})


_yuan = st.integers(0, 40).map(lambda n: n / 2)
_cap = st.integers(1, 80).map(lambda n: n / 2)
_unit = st.sampled_from([1, 7, 15, 30, 60, 120])


@st.composite
def _segments(draw: st.DrawFn) -> dict[str, Any]:
    hours = sorted(draw(st.sets(st.integers(0, 23), min_size=1, max_size=4)))
    parts: list[dict[str, Any]] = []
    for index, hour in enumerate(hours):
        part: dict[str, Any] = {"from": f"{hour:02d}:00", "to": f"{hours[(index + 1) % len(hours)]:02d}:00"}
        if draw(st.booleans()):
            part |= {"flat": draw(_yuan)}
        else:
            part |= {"unit_minutes": draw(_unit), "price_per_unit": draw(_yuan)}
            if draw(st.booleans()):
                part["cap"] = draw(_cap)
            if draw(st.booleans()):
                part["price_per_unit_holiday"] = draw(_yuan)
        parts.append(part)
    return {"segments": parts, "holidays": ["2026-03-03", "2026-03-04", "2026-03-07"]}


@st.composite
def _slabs(draw: st.DrawFn) -> dict[str, Any]:
    bounds = sorted(draw(st.sets(st.integers(1, 2000), min_size=1, max_size=4)))
    prices = sorted(draw(st.lists(st.integers(0, 60), min_size=len(bounds), max_size=len(bounds))))
    slabs: list[dict[str, Any]] = [
        {"upto_minutes": bound, "price": price} for bound, price in zip(bounds, prices, strict=True)
    ]
    return {"slabs": slabs, "restart_after_minutes": bounds[-1]}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A valid price list with any of the keys."""
    rate = st.builds(lambda unit, price: {"unit_minutes": unit, "price_per_unit": price}, _unit, _yuan)
    document: dict[str, Any] = dict(draw(st.one_of(rate, _segments(), _slabs())))
    has_slabs = "slabs" in document
    document["free_minutes"] = draw(st.sampled_from([0, 15, 30, 60]))
    document["free_mode"] = draw(st.sampled_from(["threshold", "deduct"]))
    if draw(st.booleans()):
        document["cap_24h"] = draw(_cap)
        document["cap_basis"] = "rolling" if has_slabs else draw(st.sampled_from(["rolling", "calendar"]))
    if not has_slabs:
        document["free_in_later_windows"] = draw(st.booleans())
    nev = draw(st.sampled_from(["", "discount", "first", "" if has_slabs else "tiers"]))
    if nev == "discount":
        document["discount"] = {"nev": draw(st.sampled_from([0, 0.33, 0.5, 0.85]))}
    elif nev == "first":
        document["nev_first_stay_free_minutes"] = draw(st.sampled_from([60, 120]))
    elif nev == "tiers":
        document["nev_tiers"] = [
            {"upto_minutes": 60, "factor": draw(st.sampled_from([0, 0.25]))},
            {"upto_minutes": 300, "factor": draw(st.sampled_from([0.3, 0.5]))},
            {"factor": 1},
        ]
    if draw(st.booleans()):
        document["charging_time_exempt"] = True
    if draw(st.booleans()):
        document["charging_waiver"] = {"min_kwh": 5, "minutes": 120}
    if draw(st.booleans()):
        document["idle_fee"] = {"grace_minutes": 10, "price_per_minute": 0.5}
    if draw(st.booleans()):
        document["class_multiplier"] = {"large": draw(st.sampled_from([1.5, 2]))}
    document["permit_end"] = draw(
        st.sampled_from(
            [
                {"bill_from": "permit_end", "free_minutes": 30, "window_starts_at": "permit_end"},
                {"bill_from": "permit_end", "free_minutes": 0, "window_starts_at": "entry"},
                {"bill_from": "entry", "free_minutes": 15},
            ]
        )
    )
    if draw(st.booleans()):
        document["round_to"] = draw(st.sampled_from([0.5, 1, 5]))
    document["exit_grace_minutes"] = draw(st.sampled_from([0, 15]))
    return document


_START = at("2026-03-02 00:00")
_seconds = st.integers(0, 3 * 86_400)


@st.composite
def stays(draw: st.DrawFn) -> PricedStay:
    """A stay that begins in the week of 2 March 2026, with charging, permits and coupons or without."""
    entered_at = _START + timedelta(seconds=draw(st.integers(0, 5 * 86_400)))
    charged: tuple[Charged, ...] = ()
    if draw(st.booleans()):
        begun, lasted, stayed = draw(_seconds), draw(st.integers(0, 20_000)), draw(st.integers(0, 20_000))
        started_at = entered_at + timedelta(seconds=begun // 10)
        ended_at = started_at + timedelta(seconds=lasted)
        left_at = ended_at + timedelta(seconds=stayed)
        charged = (
            Charged(
                started_at=started_at,
                energy_wh=draw(st.sampled_from([4000, 21_400])),
                ended_at=ended_at,
                left_bay_at=left_at,
            ),
        )
    spans = tuple(
        Span(
            start_at=entered_at + timedelta(seconds=begins - 86_400),
            end_at=entered_at + timedelta(seconds=begins + lasts - 86_400),
        )
        for begins, lasts in draw(st.lists(st.tuples(_seconds, st.integers(1, 2 * 86_400)), max_size=2))
    )
    coupons = tuple(
        Coupon(coupon_id=str(number), off=timedelta(minutes=minutes), off_fen=Fen(fen))
        for number, (minutes, fen) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from([0, 60]), st.sampled_from([0, 500])), max_size=2))
        )
    )
    return PricedStay(
        entered_at=entered_at,
        vehicle=Vehicle(vehicle_class=draw(st.sampled_from(["small", "large"])), is_nev=draw(st.booleans())),
        is_first_of_date=draw(st.booleans()),
        permit_spans=spans,
        charged=charged,
        coupons=coupons,
    )


tariffs = documents().map(read_tariff)
durations = st.integers(0, 5 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
