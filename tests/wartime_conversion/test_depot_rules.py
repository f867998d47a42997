"""Slots, stacking and stock as rules."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facility.site import demonstration_site
from wartime_conversion.depot.catalogue import UnknownCategory, load_catalogue
from wartime_conversion.depot.issuing import ORDER_STEPS, OrderConflict, advance
from wartime_conversion.depot.layout import storage_slots
from wartime_conversion.rules.slots import bay_share, free_pallets, module_positions, placing, suggested_slots
from wartime_conversion.rules.stock import (
    OUTSIDE,
    QUARANTINE,
    Move,
    StockLot,
    StockShort,
    apply_move,
    first_expiry_first_out,
    rotation_alert,
    shelf_life_left,
    wants_recount,
)

CATALOGUE = load_catalogue()
SLOTS = storage_slots(demonstration_site(), CATALOGUE)
SPACING, LIMIT = CATALOGUE.spacing, CATALOGUE.limit_kn_m2
WATER, TENTS, MEDICAL = (CATALOGUE.category(name) for name in ("A1", "B1", "A3"))
TODAY = date(2026, 3, 2)


def lot(name: str, days: int | None, category: str = "A1") -> StockLot:
    expires = None if days is None else TODAY + timedelta(days=days)
    return StockLot(
        id=name, category=category, batch=name, made_on=TODAY - timedelta(days=100), expires_on=expires
    )


def test_a_module_of_three_bays_takes_twenty_pallets_and_the_unit_six_hundred() -> None:
    assert module_positions(8.1, 5.3, SPACING) == 20
    assert [bay_share(20, 3, place) for place in range(3)] == [6, 7, 7]
    assert (len(SLOTS), sum(slot.positions for slot in SLOTS.values())) == (90, 600)


@given(positions=st.integers(0, 60), bays=st.integers(1, 6))
def test_the_shares_of_a_modules_bays_add_up(positions: int, bays: int) -> None:
    assert sum(bay_share(positions, bays, place) for place in range(bays)) == positions


def test_water_fits_by_the_average_load_and_wants_an_engineer_for_the_local_one() -> None:
    slot = SLOTS["B1-002"]
    found = placing(slot, WATER, slot.positions, {}, SPACING, LIMIT)
    assert found.faults == ()
    assert found.needs_release
    assert round(found.local_kn_m2, 1) == round(880 * 9.81 / 1200, 1)
    assert found.average_kn_m2 < LIMIT


def test_blankets_stand_two_high_and_no_higher() -> None:
    slot = SLOTS["B1-002"]
    assert free_pallets(slot, TENTS, {}, SPACING) == 2 * slot.positions
    assert placing(slot, TENTS, 2 * slot.positions + 1, {}, SPACING, LIMIT).faults == ("no_room",)
    low = replace(slot, clear_height_m=1.0)
    assert placing(low, TENTS, 1, {}, SPACING, LIMIT).faults == ("too_high",)


def test_two_categories_do_not_share_a_slot_and_a_weak_floor_refuses() -> None:
    slot = SLOTS["B1-002"]
    assert placing(slot, WATER, 1, {"B1": 1}, SPACING, LIMIT).faults == ("other_category",)
    assert "floor_overloaded" in placing(slot, WATER, slot.positions, {}, SPACING, 1.0).faults


@settings(deadline=None, max_examples=40)
@given(
    pallets=st.integers(1, 300),
    taken=st.dictionaries(
        st.sampled_from(sorted(SLOTS)),
        st.dictionaries(st.sampled_from(["A1", "B1"]), st.integers(1, 5), max_size=1),
    ),
    category=st.sampled_from([WATER, TENTS, MEDICAL]),
)
def test_suggested_places_may_be_used_and_never_hold_more_than_asked(
    pallets: int, taken: dict[str, dict[str, int]], category: object
) -> None:
    kind = next(row for row in CATALOGUE.categories.values() if row is category)
    places = suggested_slots(SLOTS.values(), kind, pallets, taken, SPACING, LIMIT)
    assert sum(count for _, count in places) <= pallets
    for bay, count in places:
        assert placing(SLOTS[bay], kind, count, taken.get(bay, {}), SPACING, LIMIT).faults == ()


def test_slots_already_begun_come_first_then_the_nearest() -> None:
    nearest = min(SLOTS.values(), key=lambda slot: (slot.distance_m, slot.bay_id)).bay_id
    assert suggested_slots(SLOTS.values(), WATER, 1, {}, SPACING, LIMIT) == ((nearest, 1),)
    assert suggested_slots(SLOTS.values(), WATER, 1, {"B1-090": {"A1": 1}}, SPACING, LIMIT) == (
        ("B1-090", 1),
    )


def test_an_unknown_category_is_an_error() -> None:
    with pytest.raises(UnknownCategory):
        CATALOGUE.category("Z9")


moves = st.lists(
    st.builds(
        Move,
        lot=st.sampled_from(["a", "b"]),
        source=st.sampled_from([OUTSIDE, QUARANTINE, "B1-001", "B1-002"]),
        target=st.sampled_from([OUTSIDE, QUARANTINE, "B1-001", "B1-002"]),
        pallets=st.integers(-1, 5),
    ),
    max_size=30,
)


@given(moves=moves)
def test_stock_never_goes_negative_and_nothing_appears_from_nowhere(moves: list[Move]) -> None:
    balance: dict[tuple[str, str], int] = {}
    came = 0
    for move in moves:
        try:
            balance = apply_move(balance, move)
        except (StockShort, ValueError):
            continue
        came += move.pallets * ((move.source == OUTSIDE) - (move.target == OUTSIDE))
        assert all(pallets > 0 for pallets in balance.values())
        assert sum(balance.values()) == came


@given(
    stock=st.dictionaries(
        st.tuples(st.sampled_from(["p", "q", "r", "s"]), st.sampled_from(["B1-001", "B1-002", QUARANTINE])),
        st.integers(1, 9),
        max_size=8,
    ),
    wanted=st.integers(1, 40),
)
def test_what_expires_first_goes_first(stock: dict[tuple[str, str], int], wanted: int) -> None:
    lots = {"p": lot("p", 10), "q": lot("q", 200), "r": lot("r", None), "s": lot("s", -1)}
    usable = {key: count for key, count in stock.items() if key[0] != "s" and key[1] != QUARANTINE}
    if wanted > sum(usable.values()):
        with pytest.raises(StockShort):
            first_expiry_first_out(lots.values(), stock, "A1", wanted, TODAY)
        return
    picks = first_expiry_first_out(lots.values(), stock, "A1", wanted, TODAY)
    assert sum(pick.pallets for pick in picks) == wanted
    assert all(pick.pallets <= usable[pick.lot, pick.place] for pick in picks)
    for earlier, later in (("p", "q"), ("q", "r"), ("p", "r")):
        if any(pick.lot == later for pick in picks):
            taken = sum(pick.pallets for pick in picks if pick.lot == earlier)
            assert taken == sum(count for (name, _), count in usable.items() if name == earlier)


def test_shelf_life_and_rotation_alerts() -> None:
    assert shelf_life_left(lot("x", 200), TODAY) == pytest.approx(2 / 3)
    assert shelf_life_left(lot("x", None), TODAY) is None
    alerts = [
        rotation_alert(lot("x", days), TODAY, CATALOGUE.alert_days) for days in (181, 180, 90, 30, 0, -1)
    ]
    assert alerts == [None, 180, 90, 30, 30, 0]
    assert rotation_alert(lot("x", None), TODAY, CATALOGUE.alert_days) is None


@pytest.mark.parametrize(
    ("expected", "counted", "again"),
    [(10, 10, False), (10, 9, True), (300, 299, False), (300, 298, True), (0, 1, True)],
)
def test_a_count_far_from_the_ledger_is_counted_again(expected: int, counted: int, again: bool) -> None:
    assert wants_recount(expected, counted, over_pallets=1, over_share=0.005) is again


def test_every_step_of_an_order_outside_the_table_is_refused() -> None:
    states = ("requested", "approved", "picked", "issued", "refused")
    for state in states:
        for event in ("approve", "refuse", "pick", "load"):
            if (state, event) in ORDER_STEPS:
                assert advance(state, event) in states
            else:
                with pytest.raises(OrderConflict):
                    advance(state, event)
