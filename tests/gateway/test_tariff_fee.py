"""Fees worked out by hand, one rule of the price-list vocabulary after the other."""

from datetime import timedelta

from facility.units import Fen
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_fee import parking_fee
from gateway.parking.rules.tariff_settlement import settlement
from gateway.parking.rules.tariff_stay import (
    Charged,
    Coupon,
    LineKind,
    Payment,
    PricedStay,
    Span,
    Vehicle,
)
from gateway.parking.rules.tariff_text import line_text
from tests.gateway.tariff_lists import DAY_NIGHT, at, hourly, listed

NEV = Vehicle(is_nev=True)
LARGE = Vehicle(vehicle_class="large")


def fen(entry: str, left: str, tariff: Tariff, **facts: object) -> int:
    stay = PricedStay(entered_at=at(entry), **facts)  # type: ignore[arg-type]
    return parking_fee(stay, at(left), tariff).total_fen


def charged(start: str, end: str | None, left: str | None = None, wh: int = 20_000) -> tuple[Charged, ...]:
    ended_at, left_at = (None if text is None else at(text) for text in (end, left))
    return (Charged(started_at=at(start), energy_wh=wh, ended_at=ended_at, left_bay_at=left_at),)


def span(start: str, end: str) -> tuple[Span, ...]:
    return (Span(start_at=at(start), end_at=at(end)),)


def test_free_time_is_inclusive_and_a_longer_stay_is_billed_from_entry() -> None:
    tariff = hourly(free_minutes=30)
    assert fen("2026-03-02 09:00", "2026-03-02 09:30:00", tariff) == 0
    assert fen("2026-03-02 09:00", "2026-03-02 09:30:01", tariff) == 400


def test_deducted_free_time_comes_off_the_front_where_the_price_of_the_front_counts() -> None:
    tariff = listed(
        free_minutes=60,
        free_mode="deduct",
        segments=[
            {"from": "08:00", "to": "10:00", "unit_minutes": 60, "price_per_unit": 10},
            {"from": "10:00", "to": "08:00", "unit_minutes": 60, "price_per_unit": 1},
        ],
    )
    assert fen("2026-03-02 09:00", "2026-03-02 12:00", tariff) == 200


def test_free_time_is_given_again_in_a_later_window_only_where_the_list_says_so() -> None:
    once = hourly(free_minutes=30, cap_24h=20)
    again = hourly(free_minutes=30, cap_24h=20, free_in_later_windows=True)
    assert fen("2026-03-02 09:00", "2026-03-03 09:20", once) == 2200
    assert fen("2026-03-02 09:00", "2026-03-03 09:20", again) == 2000
    assert fen("2026-03-02 09:00", "2026-03-03 09:31", again) == 2400
    taken_off = hourly(free_minutes=30, free_mode="deduct", cap_24h=20, free_in_later_windows=True)
    assert fen("2026-03-02 09:00", "2026-03-03 10:01", taken_off) == 2400


def test_a_piece_is_rounded_up_on_each_side_of_a_bound() -> None:
    assert fen("2026-03-02 19:50", "2026-03-02 20:10", listed(**DAY_NIGHT)) == 200


def test_a_night_cap_holds_for_one_night_inside_one_window() -> None:
    tariff = listed(**{**DAY_NIGHT, "cap_24h": 100})
    # 21:00-08:00 capped 5, 08:00-20:00 24, 20:00-21:00 2, then a new window 21:00-23:00 4
    assert fen("2026-03-02 21:00", "2026-03-03 23:00", tariff) == 500 + 2400 + 200 + 400


def test_without_a_day_cap_one_night_is_one_occurrence() -> None:
    tariff = listed(segments=DAY_NIGHT["segments"])
    assert fen("2026-03-02 21:00", "2026-03-03 23:00", tariff) == 500 + 2400 + 500


def test_a_calendar_cap_starts_again_at_midnight() -> None:
    tariff = hourly(cap_24h=15, cap_basis="calendar")
    assert fen("2026-03-02 23:00", "2026-03-03 23:00", tariff) == 400 + 1500


def test_a_flat_part_costs_once_an_occurrence_even_across_midnight() -> None:
    tariff = listed(
        segments=[
            {"from": "08:00", "to": "22:00", "unit_minutes": 60, "price_per_unit": 3},
            {"from": "22:00", "to": "08:00", "flat": 8},
        ],
        cap_24h=60,
        cap_basis="calendar",
    )
    assert fen("2026-03-02 21:30", "2026-03-03 07:00", tariff) == 300 + 800
    assert fen("2026-03-02 23:59", "2026-03-03 00:01", tariff) == 800
    assert fen("2026-03-02 22:30", "2026-03-04 07:00", tariff) == 800 + 14 * 300 + 800


def test_a_holiday_price_holds_on_the_date_of_the_holiday() -> None:
    tariff = listed(
        holidays=["2026-05-01"],
        segments=[
            {
                "from": "08:00",
                "to": "20:00",
                "unit_minutes": 60,
                "price_per_unit": 4,
                "price_per_unit_holiday": 6,
            },
            {
                "from": "20:00",
                "to": "08:00",
                "unit_minutes": 60,
                "price_per_unit": 1,
                "price_per_unit_holiday": 2,
            },
        ],
    )
    assert fen("2026-04-30 22:30", "2026-05-01 09:00", tariff) == 2 * 100 + 8 * 200 + 600
    assert fen("2026-05-01 22:30", "2026-05-02 01:30", tariff) == 2 * 200 + 2 * 100
    assert fen("2026-05-02 22:30", "2026-05-03 01:30", tariff) == 3 * 100


def test_the_base_rate_fills_what_the_segments_leave_open() -> None:
    tariff = listed(unit_minutes=60, price_per_unit=5, segments=[{"from": "20:00", "to": "08:00", "flat": 6}])
    assert fen("2026-03-02 18:30", "2026-03-03 09:00", tariff) == 2 * 500 + 600 + 500


def test_a_slab_is_one_price_by_length_and_starts_again_without_free_time() -> None:
    slabs = [
        {"upto_minutes": 120, "price": 5},
        {"upto_minutes": 480, "price": 12},
        {"upto_minutes": 1440, "price": 20},
    ]
    tariff = listed(free_minutes=30, slabs=slabs, restart_after_minutes=1440)
    assert fen("2026-03-02 09:00", "2026-03-02 09:30", tariff) == 0
    assert fen("2026-03-02 09:00", "2026-03-02 11:00", tariff) == 500
    assert fen("2026-03-02 09:00", "2026-03-02 11:00:01", tariff) == 1200
    assert fen("2026-03-02 09:00", "2026-03-03 09:00", tariff) == 2000
    assert fen("2026-03-02 09:00", "2026-03-03 09:10", tariff) == 2500
    early = listed(slabs=slabs, restart_after_minutes=600)
    assert fen("2026-03-02 09:00", "2026-03-02 19:01", early) == 2000 + 500


def test_an_open_last_slab_needs_no_restart() -> None:
    tariff = listed(slabs=[{"upto_minutes": 60, "price": 4}, {"price": 9}])
    assert fen("2026-03-02 09:00", "2026-03-09 09:00", tariff) == 900


def test_new_energy_vehicles_pay_their_factor_of_the_sum_and_halves_go_up() -> None:
    tariff = listed(unit_minutes=30, price_per_unit=1.5, discount={"nev": 0.5}, round_to=1)
    assert fen("2026-04-14 14:00", "2026-04-14 16:50", tariff, vehicle=NEV) == 500
    assert fen("2026-04-14 14:00", "2026-04-14 16:50", tariff) == 900
    third = listed(unit_minutes=30, price_per_unit=0.05, discount={"nev": 0.5})
    assert fen("2026-04-14 14:00", "2026-04-14 14:01", third, vehicle=NEV) == 3


def test_the_first_stay_of_a_date_has_its_own_free_time_for_new_energy_plates() -> None:
    tariff = hourly(free_minutes=15, nev_first_stay_free_minutes=120)
    window = ("2026-03-02 09:00", "2026-03-02 11:00")
    assert fen(*window, tariff, vehicle=NEV) == 0
    assert fen(*window, tariff, vehicle=NEV, is_first_of_date=False) == 800
    assert fen(*window, tariff) == 800


def test_tiers_split_the_billable_minutes_and_round_each_part_up() -> None:
    tiers = [{"upto_minutes": 60, "factor": 0}, {"upto_minutes": 135, "factor": 0.5}, {"factor": 1}]
    tariff = hourly(nev_tiers=tiers)
    # 60 min free of charge, 75 min = 3 units at half, 5 min = 1 unit
    assert fen("2026-03-02 09:00", "2026-03-02 11:20", tariff, vehicle=NEV) == 300 + 200
    assert fen("2026-03-02 09:00", "2026-03-02 11:20", tariff) == 1000


def test_a_tier_factor_comes_after_the_day_cap() -> None:
    tariff = hourly(nev_tiers=[{"upto_minutes": 60, "factor": 0.5}, {"factor": 1}], cap_24h=10)
    assert fen("2026-03-02 09:00", "2026-03-02 19:00", tariff, vehicle=NEV) == 200 + 600


def test_charging_time_is_taken_out_and_the_rest_of_a_piece_rounds_up_once() -> None:
    tariff = hourly(charging_time_exempt=True)
    power = charged("2026-03-02 09:10", "2026-03-02 10:50")
    assert fen("2026-03-02 09:00", "2026-03-02 11:10", tariff, charged=power) == 200
    flowing = charged("2026-03-02 09:10", None)
    assert fen("2026-03-02 09:00", "2026-03-02 11:10", tariff, charged=flowing) == 200


def test_free_time_is_measured_after_exempt_time() -> None:
    tariff = hourly(charging_time_exempt=True, free_minutes=30)
    power = charged("2026-03-02 09:10", "2026-03-02 10:50")
    assert fen("2026-03-02 09:00", "2026-03-02 11:10", tariff, charged=power) == 0


def test_a_waiver_needs_its_energy_and_takes_its_minutes_off() -> None:
    tariff = hourly(charging_waiver={"min_kwh": 5, "minutes": 120, "mode": "deduct"})
    window = ("2026-03-02 09:00", "2026-03-02 12:20")
    assert fen(*window, tariff, charged=charged("2026-03-02 09:10", "2026-03-02 10:50", wh=5000)) == 600
    assert fen(*window, tariff, charged=charged("2026-03-02 09:10", "2026-03-02 10:50", wh=4999)) == 1400


def test_the_idle_fee_is_its_own_line_from_the_end_of_its_grace() -> None:
    tariff = hourly(idle_fee={"grace_minutes": 30, "price_per_minute": 1})
    power = charged("2026-03-02 09:10", "2026-03-02 10:00", "2026-03-02 10:30:01")
    stay = PricedStay(entered_at=at("2026-03-02 09:00"), charged=power)
    fee = parking_fee(stay, at("2026-03-02 11:00"), tariff)
    assert (fee.of_kind(LineKind.PARKING), fee.of_kind(LineKind.IDLE)) == (800, 100)
    on_time = charged("2026-03-02 09:10", "2026-03-02 10:00", "2026-03-02 10:30")
    assert fen("2026-03-02 09:00", "2026-03-02 11:00", tariff, charged=on_time) == 800
    still_there = charged("2026-03-02 09:10", "2026-03-02 10:00")
    assert fen("2026-03-02 09:00", "2026-03-02 11:00", tariff, charged=still_there) == 800 + 3000


def test_a_class_multiplies_prices_and_caps() -> None:
    tariff = hourly(cap_24h=20, class_multiplier={"large": 1.5})
    assert fen("2026-03-02 09:00", "2026-03-02 10:00", tariff, vehicle=LARGE) == 600
    assert fen("2026-03-02 09:00", "2026-03-02 20:00", tariff, vehicle=LARGE) == 3000
    assert fen("2026-03-02 09:00", "2026-03-02 20:00", tariff) == 2000


def test_a_permit_that_ends_leaves_the_rest_billed_with_its_own_free_time() -> None:
    rest = {"bill_from": "permit_end", "free_minutes": 30, "window_starts_at": "permit_end"}
    tariff = hourly(free_minutes=15, cap_24h=20, permit_end=rest)
    permit = span("2026-02-01 00:00", "2026-04-01 00:00")
    assert fen("2026-03-31 20:00", "2026-03-31 23:00", tariff, permit_spans=permit) == 0
    assert fen("2026-03-31 20:00", "2026-04-01 00:30", tariff, permit_spans=permit) == 0
    assert fen("2026-03-31 20:00", "2026-04-01 01:01", tariff, permit_spans=permit) == 600
    assert fen("2026-03-31 20:00", "2026-04-02 00:00", tariff, permit_spans=permit) == 2000


def test_windows_may_go_on_counting_from_entry_when_a_permit_ends() -> None:
    rest = {"bill_from": "permit_end", "free_minutes": 0, "window_starts_at": "entry"}
    tariff = hourly(cap_24h=20, permit_end=rest)
    permit = span("2026-02-01 00:00", "2026-04-01 00:00")
    # 00:00-20:00 is the rest of the first window, 20:00-24:00 begins the second
    assert fen("2026-03-31 20:00", "2026-04-02 00:00", tariff, permit_spans=permit) == 2000 + 1600


def test_a_stay_may_be_billed_from_entry_when_its_permit_ends() -> None:
    tariff = hourly(permit_end={"bill_from": "entry"})
    permit = span("2026-02-01 00:00", "2026-04-01 00:00")
    assert fen("2026-03-31 23:00", "2026-03-31 23:59", tariff, permit_spans=permit) == 0
    assert fen("2026-03-31 23:00", "2026-04-01 01:00", tariff, permit_spans=permit) == 800


def test_a_permit_that_begins_during_a_stay_ends_the_billing() -> None:
    permit = span("2026-04-01 00:00", "2026-05-01 00:00")
    assert fen("2026-03-31 23:00", "2026-04-01 09:00", hourly(), permit_spans=permit) == 400


def test_coupons_take_minutes_off_the_stay_or_fen_off_its_parking_but_not_off_idling() -> None:
    minutes = (Coupon(coupon_id="a", off=timedelta(minutes=60)),)
    assert fen("2026-03-02 09:00", "2026-03-02 11:00", hourly(), coupons=minutes) == 400
    amount = (Coupon(coupon_id="b", off_fen=Fen(10_000)),)
    tariff = hourly(idle_fee={"grace_minutes": 0, "price_per_minute": 1})
    power = charged("2026-03-02 09:10", "2026-03-02 10:00", "2026-03-02 10:10")
    assert fen("2026-03-02 09:00", "2026-03-02 11:00", tariff, coupons=amount, charged=power) == 1000


def test_a_payment_that_covered_its_moment_gives_grace_and_a_later_exit_pays_the_difference() -> None:
    tariff = hourly(exit_grace_minutes=15)
    stay = PricedStay(entered_at=at("2026-03-02 09:00"))
    paid = (Payment(paid_at=at("2026-03-02 10:00"), amount_fen=Fen(400)),)
    within = settlement(stay, at("2026-03-02 10:15"), tariff, paid)
    assert (within.fee.total_fen, within.due_fen, within.grace_until_at) == (400, 0, at("2026-03-02 10:15"))
    late = settlement(stay, at("2026-03-02 10:15:01"), tariff, paid)
    assert (late.fee.total_fen, late.due_fen, late.grace_until_at) == (600, 200, None)


def test_a_payment_that_did_not_cover_its_moment_gives_no_grace() -> None:
    tariff = hourly(exit_grace_minutes=15)
    stay = PricedStay(entered_at=at("2026-03-02 09:00"))
    paid = (Payment(paid_at=at("2026-03-02 10:00"), amount_fen=Fen(399)),)
    settled = settlement(stay, at("2026-03-02 10:05"), tariff, paid)
    assert (settled.due_fen, settled.grace_until_at) == (201, None)


def test_a_line_says_what_was_charged_and_why() -> None:
    fee = parking_fee(
        PricedStay(entered_at=at("2026-03-02 18:40")), at("2026-03-03 09:25"), listed(**DAY_NIGHT)
    )
    assert [line_text(line, "zh") for line in fee.lines] == [
        "每30分钟 1.00元 × 3",
        "每30分钟 1.00元 × 24，本时段封顶 5.00元",
        "每30分钟 1.00元 × 3",
    ]
    assert (
        line_text(fee.lines[1], "en")
        == "24 x 1.00 yuan per started 30 min, at most 5.00 yuan for this part of the day"
    )
