"""Holding a charger to a limit: refused, one unit only, accepted but ignored."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from charging.charger_store import find_outlet
from charging.limits import Limit, hold_outlet
from charging.rules.ladder import Outcome, Rung, Tried, is_obeyed, limit_in, next_rung, rungs
from charging.rules.moments import moment_text
from charging.transaction_store import read_open
from facility.db import unit_of_work
from tests.charging.conftest import Yard

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_a_refused_charge_point_profile_falls_back_to_the_default_and_then_to_the_transactions_own() -> None:
    ladder = rungs(["A"], is_charging=True)
    tried: list[Tried] = []
    purposes = []
    while (rung := next_rung(ladder, tried)) is not None:
        purposes.append(rung.purpose)
        tried.append(Tried(rung=rung, outcome=Outcome.REFUSED))
    assert purposes == ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]


def test_a_charger_that_refuses_amperes_is_asked_in_watts_before_the_purpose_changes() -> None:
    ladder = rungs(["A", "W"], is_charging=False)
    refused = Tried(rung=Rung(purpose="ChargePointMaxProfile", unit="A"), outcome=Outcome.REFUSED)
    assert next_rung(ladder, [refused]) == Rung(purpose="ChargePointMaxProfile", unit="W")


def test_an_accepted_but_ignored_profile_counts_as_failed_and_an_accepted_one_is_kept() -> None:
    ladder = rungs(["A"], is_charging=True)
    first = ladder[0]
    assert next_rung(ladder, [Tried(rung=first, outcome=Outcome.ACCEPTED)]) == first
    assert next_rung(ladder, [Tried(rung=first, outcome=Outcome.IGNORED)]) == ladder[1]


def test_no_transaction_profile_without_a_transaction() -> None:
    assert "TxProfile" not in {rung.purpose for rung in rungs(["A", "W"], is_charging=False)}


@given(st.integers(0, 200_000), st.sampled_from([1, 3]))
def test_amperes_never_exceed_the_watts_they_stand_for(limit_w: int, phases: int) -> None:
    assert limit_in("A", limit_w, 220, phases) * 220 * phases <= limit_w
    assert limit_in("W", limit_w, 220, phases) == limit_w


def test_the_meter_says_whether_a_limit_is_obeyed_once_the_car_has_settled() -> None:
    def at(seconds: int) -> datetime:
        return NOW + timedelta(seconds=seconds)

    assert is_obeyed(3000, NOW, [(at(10), 7000)], at(30)) is None
    assert is_obeyed(3000, NOW, [(at(10), 7000)], at(90)) is None
    assert is_obeyed(3000, NOW, [(at(70), 3100), (at(80), 3300)], at(90)) is True
    assert is_obeyed(3000, NOW, [(at(70), 7000), (at(80), 7000)], at(90)) is False


async def test_a_limit_goes_down_the_ladder_by_the_chargers_answers_and_by_the_meter(yard: Yard) -> None:
    await yard.tag("TAG1")
    limit = Limit(limit_w=3520, phase_voltage_v=220, phases=1)

    async def hold() -> Rung | None:
        async with unit_of_work(yard.ctx.pool) as conn:
            outlet = await find_outlet(conn, "E01")
            assert outlet is not None
            running = await read_open(conn, outlet.charger_id)
            return await hold_outlet(conn, outlet, running[0], limit, yard.clock)

    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        start = {
            "connectorId": 1,
            "idTag": "TAG1",
            "meterStart": 0,
            "timestamp": moment_text(yard.clock.now()),
        }
        number = (await charger.call("StartTransaction", start))["transactionId"]
        seen = []
        for answer in ("Rejected", "NotSupported", "Accepted"):
            await hold()
            message_id, action, sent = await charger.order()
            profile = sent["csChargingProfiles"]
            unit = profile["chargingSchedule"]["chargingRateUnit"]
            seen.append((profile["chargingProfilePurpose"], unit, sent["connectorId"]))
            assert action == "SetChargingProfile"
            await charger.reply(message_id, {"status": answer})
            await yard.eventually(lambda: _is_quiet(yard))
        assert seen == [
            ("ChargePointMaxProfile", "A", 0),
            ("ChargePointMaxProfile", "W", 0),
            ("TxDefaultProfile", "A", 1),
        ]
        assert await hold() == Rung(purpose="TxDefaultProfile", unit="A")
        assert await charger.hears_nothing(0.1)
        yard.clock.ahead += timedelta(minutes=2)
        power = {"measurand": "Power.Active.Import", "unit": "W", "value": "7000"}
        element = {"timestamp": moment_text(yard.clock.now()), "sampledValue": [power]}
        await charger.call(
            "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [element]}
        )
        assert await hold() == Rung(purpose="TxDefaultProfile", unit="W")


async def _is_quiet(yard: Yard) -> bool:
    return not await yard.rows("select 1 from charging.charger_order where state in ('queued', 'sent')")
