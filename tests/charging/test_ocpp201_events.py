"""TransactionEvents as real 2.x chargers send them: repeated, missing, numbered anew, off-line, in the wrong order."""

from datetime import datetime, timedelta

from charging import bills
from facility.db import unit_of_work
from tests.charging.charger201 import Charger201, charger201, meter_value
from tests.charging.conftest import Yard

MINUTE = timedelta(minutes=1)


async def _one(yard: Yard, columns: str) -> tuple[object, ...]:
    (found,) = await yard.rows(f"select {columns} from charging.transaction")
    return found


async def test_tc_e_04_a_repeated_event_under_a_new_message_id_changes_nothing(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        for _ in range(2):
            await charger.start(now, seqNo=0)
        for _ in range(2):
            await charger.event("Updated", now + MINUTE, wh=1500, seqNo=1)
        first = await charger.end(now + 2 * MINUTE, 1600, seqNo=2)
        again = await charger.end(now + 2 * MINUTE, 1600, seqNo=2)
    assert again == first
    assert await yard.rows("select count(*) from charging.meter_sample") == [(3,)]
    assert await _one(yard, "delivered_wh, flags") == (600, [])
    assert await yard.rows("select count(*) from charging.bill") == [(1,)]


async def test_a_repeat_on_a_new_socket_is_known_again(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now, seqNo=0)
        await charger.event("Updated", now + MINUTE, wh=1500, seqNo=1)
    async with charger201(yard, is_new=False) as charger:
        await charger.event("Updated", now + MINUTE, wh=1500, seqNo=1)
        await charger.event("Updated", now + 2 * MINUTE, wh=1700, seqNo=2)
        await charger.end(now + 3 * MINUTE, 1800, seqNo=3)
    assert await yard.rows("select delivered_wh from charging.meter_sample order by measured_at") == [
        (0,), (500,), (700,), (800,)
    ]  # fmt: skip
    assert await _one(yard, "delivered_wh, state, flags") == (800, "ended", [])


async def test_a_gap_in_the_numbers_is_flagged_and_costs_no_energy(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now, seqNo=0)
        await charger.event("Updated", now + MINUTE, wh=1100, seqNo=4)
        await charger.end(now + 2 * MINUTE, 1300, seqNo=5)
    assert await _one(yard, "delivered_wh, flags") == (300, ["seq_gap"])


async def test_numbers_that_begin_anew_lose_no_event(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now, seqNo=0)
        await charger.event("Updated", now + MINUTE, wh=1100, seqNo=1)
        await charger.event("Updated", now + 2 * MINUTE, wh=1200, seqNo=0)
        await charger.event("Updated", now + 3 * MINUTE, wh=1300, seqNo=1)
        await charger.end(now + 3 * MINUTE + timedelta(seconds=30), 1350, seqNo=2)
    assert await yard.rows("select count(*) from charging.transaction_event") == [(5,)]
    assert await yard.rows("select count(*) from charging.meter_sample") == [(5,)]
    assert await _one(yard, "delivered_wh") == (350,)


async def test_tc_e_02_a_cable_first_start_learns_later_who_charges(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.event(
            "Started", now, trigger="CablePluggedIn", wh=1000, context="Transaction.Begin",
            evse={"id": 1, "connectorId": 1}, info={"chargingState": "EVConnected"},
        )  # fmt: skip
        told = await charger.event(
            "Updated", now + MINUTE, trigger="Authorized", idToken={"idToken": "tag1", "type": "ISO14443"}
        )
        assert told["idTokenInfo"]["status"] == "Accepted"
    assert await _one(yard, "id_tag, evse_no, state") == ("tag1", 1, "running")


async def test_tc_e_03_an_authorised_start_without_an_outlet_is_placed_by_a_later_event(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.event(
            "Started", now, trigger="Authorized", idToken={"idToken": "TAG1", "type": "ISO14443"}
        )
        await charger.event("Updated", now + MINUTE, wh=5000, evse={"id": 2, "connectorId": 1})
        await charger.end(now + 2 * MINUTE, 5200)
    assert await _one(yard, "evse_no, meter_start_wh, delivered_wh") == (2, 5000, 200)
    assert await yard.rows("select distinct evse_no from charging.meter_sample") == [(2,)]


async def test_tc_e_12_a_charge_told_late_is_history_and_shows_no_phantom(yard: Yard) -> None:
    then = yard.clock.now() - timedelta(hours=5)
    async with charger201(yard) as charger:
        await charger.start(yard.clock.now() - MINUTE, name="NOW")
        running = {"chargingState": "Charging"}
        await charger.start(then, name="PAST", offline=True, seqNo=0)
        await charger.event("Updated", then + MINUTE, name="PAST", wh=1100, offline=True, info=running)
        await charger.end(then + 2 * MINUTE, 1200, name="PAST", offline=True)
    found = await yard.rows(
        "select station_transaction, state, is_told_late, delivered_wh, started_at < now() - interval '4 hours' "
        "from charging.transaction order by id"
    )
    assert found == [("NOW", "running", False, None, False), ("PAST", "ended", True, 200, True)]
    assert await yard.rows("select count(*) from facility.fact where kind = 'evse.changed'") == [(0,)]


async def test_a_charge_that_began_off_line_goes_on_live(yard: Yard) -> None:
    now = yard.clock.now()
    async with charger201(yard) as charger:
        await charger.start(now - timedelta(hours=1), offline=True)
        assert await _one(yard, "is_told_late") == (True,)
        await charger.event("Updated", now - MINUTE, wh=3000)
    assert await _one(yard, "is_told_late, state") == (False, "running")


async def test_an_event_of_an_unknown_transaction_begins_it(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.event("Updated", now + MINUTE, wh=1500, evse={"id": 1, "connectorId": 1}, seqNo=1)
        await charger.start(now, 1000, seqNo=0)
        await charger.end(now + 2 * MINUTE, 1600, seqNo=2)
    assert await _one(yard, "meter_start_wh, delivered_wh, id_tag, flags") == (
        1000,
        600,
        "TAG1",
        ["no_start"],
    )


async def test_words_outside_the_lists_lose_no_event(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now)
        odd = meter_value(now + MINUTE, 1400)
        odd["sampledValue"].append({"value": 3, "measurand": "Moon.Phase"})
        await charger.event(
            "Updated", now + MINUTE, trigger="FullMoon", meterValue=[odd], info={"chargingState": "Asleep"}
        )
        await charger.end(now + 2 * MINUTE, 1500, info={"stoppedReason": "Bored"})
    assert await _one(yard, "delivered_wh, stop_reason") == (500, "Other")
    assert await yard.rows("select count(*) from charging.meter_sample where quarantined is not null") == [
        (1,)
    ]


async def test_tc_e_05_the_idle_clock_runs_from_the_end_of_energy(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now, info={"chargingState": "EVConnected"})
        await charger.event("Updated", now + MINUTE, wh=1100, info={"chargingState": "Charging"})
        await charger.event("Updated", now + 2 * MINUTE, wh=1200, info={"chargingState": "SuspendedEVSE"})
        assert await _one(yard, "state") == ("running",)
        await charger.event("Updated", now + 3 * MINUTE, wh=1200, info={"chargingState": "SuspendedEV"})
        assert await _one(yard, "state") == ("suspended",)
        await charger.event("Updated", now + 4 * MINUTE, wh=1200, info={"chargingState": "Charging"})
        assert await _one(yard, "state, charging_ended_at") == ("running", None)


async def test_an_outlet_that_becomes_available_is_evidence_only_for_its_own_connector(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    status = {"timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": 1}
    async with charger201(yard) as charger:
        await charger.start(now)
        await charger.call("StatusNotification", {**status, "connectorId": 2})
        assert await _one(yard, "evidence") == (None,)
        await charger.call("StatusNotification", {**status, "connectorId": 1})
        assert await _one(yard, "evidence") == ("status",)
        yard.clock.ahead = timedelta(minutes=2)
        await yard.central.look_once()
    assert await _one(yard, "state, delivered_wh") == ("presumed_ended", 0)


async def test_e_14_missing_numbers_are_asked_about_once_and_a_transaction_nobody_knows_is_closed(
    yard: Yard,
) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now, seqNo=0)
        await charger.event("Updated", now + MINUTE, wh=1100, seqNo=3)
        message_id, action, asked = await charger.raw.order()
        assert (action, asked) == ("GetTransactionStatus", {"transactionId": "TX-1"})
        await charger.raw.reply(message_id, {"ongoingIndicator": False, "messagesInQueue": False})
        await yard.eventually(lambda: _is(yard, "evidence = 'asked'"))
        yard.clock.ahead = timedelta(minutes=2)
        await yard.central.look_once()
    assert await _one(yard, "state, delivered_wh") == ("presumed_ended", 100)


async def test_a_transaction_that_goes_on_after_a_boot_is_not_taken_for_a_ghost(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE
    async with charger201(yard) as charger:
        await charger.start(now, seqNo=0)
    async with charger201(yard, is_new=False) as charger:
        await charger.boot()
        assert await _one(yard, "evidence") == ("boot",)
        message_id, action, _ = await charger.raw.order()
        assert action == "GetTransactionStatus"
        yard.clock.ahead = timedelta(seconds=1)
        await charger.raw.reply(message_id, {"ongoingIndicator": True, "messagesInQueue": False})
        await yard.eventually(lambda: _is(yard, "last_sign_at > evidence_at"))
        yard.clock.ahead = timedelta(minutes=6)
        await yard.central.look_once()
    assert await _one(yard, "state, evidence") == ("running", None)


async def _is(yard: Yard, condition: str) -> bool:
    return bool(await yard.rows(f"select 1 from charging.transaction where {condition}"))


async def _history(charger: Charger201, then: datetime, *, with_end_register: bool = True) -> None:
    """The end and a sample of a charge of 7 kW for an hour, without its start."""
    await charger.event("Updated", then + 30 * MINUTE, wh=4500, seqNo=1, offline=True)
    end_wh = 8000 if with_end_register else None
    await charger.end(then + 60 * MINUTE, end_wh, seqNo=3, offline=True)


async def test_a_start_told_after_the_end_adds_the_energy_before_the_first_sample_to_the_bill(
    yard: Yard,
) -> None:
    then = yard.clock.now() - timedelta(hours=3)
    async with charger201(yard) as charger:
        await _history(charger, then)
        assert await _one(yard, "delivered_wh, meter_start_wh") == (3500, 4500)
        ((short_fen,),) = await yard.rows("select total_fen from charging.bill")
        for _ in range(2):
            await charger.start(then, 1000, seqNo=0, offline=True)
    assert await _one(yard, "delivered_wh, meter_start_wh, id_tag, flags") == (
        7000, 1000, "TAG1", ["late", "no_start", "seq_gap", "late_start"],
    )  # fmt: skip
    assert await yard.rows("select delivered_wh from charging.meter_sample order by measured_at") == [
        (0,), (3500,), (7000,)
    ]  # fmt: skip
    ((total_fen, wh),) = await yard.rows("select total_fen, delivered_wh from charging.bill")
    assert wh == 7000 and total_fen > 1.5 * short_fen
    assert await yard.rows("select started_at from charging.transaction") == [(_in_milliseconds(then),)]


def _in_milliseconds(moment: datetime) -> datetime:
    """As the charger writes it: milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


async def test_a_settled_bill_is_not_changed_by_a_late_start_but_a_person_hears_of_it(yard: Yard) -> None:
    then = yard.clock.now() - timedelta(hours=3)
    async with charger201(yard) as charger:
        await _history(charger, then)
        async with unit_of_work(yard.ctx.pool) as conn:
            ((number, before_fen),) = await yard.rows("select transaction_id, total_fen from charging.bill")
            await bills.settle_bill(conn, number, by="x", reference="r", now=yard.clock.now())
        await charger.start(then, 1000, seqNo=0, offline=True)
    assert await yard.rows("select total_fen from charging.bill") == [(before_fen,)]
    ((detail,),) = await yard.rows("select detail from facility.alarm where kind = 'charging.bill_short'")
    assert detail["gained_wh"] == 3500 and detail["due_fen"] > detail["billed_fen"] == before_fen


async def test_a_late_start_whose_register_no_outlet_could_have_delivered_from_is_not_billed(
    yard: Yard,
) -> None:
    then = yard.clock.now() - timedelta(hours=3)
    async with charger201(yard) as charger:
        await charger.event("Updated", then + MINUTE, wh=900_000, seqNo=1, offline=True)
        await charger.end(then + 2 * MINUTE, 900_100, seqNo=2, offline=True)
        await charger.start(then, 0, seqNo=0, offline=True)
    assert await _one(yard, "delivered_wh, flags") == (
        100,
        ["late", "no_start", "late_start", "late_start_jump"],
    )


async def test_a_late_sample_counts_where_the_end_told_no_register(yard: Yard) -> None:
    then = yard.clock.now() - timedelta(hours=3)
    async with charger201(yard) as charger:
        await charger.start(then, 1000, seqNo=0, offline=True)
        await _history(charger, then, with_end_register=False)
        assert await _one(yard, "delivered_wh") == (3500,)
        await charger.event("Updated", then + 55 * MINUTE, wh=7400, seqNo=2, offline=True)
    assert await _one(yard, "delivered_wh") == (6400,)
    assert await yard.rows("select delivered_wh from charging.bill") == [(6400,)]
