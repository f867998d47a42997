"""What must hold of every fee, whatever the price list and the stay."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from facility.units import Fen
from gateway.parking.rules.tariff import Tariff
from gateway.parking.rules.tariff_fee import parking_fee, rounded_half_up
from gateway.parking.rules.tariff_settlement import settlement
from gateway.parking.rules.tariff_stay import Coupon, LineKind, Payment, PricedStay
from gateway.parking.rules.tariff_text import line_text
from tests.gateway.tariff_lists import durations, stays, tariffs

many = settings(max_examples=120, deadline=None)


@many
@given(tariffs, stays(), durations, durations)
def test_a_longer_stay_never_costs_less(
    tariff: Tariff, stay: PricedStay, first: timedelta, more: timedelta
) -> None:
    shorter = parking_fee(stay, stay.entered_at + first, tariff)
    longer = parking_fee(stay, stay.entered_at + first + more, tariff)
    assert shorter.total_fen <= longer.total_fen


@many
@given(tariffs, stays(), durations)
def test_the_lines_add_up_to_a_fee_that_is_never_negative(
    tariff: Tariff, stay: PricedStay, lasted: timedelta
) -> None:
    fee = parking_fee(stay, stay.entered_at + lasted, tariff)
    assert sum(line.fen for line in fee.lines) == fee.total_fen
    assert fee.total_fen >= 0
    assert fee.of_kind(LineKind.PARKING) + fee.of_kind(LineKind.COUPON) >= 0


@many
@given(tariffs, stays(), durations)
def test_every_line_lies_inside_the_stay_and_can_be_read(
    tariff: Tariff, stay: PricedStay, lasted: timedelta
) -> None:
    left_at = stay.entered_at + lasted
    for line in parking_fee(stay, left_at, tariff).lines:
        assert stay.entered_at <= line.start_at <= line.end_at <= left_at
        assert line_text(line, "zh")
        assert "{" not in line_text(line, "en")


@many
@given(tariffs, stays(), durations)
def test_every_second_of_parking_stands_on_one_line(
    tariff: Tariff, stay: PricedStay, lasted: timedelta
) -> None:
    fee = parking_fee(replace(stay, charged=(), coupons=()), stay.entered_at + lasted, tariff)
    whole = [line for line in fee.lines if line.rule not in {"nev_discount", "rounding"}]
    assert sum((line.end_at - line.start_at for line in whole), timedelta()) == lasted


@many
@given(tariffs, stays(), durations, st.sampled_from([(60, 0), (0, 300), (500, 100_000)]))
def test_a_coupon_never_makes_a_stay_dearer(
    tariff: Tariff, stay: PricedStay, lasted: timedelta, worth: tuple[int, int]
) -> None:
    coupon = Coupon(coupon_id="shop", off=timedelta(minutes=worth[0]), off_fen=Fen(worth[1]))
    left_at = stay.entered_at + lasted
    plain = replace(stay, coupons=())
    with_coupon = replace(stay, coupons=(coupon,))
    if not (tariff.nev_tiers and stay.vehicle.is_nev):  # time off the front moves the bounds of the tiers
        assert (
            parking_fee(with_coupon, left_at, tariff).total_fen
            <= parking_fee(plain, left_at, tariff).total_fen
        )


@many
@given(tariffs, stays(), durations, durations, durations)
def test_paying_what_is_due_settles_the_stay_and_paying_again_is_overpaid(
    tariff: Tariff, stay: PricedStay, first: timedelta, second: timedelta, third: timedelta
) -> None:
    moments = sorted(stay.entered_at + after for after in (first, second, third))
    made: tuple[Payment, ...] = ()
    for moment in moments:
        due = settlement(stay, moment, tariff, made).due_fen
        made = (*made, Payment(paid_at=moment, amount_fen=due))
        settled = settlement(stay, moment, tariff, made)
        assert settled.due_fen == 0
        assert settled.overpaid_fen == 0
    paid = sum(one.amount_fen for one in made)
    again = settlement(stay, moments[-1], tariff, (*made, Payment(paid_at=moments[-1], amount_fen=Fen(700))))
    assert (again.due_fen, again.overpaid_fen) == (0, 700)
    assert settlement(stay, moments[-1], tariff, made).paid_fen == paid


@given(st.integers(0, 10**6), st.integers(1, 50), st.sampled_from([1, 10, 100]))
def test_rounding_goes_to_the_nearest_multiple_halves_up(numerator: int, denominator: int, step: int) -> None:
    rounded = rounded_half_up(numerator, denominator, step)
    assert rounded % step == 0
    assert -step * denominator <= 2 * (rounded * denominator - numerator) * 1 <= step * denominator
    assert 2 * (rounded * denominator - numerator) != -step * denominator
