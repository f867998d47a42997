"""The pure rules of charging: fees, metering, moments, transaction table, authorising, obeying the board."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.rules.authorise import TagFacts, may_stop, tag_status
from charging.rules.fees import Band, EnergyTariff, IdleFee, Reading, bands_wrong, charge_fee, energy_by_band
from charging.rules.metering import Meter, Outlet, advance_meter, settle_meter, start_meter
from charging.rules.moments import read_moment
from charging.rules.obeying import OutletState, Step, steps_to_obey
from charging.rules.sampled_values import read_sample
from charging.rules.transaction import (
    TRANSITIONS,
    Evidence,
    TransactionConflict,
    TransactionEvent,
    TransactionState,
    advance,
    is_over,
)
from facility.board import Duty
from facility.units import SHANGHAI

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
TARIFF = EnergyTariff(
    name="t",
    bands=(
        Band(name="valley", from_minute=0, to_minute=480, energy_price=3139, service_price=4000),
        Band(name="peak", from_minute=480, to_minute=660, energy_price=11002, service_price=4000),
        Band(name="flat", from_minute=660, to_minute=1020, energy_price=6585, service_price=4000),
        Band(name="peak", from_minute=1020, to_minute=1320, energy_price=11002, service_price=4000),
        Band(name="flat", from_minute=1320, to_minute=1440, energy_price=6585, service_price=4000),
    ),
    idle=IdleFee(grace=timedelta(minutes=30), fen_per_minute=20, cap_fen=6000),
)


def _reading(minutes: float, wh: int) -> Reading:
    return Reading(at=NOON + timedelta(minutes=minutes), delivered_wh=wh)


def test_ten_kwh_in_one_band_cost_energy_and_service() -> None:
    fee = charge_fee([_reading(0, 0), _reading(60, 10_000)], TARIFF, SHANGHAI)
    assert [(line.kind, line.band, line.fee_fen) for line in fee.lines] == [
        ("energy", "flat", 659),  # 10 kWh at 0.6585 yuan is 6.585 yuan: half up
        ("service", "flat", 400),
    ]
    assert fee.total_fen == 1059


def test_energy_is_cut_at_the_bound_between_two_bands() -> None:
    start = NOON + timedelta(hours=4, minutes=30)  # 16:30, half an hour before the evening peak
    readings = [
        Reading(at=start, delivered_wh=0),
        Reading(at=start + timedelta(hours=1), delivered_wh=7000),
    ]
    assert energy_by_band(readings, TARIFF, SHANGHAI) == {"flat": 3500, "peak": 3500}


def test_a_charge_over_midnight_and_a_day_is_cut_at_every_bound() -> None:
    start = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30
    readings = [
        Reading(at=start, delivered_wh=0),
        Reading(at=start + timedelta(hours=24), delivered_wh=24_000),
    ]
    assert energy_by_band(readings, TARIFF, SHANGHAI) == {"flat": 8000, "valley": 8000, "peak": 8000}


def test_idle_minutes_begin_after_the_grace_and_stop_at_the_cap() -> None:
    def fen(minutes: float) -> int:
        ended = NOON + timedelta(minutes=10)
        readings = [_reading(0, 0), _reading(10, 1000)]
        fee = charge_fee(readings, TARIFF, SHANGHAI, ended, ended + timedelta(minutes=minutes))
        return fee.part_fen("idle")

    assert [fen(m) for m in (0, 30, 30.01, 31, 31.5, 90, 10_000)] == [0, 0, 20, 20, 40, 1200, 6000]


def test_readings_that_run_backwards_are_an_error() -> None:
    with pytest.raises(ValueError, match="backwards"):
        energy_by_band([_reading(0, 100), _reading(1, 50)], TARIFF, SHANGHAI)


_steps = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 20_000)), min_size=1, max_size=12)


def _readings(steps: list[tuple[int, int]]) -> list[Reading]:
    readings = [_reading(0, 0)]
    for minutes, wh in steps:
        last = readings[-1]
        readings.append(Reading(at=last.at + timedelta(minutes=minutes), delivered_wh=last.delivered_wh + wh))
    return readings


@given(_steps)
def test_no_watt_hour_is_lost_or_made_between_bands(steps: list[tuple[int, int]]) -> None:
    readings = _readings(steps)
    shares = energy_by_band(readings, TARIFF, SHANGHAI)
    assert sum(shares.values()) == readings[-1].delivered_wh
    assert all(wh >= 0 for wh in shares.values())


@given(_steps, st.integers(0, 5000), st.integers(0, 300))
def test_more_energy_or_a_longer_stay_never_costs_less(
    steps: list[tuple[int, int]], more_wh: int, minutes: int
) -> None:
    readings = _readings(steps)
    ended = readings[-1].at
    longer = [*readings, Reading(at=ended, delivered_wh=readings[-1].delivered_wh + more_wh)]
    small = charge_fee(readings, TARIFF, SHANGHAI, ended, ended)
    large = charge_fee(longer, TARIFF, SHANGHAI, ended, ended + timedelta(minutes=minutes))
    assert large.total_fen >= small.total_fen >= 0
    assert large.total_fen == sum(line.fee_fen for line in large.lines)


def test_a_price_list_with_a_hole_an_overlap_or_two_prices_is_found_wrong() -> None:
    def band(start: int, end: int, price: int = 1, name: str = "a") -> Band:
        return Band(name=name, from_minute=start, to_minute=end, energy_price=price, service_price=0)

    assert bands_wrong(TARIFF.bands) is None
    assert bands_wrong([band(0, 700), band(720, 1440)]) is not None
    assert bands_wrong([band(0, 800), band(720, 1440)]) is not None
    assert bands_wrong([band(0, 700)]) is not None
    assert bands_wrong([]) is not None
    assert bands_wrong([band(0, 700, 1), band(700, 1440, 2)]) is not None
    assert bands_wrong([band(0, 1440, -1)]) is not None


def test_phases_are_summed_where_no_total_is_sent_and_kw_become_w() -> None:
    sample = read_sample(
        [
            {"measurand": "Power.Active.Import", "unit": "kW", "value": "1.1", "phase": "L1"},
            {"measurand": "Power.Active.Import", "unit": "kW", "value": "2.2", "phase": "L2"},
            {"measurand": "Current.Import", "unit": "A", "value": "16.05", "phase": "L3"},
            {"value": "12345"},
            {"measurand": "Temperature", "unit": "Celcius", "value": "-3.5"},
            {"measurand": "Frequency", "value": "50.01"},
            {"value": "7.5", "unitOfMeasure": {"unit": "Wh", "multiplier": 3}, "phase": "N"},
        ]
    )
    assert (sample.power_w, sample.current_ma, sample.temperature_dc) == (3300, (None, None, 16050), -35)
    assert sample.register_wh == 7500
    assert [other["measurand"] for other in sample.others] == ["Frequency"]
    assert sample.quarantined == ()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["value", "measurand", "unit", "phase", "context", "unitOfMeasure", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_reading_a_sample_never_fails_and_never_gives_what_a_column_cannot_hold(values: object) -> None:
    sample = read_sample(values)
    numbers = [sample.register_wh, sample.power_w, sample.offered_w, sample.soc_pct, *sample.current_ma]
    assert all(number is None or abs(number) <= 2_000_000_000 for number in numbers)


@given(
    st.lists(st.tuples(st.integers(0, 3600), st.integers(-10, 3_000_000)), max_size=30),
    st.integers(0, 2_000_000),
)
def test_the_energy_of_a_transaction_never_falls_and_never_outruns_the_outlet(
    samples: list[tuple[int, int]], start_wh: int
) -> None:
    outlet = Outlet(max_w=60_000)
    meter, at, spent_s = start_meter(start_wh, NOON), NOON, 0
    for seconds, register_wh in samples:
        at += timedelta(seconds=seconds)
        spent_s += seconds
        before = meter.delivered_wh
        meter, _ = advance_meter(meter, register_wh, at, outlet)
        assert meter.delivered_wh >= before >= 0
    assert meter.delivered_wh <= outlet.max_w * spent_s // 3600 + 1000 * (len(samples) + 1)


def test_a_leap_is_believed_only_when_a_second_reading_confirms_it_and_is_never_billed() -> None:
    outlet = Outlet(max_w=7000)
    meter = start_meter(0, NOON)
    meter, odd = advance_meter(meter, 5_000_000, NOON + timedelta(minutes=1), outlet)
    assert (odd, meter.delivered_wh) == ("jump", 0)
    meter, odd = advance_meter(meter, 5_000_100, NOON + timedelta(minutes=2), outlet)
    assert (odd, meter.delivered_wh) == ("rebased", 100)
    meter, odd = advance_meter(meter, 5_000_200, NOON + timedelta(minutes=3), outlet)
    assert (odd, meter.delivered_wh) == (None, 200)


def test_without_a_believable_clock_only_the_most_a_car_takes_bounds_the_energy() -> None:
    meter = start_meter(0, NOON)
    assert settle_meter(meter, 0, 40_000, None, Outlet()).delivered_wh == 40_000
    assert settle_meter(meter, 0, 40_000, NOON, Outlet()).flags == ("jump",)
    assert settle_meter(meter, 0, 900_000, None, Outlet(max_w=10**9)).delivered_wh == 0


def test_a_stop_without_a_register_bills_what_was_sampled() -> None:
    meter = Meter(segment_wh=0, register_wh=700, read_at=NOON)
    assert settle_meter(meter, 0, None, NOON, Outlet()).delivered_wh == 700


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-02T04:00:00Z", 4),
        ("2026-03-02T12:00:00+08:00", 4),
        ("2026-03-02 04:00", 4),
        ("2026-03-02T12:00:00,5+0800", 4),
        ("2026-03-02T04:00:00.1234567890Z", 4),
        ("2026-03-02T12:00:00", 4),
    ],
)
def test_timestamps_are_read_in_every_way_chargers_write_them(text: str, hour: int) -> None:
    moment = read_moment(text, NOON)
    assert moment.at.replace(microsecond=0) == NOON
    assert moment.at.hour == hour


@given(_json | st.text(max_size=40) | st.datetimes().map(str))
def test_reading_a_moment_never_fails_and_is_never_ahead_of_receipt_by_much(raw: object) -> None:
    moment = read_moment(raw, NOON)
    assert moment.at <= NOON + timedelta(minutes=10)
    assert moment.at.tzinfo is not None


@pytest.mark.parametrize(("state", "event"), list(product(TransactionState, TransactionEvent)))
def test_every_pair_outside_the_table_raises(state: TransactionState, event: TransactionEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) == TRANSITIONS[state, event]
    else:
        with pytest.raises(TransactionConflict):
            advance(state, event)


def test_an_ended_transaction_never_moves_again() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] == TransactionState.ENDED]


def test_evidence_counts_only_without_a_later_sign_of_life() -> None:
    later = NOON + timedelta(minutes=6)
    assert is_over(Evidence.BOOT, NOON, NOON - timedelta(minutes=1), later)
    assert not is_over(Evidence.BOOT, NOON, NOON + timedelta(minutes=1), later)
    assert not is_over(Evidence.BOOT, NOON, NOON, NOON + timedelta(minutes=1))


def test_a_tag_is_judged_by_status_then_expiry_then_use_elsewhere() -> None:
    fresh = TagFacts(status="Accepted", expires_at=None, parent_tag=None)
    old = TagFacts(status="Accepted", expires_at=NOON, parent_tag=None)
    assert tag_status(None, NOON, False) == "Invalid"
    assert tag_status(fresh, NOON, False) == "Accepted"
    assert tag_status(old, NOON, True) == "Expired"
    assert tag_status(fresh, NOON, True) == "ConcurrentTx"
    assert tag_status(TagFacts(status="Blocked", expires_at=NOON, parent_tag=None), NOON, True) == "Blocked"


def test_a_transaction_is_stopped_by_its_own_tag_or_its_group() -> None:
    assert may_stop("abc", None, "ABC", None)
    assert may_stop("abc", "Fleet", "xyz", "FLEET")
    assert not may_stop("abc", None, "xyz", None)
    assert not may_stop("abc", "Fleet", "xyz", "other")


def _outlet(**more: object) -> OutletState:
    facts: dict[str, object] = {
        "is_charging": False, "availability": "operative", "status": "Available", "asked_at": {}
    }  # fmt: skip
    return OutletState(**(facts | more))  # type: ignore[arg-type]


def test_a_locked_out_outlet_is_stopped_and_taken_out_and_asked_again_until_it_obeys() -> None:
    charging = _outlet(is_charging=True, status="Charging")
    assert steps_to_obey(Duty.OUT, charging, NOON) == (Step.RAMP_DOWN, Step.STOP, Step.TAKE_OUT)
    asked = _outlet(asked_at={Step.TAKE_OUT: NOON})
    assert steps_to_obey(Duty.OUT, asked, NOON + timedelta(seconds=29)) == ()
    assert steps_to_obey(Duty.OUT, asked, NOON + timedelta(seconds=30)) == (Step.TAKE_OUT,)
    assert steps_to_obey(Duty.OUT, _outlet(availability="inoperative", status="Unavailable"), NOON) == ()
    assert steps_to_obey(Duty.OUT, _outlet(availability="inoperative"), NOON) == (Step.TAKE_OUT,)


def test_an_outlet_without_a_lockout_is_let_serve_and_then_left_alone() -> None:
    assert steps_to_obey(Duty.SERVING, _outlet(availability="inoperative"), NOON) == (Step.LET_SERVE,)
    assert steps_to_obey(Duty.SERVING, _outlet(is_charging=True, status="Charging"), NOON) == ()
