"""Impossible and contradictory price lists are refused with the place named."""

from typing import Any

import pytest

from gateway.parking.rules.tariff_contradictions import read_tariff
from gateway.parking.rules.tariff_document import PriceListRefused

RATE: dict[str, Any] = {"unit_minutes": 30, "price_per_unit": 1}
DAY = {"from": "08:00", "to": "20:00", "unit_minutes": 30, "price_per_unit": 1}
NIGHT = {"from": "20:00", "to": "08:00", "flat": 5}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no price", {}, "price list"),
    ("a unit without a price", {"unit_minutes": 30}, "price_per_unit"),
    ("a price without a unit", {"price_per_unit": 1}, "unit_minutes"),
    ("an unknown key", {**RATE, "free_minute": 15}, "free_minute"),
    ("half a fen", {**RATE, "price_per_unit": 0.005}, "price_per_unit"),
    ("a negative price", {**RATE, "price_per_unit": -1}, "price_per_unit"),
    ("a claim for a price", {**RATE, "price_per_unit": True}, "price_per_unit"),
    ("a unit of nought", {**RATE, "unit_minutes": 0}, "unit_minutes"),
    ("an unknown free mode", {**RATE, "free_mode": "both"}, "free_mode"),
    ("segments that overlap", {"segments": [DAY, {**NIGHT, "from": "19:00"}]}, "segments[1]"),
    ("a gap in the day", {"segments": [DAY, {**NIGHT, "to": "07:00"}]}, "segments"),
    ("one segment for half a day", {"segments": [DAY]}, "segments"),
    ("no segments", {"segments": []}, "segments"),
    ("a base rate beside a whole day", {**RATE, "segments": [DAY, NIGHT]}, "price_per_unit"),
    ("flat and units", {"segments": [DAY, {**NIGHT, "price_per_unit": 1}]}, "segments[1].price_per_unit"),
    ("flat and cap", {"segments": [DAY, {**NIGHT, "cap": 3}]}, "segments[1].cap"),
    (
        "a segment without price",
        {"segments": [DAY, {"from": "20:00", "to": "08:00"}]},
        "segments[1].price_per_unit",
    ),
    ("no such time", {"segments": [{**DAY, "to": "20:60"}, NIGHT]}, "segments[0].to"),
    ("a time that is a number", {"segments": [{**DAY, "to": 1200}, NIGHT]}, "segments[0].to"),
    (
        "a holiday price without holidays",
        {"segments": [{**DAY, "price_per_unit_holiday": 2}, NIGHT]},
        "segments[0].price_per_unit_holiday",
    ),
    ("slabs and units", {**RATE, "slabs": [{"price": 5}]}, "slabs"),
    ("slabs and segments", {"segments": [DAY, NIGHT], "slabs": [{"price": 5}]}, "slabs"),
    ("a slab that ends", {"slabs": [{"upto_minutes": 60, "price": 5}]}, "slabs[0].upto_minutes"),
    (
        "slabs out of order",
        {"slabs": [{"upto_minutes": 60, "price": 5}, {"upto_minutes": 60, "price": 6}, {"price": 7}]},
        "slabs[1].upto_minutes",
    ),
    (
        "a longer stay that costs less",
        {"slabs": [{"upto_minutes": 60, "price": 5}, {"price": 4}]},
        "slabs[1].price",
    ),
    (
        "a restart after the last slab",
        {"slabs": [{"upto_minutes": 60, "price": 5}], "restart_after_minutes": 90},
        "restart_after_minutes",
    ),
    (
        "a restart before the last slab",
        {"slabs": [{"upto_minutes": 60, "price": 5}, {"price": 6}], "restart_after_minutes": 60},
        "restart_after_minutes",
    ),
    ("a restart without slabs", {**RATE, "restart_after_minutes": 60}, "restart_after_minutes"),
    ("slabs cut at midnight", {"slabs": [{"price": 5}], "cap_24h": 9, "cap_basis": "calendar"}, "cap_basis"),
    ("a discount above one", {**RATE, "discount": {"nev": 1.5}}, "discount.nev"),
    ("tiers and discount", {**RATE, "discount": {"nev": 0.5}, "nev_tiers": [{"factor": 1}]}, "nev_tiers"),
    (
        "a last tier with a bound",
        {**RATE, "nev_tiers": [{"upto_minutes": 60, "factor": 1}]},
        "nev_tiers[0].upto_minutes",
    ),
    (
        "tiers out of order",
        {
            **RATE,
            "nev_tiers": [
                {"upto_minutes": 60, "factor": 0},
                {"upto_minutes": 30, "factor": 0.5},
                {"factor": 1},
            ],
        },
        "nev_tiers[1].upto_minutes",
    ),
    ("free for ever", {**RATE, "free_minutes": 1440, "free_in_later_windows": True}, "free_in_later_windows"),
    (
        "windows from the permit's end in a stay billed from entry",
        {**RATE, "permit_end": {"bill_from": "entry", "window_starts_at": "permit_end"}},
        "permit_end.window_starts_at",
    ),
    ("a day cap of nought", {**RATE, "cap_24h": 0}, "cap_24h"),
    ("rounding to nought", {**RATE, "round_to": 0}, "round_to"),
    (
        "a waiver mode that is none",
        {**RATE, "charging_waiver": {"min_kwh": 5, "minutes": 60, "mode": "x"}},
        "charging_waiver.mode",
    ),
    ("a class that is free of factor", {**RATE, "class_multiplier": {"large": 0}}, "class_multiplier.large"),
    ("no date", {**RATE, "holidays": ["2026-02-30"]}, "holidays[0]"),
]


@pytest.mark.parametrize(
    ("document", "place"), [(d, p) for _, d, p in REFUSED], ids=[name for name, _, _ in REFUSED]
)
def test_a_price_list_that_cannot_be_is_refused_with_its_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(PriceListRefused) as refused:
        read_tariff(document)
    problems = refused.value.facts["problems"]
    assert isinstance(problems, list)
    assert place in [problem["place"] for problem in problems]


def test_every_place_is_named_not_only_the_first() -> None:
    with pytest.raises(PriceListRefused) as refused:
        read_tariff({**RATE, "cap_24h": 0, "round_to": -1, "colour": "red"})
    assert len(refused.value.facts["problems"]) == 3  # type: ignore[arg-type]


def test_an_amount_is_read_as_it_was_written_not_as_a_binary_float() -> None:
    assert read_tariff({**RATE, "price_per_unit": 0.29}).rate.price_fen == 29  # type: ignore[union-attr]
    assert read_tariff({**RATE, "price_per_unit": "1.1"}).rate.price_fen == 110  # type: ignore[union-attr]
