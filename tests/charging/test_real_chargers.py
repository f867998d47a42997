"""What real 1.6 chargers do, each case as frames over a real websocket. OCA case numbers where the OCA has one."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from charging import ghosts
from charging.bills import BillSettled, settle_bill
from charging.rules.moments import moment_text
from facility.db import unit_of_work
from tests.charging.conftest import RawCharger, Yard

AGO = timedelta(0)


@pytest.fixture
async def _ready(yard: Yard) -> None:
    await yard.register("CP1")
    await yard.tag("TAG1")


pytestmark = pytest.mark.usefixtures("_ready")


def _at(yard: Yard, offset: timedelta = AGO) -> str:
    return moment_text(yard.clock.now() + offset)


def _register(value: object, **more: Any) -> dict[str, Any]:
    return {"measurand": "Energy.Active.Import.Register", "unit": "Wh", "value": str(value), **more}


async def _start(charger: RawCharger, at: str, message_id: str | None = None, **more: Any) -> Any:
    sent = {"connectorId": 1, "idTag": "TAG1", "meterStart": 1000, "timestamp": at} | more
    return await charger.call("StartTransaction", sent, message_id)


async def _stop(charger: RawCharger, number: object, at: str, meter: int = 3000, **more: Any) -> Any:
    return await charger.call(
        "StopTransaction", {"transactionId": number, "meterStop": meter, "timestamp": at} | more
    )


async def _sample(
    charger: RawCharger, at: str, *values: dict[str, Any], number: int | None = None, connector: int = 1
) -> Any:
    sent: dict[str, Any] = {
        "connectorId": connector,
        "meterValue": [{"timestamp": at, "sampledValue": list(values)}],
    }
    if number is not None:
        sent["transactionId"] = number
    return await charger.call("MeterValues", sent)


async def _status(charger: RawCharger, status: str, at: str | None = None, code: str = "NoError") -> Any:
    sent = {"connectorId": 1, "errorCode": code, "status": status}
    return await charger.call("StatusNotification", sent | ({"timestamp": at} if at else {}))


async def _count(yard: Yard) -> int:
    ((count,),) = await yard.rows("select count(*) from charging.transaction")
    return int(count)


async def test_tc_001_cold_boot_is_accepted_and_its_statuses_are_kept(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        booted = await charger.boot()
        assert booted["status"] == "Accepted"
        assert booted["interval"] > 0
        await _status(charger, "Available", _at(yard))
    rows = await yard.rows(
        "select vendor, model, booted_at is not null from charging.charger where identity = 'CP1'"
    )
    assert rows == [("Maker", "One", True)]
    assert await yard.rows(
        "select status from charging.connector c join charging.charger h on h.id = c.charger_id "
        "where h.identity = 'CP1'"
    ) == [("Available",)]


async def test_two_calls_before_the_boot_answer_are_all_answered_in_order(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        boot = {"chargePointVendor": "V", "chargePointModel": "M"}
        status = {"connectorId": 0, "errorCode": "NoError", "status": "Available"}
        for number, (action, sent) in enumerate(
            [("BootNotification", boot), ("Heartbeat", {}), ("StatusNotification", status)]
        ):
            await charger.ws.send(json.dumps([2, f"q{number}", action, sent]))
        assert [(await charger.hear())[1] for _ in range(3)] == ["q0", "q1", "q2"]


async def test_tc_003_a_charge_that_begins_with_the_plug(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await _status(charger, "Preparing")
        assert (await charger.call("Authorize", {"idTag": "TAG1"}))["idTagInfo"]["status"] == "Accepted"
        started = await _start(charger, _at(yard))
        assert started["idTagInfo"]["status"] == "Accepted"
        await _status(charger, "Charging")
        answer = await _stop(charger, started["transactionId"], _at(yard), idTag="TAG1", reason="Local")
        assert answer["idTagInfo"]["status"] == "Accepted"
        await _status(charger, "Finishing")
        await _status(charger, "Available")
    ((state, reason, unplugged),) = await yard.rows(
        "select state, stop_reason, unplugged_at is not null from charging.transaction"
    )
    assert (state, reason, unplugged) == ("ended", "Local", True)


async def test_tc_005_the_car_leaves_and_the_stop_says_so(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        started = await _start(charger, _at(yard))
        await _stop(charger, started["transactionId"], _at(yard), reason="EVDisconnected")
    assert await yard.rows("select stop_reason, unplugged_at = stopped_at from charging.transaction") == [
        ("EVDisconnected", True)
    ]


@pytest.mark.parametrize(
    ("more", "word"),
    [({"status": "Blocked"}, "Blocked"), ({"status": "Invalid"}, "Invalid"), ({"expires": True}, "Expired")],
)
async def test_tc_023_a_tag_that_may_not_charge_is_refused_with_the_right_word(
    yard: Yard, more: dict[str, Any], word: str
) -> None:
    if more.pop("expires", False):
        more["expires_at"] = yard.clock.now() - timedelta(days=1)
    await yard.tag("BAD", **more)
    async with yard.charger("CP1") as charger:
        assert (await charger.call("Authorize", {"idTag": "bad"}))["idTagInfo"]["status"] == word
        started = await _start(charger, _at(yard), idTag="BAD")
        assert started["idTagInfo"]["status"] == word
        assert started["transactionId"] > 0


async def test_tags_are_compared_without_case_and_their_group_is_told(yard: Yard) -> None:
    await yard.tag("AbCd", parent_tag="FLEET")
    async with yard.charger("CP1") as charger:
        info = (await charger.call("Authorize", {"idTag": "aBcD"}))["idTagInfo"]
    assert info == {"status": "Accepted", "parentIdTag": "FLEET"}


async def test_a_tag_that_charges_elsewhere_is_a_concurrent_transaction(yard: Yard) -> None:
    await yard.register("CP2")
    async with yard.charger("CP1") as one, yard.charger("CP2") as two:
        await _start(one, _at(yard))
        assert (await _start(two, _at(yard)))["idTagInfo"]["status"] == "ConcurrentTx"


async def test_tc_039_a_start_retried_under_a_new_message_id_gets_the_same_transaction(yard: Yard) -> None:
    at = _at(yard)
    async with yard.charger("CP1") as charger:
        first = await _start(charger, at, "one")
        second = await _start(charger, at, "two")
        third = await _start(charger, at, "two")
        lower = await _start(charger, at, idTag="tag1")
    assert {answer["transactionId"] for answer in (first, second, third, lower)} == {first["transactionId"]}
    assert await _count(yard) == 1


async def test_a_start_retried_on_a_new_socket_after_its_stop_is_still_the_same(yard: Yard) -> None:
    at = _at(yard)
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, at))["transactionId"]
        await _stop(charger, number, _at(yard))
    async with yard.charger("CP1") as charger:
        assert (await _start(charger, at))["transactionId"] == number
    assert await _count(yard) == 1


async def test_a_charger_whose_clock_is_never_set_can_start_twice_at_the_same_false_time(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        first = (await _start(charger, "1970-01-01T00:00:07Z", meterStart=0))["transactionId"]
        await _stop(charger, first, "1970-01-01T01:00:00Z")
        second = (await _start(charger, "1970-01-01T00:00:07Z", meterStart=0))["transactionId"]
    assert first != second


async def test_the_same_stop_again_is_answered_and_changes_nothing(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        at = _at(yard, timedelta(minutes=2))
        await _stop(charger, number, at, 3000)
        before = await yard.rows("select * from charging.bill")
        await _stop(charger, number, at, 3000)
        await _stop(charger, number, at, 9000)
    assert await yard.rows("select * from charging.bill") == before
    assert await yard.rows("select delivered_wh from charging.transaction") == [(2000,)]


@pytest.mark.parametrize("number", [0, -1])
async def test_a_stop_without_an_id_waits_for_its_offline_start_and_ends_it(yard: Yard, number: int) -> None:
    began, ended = _at(yard, -timedelta(hours=3)), _at(yard, -timedelta(hours=1))
    async with yard.charger("CP1") as charger:
        assert await _stop(charger, number, ended, 9000, idTag="TAG1") == {
            "idTagInfo": {"status": "Accepted"}
        }
        assert await yard.rows("select kind from facility.alarm where cleared_at is null") == [
            ("charging.orphan_stop",)
        ]
        await _start(charger, began)
    assert await yard.rows("select state, delivered_wh from charging.transaction") == [("ended", 8000)]
    assert await yard.rows("select transaction_id is not null from charging.orphan_stop") == [(True,)]
    assert not await yard.rows("select 1 from facility.alarm where cleared_at is null")


@pytest.mark.parametrize("number", [0, -1])
async def test_a_stop_without_an_id_ends_the_offline_start_that_came_before_it(
    yard: Yard, number: int
) -> None:
    async with yard.charger("CP1") as charger:
        await _start(charger, _at(yard, -timedelta(hours=3)))
        await _stop(charger, number, _at(yard, -timedelta(hours=1)), 9000, idTag="TAG1")
    assert await yard.rows("select state, delivered_wh from charging.transaction") == [("ended", 8000)]


@pytest.mark.parametrize("number", [0, -1])
async def test_a_stop_without_an_id_is_never_bound_to_a_transaction_that_runs_live(
    yard: Yard, number: int
) -> None:
    async with yard.charger("CP1") as charger:
        await _start(charger, _at(yard))
        await _stop(charger, number, _at(yard, timedelta(seconds=5)), 9000, idTag="TAG1")
    assert await yard.rows("select state from charging.transaction") == [("running",)]
    assert await yard.rows("select transaction_id from charging.orphan_stop") == [(None,)]


async def test_meter_values_without_an_id_are_not_given_to_a_live_transaction(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await _start(charger, _at(yard))
        await _sample(charger, _at(yard), _register(5000), number=-1)
    assert await yard.rows("select transaction_id, delivered_wh, flags from charging.meter_sample") == [
        (None, None, "no_transaction_id")
    ]


async def test_a_stop_for_an_unknown_number_is_answered_kept_as_an_orphan_and_raises_an_alarm(
    yard: Yard,
) -> None:
    async with yard.charger("CP1") as charger:
        assert await _stop(charger, 987_654, _at(yard), 4000) == {}
        await _stop(charger, 987_654, _at(yard), 4000)
    assert (await yard.rows("select sent_transaction from charging.orphan_stop"))[0] == ("987654",)
    assert await yard.rows("select kind, count(*) from facility.alarm group by kind") == [
        ("charging.orphan_stop", 1)
    ]


async def test_a_charger_cannot_stop_another_chargers_transaction(yard: Yard) -> None:
    await yard.register("CP2")
    async with yard.charger("CP1") as one, yard.charger("CP2") as two:
        number = (await _start(one, _at(yard)))["transactionId"]
        await _stop(two, number, _at(yard), 999_999)
    assert await yard.rows("select state from charging.transaction") == [("running",)]


async def test_transaction_numbers_are_unique_over_restarts_and_never_zero(yard: Yard) -> None:
    numbers = []
    for place in range(3):
        async with yard.charger("CP1") as charger:
            numbers.append((await _start(charger, _at(yard, timedelta(seconds=place))))["transactionId"])
    assert len(set(numbers)) == 3
    assert min(numbers) > 0


async def test_the_next_start_closes_a_ghost_with_the_reason(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        first = (await _start(charger, _at(yard)))["transactionId"]
        await _sample(charger, _at(yard, timedelta(seconds=60)), _register(1400), number=first)
        await _start(charger, _at(yard, timedelta(seconds=90)), meterStart=1500)
    rows = await yard.rows(
        "select state, closing_reason, delivered_wh from charging.transaction order by id limit 1"
    )
    assert rows == [("presumed_ended", "evidence: next_start", 400)]
    assert len(await yard.rows("select 1 from charging.bill")) == 1


@pytest.mark.parametrize("evidence", ["boot", "status"])
async def test_a_ghost_is_closed_after_its_grace_when_boot_or_status_proves_it_over(
    yard: Yard, evidence: str
) -> None:
    async with yard.charger("CP1") as charger:
        await _start(charger, _at(yard))
        await (charger.boot() if evidence == "boot" else _status(charger, "Available"))
        await yard.central.look_once()
        assert await yard.rows("select state from charging.transaction") == [("running",)]
        yard.clock.ahead += timedelta(minutes=6)
        await yard.central.look_once()
    assert await yard.rows("select state, closing_reason from charging.transaction") == [
        ("presumed_ended", f"evidence: {evidence}")
    ]


async def test_a_transaction_that_goes_on_after_a_reboot_is_no_ghost(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        await charger.boot()
        yard.clock.ahead += timedelta(minutes=2)
        await _sample(charger, _at(yard), _register(1100), number=number)
        yard.clock.ahead += timedelta(minutes=30)
        await yard.central.look_once()
    assert await yard.rows("select state, evidence from charging.transaction") == [("running", None)]


async def test_a_late_stop_corrects_what_was_presumed(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        first = (await _start(charger, _at(yard)))["transactionId"]
        await _start(charger, _at(yard, timedelta(seconds=90)), meterStart=1500)
        await _stop(charger, first, _at(yard, timedelta(seconds=60)), 1450, reason="PowerLoss")
    rows = await yard.rows(
        "select state, delivered_wh, stop_reason from charging.transaction order by id limit 1"
    )
    assert rows == [("ended", 450, "PowerLoss")]
    assert await yard.rows("select delivered_wh from charging.bill") == [(450,)]


async def test_a_settled_bill_never_changes_and_is_settled_once(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        await _stop(charger, number, _at(yard, timedelta(seconds=30)), 1400)
        now = yard.clock.now()
        async with unit_of_work(yard.ctx.pool) as conn:
            await settle_bill(conn, number, by="x", reference="p1", now=now)
        with pytest.raises(BillSettled):
            async with unit_of_work(yard.ctx.pool) as conn:
                await settle_bill(conn, number, by="x", reference="p2", now=now)
        before = await yard.rows("select * from charging.bill")
        await _status(charger, "Available")
    assert await yard.rows("select * from charging.bill") == before


async def test_the_newest_socket_wins_closing_the_old_one_changes_nothing_and_orders_go_to_the_new_one(
    yard: Yard,
) -> None:
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(yard.charger("CP1"))
        await old.boot()
        new = await stack.enter_async_context(yard.charger("CP1"))
        await new.call("Heartbeat", {})
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(5):
                await old.ws.recv()
        await asyncio.sleep(0)
        link = next(iter(yard.central._links.values()))
        assert await yard.rows("select socket from charging.charger where identity = 'CP1'") == [
            (link.socket,)
        ]
        await _order(yard, "CP1", "ClearCache", {})
        message_id, action, _ = await new.order()
        assert action == "ClearCache"
        await new.reply(message_id, {"status": "Accepted"})
        await yard.eventually(lambda: _order_is(yard, "answered"))


async def _order(yard: Yard, identity: str, action: str, payload: dict[str, Any]) -> None:
    from charging.orders import find_charger, request_order

    async with unit_of_work(yard.ctx.pool) as conn:
        charger = await find_charger(conn, identity)
        await request_order(
            conn,
            charger_id=charger.id,
            version="1.6",
            action=action,
            payload=payload,
            by="t",
            clock=yard.clock,
        )


async def _order_is(yard: Yard, state: str) -> bool:
    return bool(await yard.rows("select 1 from charging.charger_order where state = %(state)s", state=state))


async def test_any_frame_counts_as_life_even_a_ping(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await charger.call("Heartbeat", {})
        await yard.central.look_once()
        yard.clock.ahead += timedelta(minutes=15)
        await (await charger.ws.ping())
        await yard.central.look_once()
        yard.clock.ahead += timedelta(minutes=15)
        await yard.central.look_once()
        await charger.call("Heartbeat", {})


async def test_a_charger_that_is_silent_far_beyond_its_heartbeat_is_let_go_but_not_at_the_interval(
    yard: Yard,
) -> None:
    async with yard.charger("CP1") as charger:
        await charger.call("Heartbeat", {})
        await yard.central.look_once()
        yard.clock.ahead += timedelta(seconds=301)
        await yard.central.look_once()
        await charger.ws.send('[2,"x","Heartbeat",{}]')
        assert (await charger.hear())[1] == "x"
        await yard.central.look_once()
        yard.clock.ahead += timedelta(seconds=1000)
        await asyncio.sleep(0.05)
        await yard.central.look_once()
        yard.clock.ahead += timedelta(seconds=1000)
        await yard.central.look_once()
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(5):
                await charger.ws.recv()


@pytest.mark.parametrize(
    ("sent", "flag"),
    [
        ("1970-01-01T00:03:00Z", "unset_clock"),
        ("2099-01-01T00:00:00Z", "future"),
        ("yesterday", "unreadable"),
        ("", "unreadable"),
        ("0001-01-01T00:00:00Z", "unreadable"),
    ],
)
async def test_an_odd_timestamp_is_flagged_kept_as_sent_and_loses_no_transaction(
    yard: Yard, sent: str, flag: str
) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, sent))["transactionId"]
        await _stop(charger, number, sent, 2000)
    ((raw, flags, offset),) = await yard.rows(
        "select started_raw, flags, abs(extract(epoch from started_at - start_received_at)) from charging.transaction"
    )
    assert (raw, flag in flags) == (sent, True)
    assert offset < 1
    assert await yard.rows("select delivered_wh > 0 from charging.bill") == [(True,)]


async def test_a_timestamp_without_a_zone_is_read_as_the_nearer_of_utc_and_china_time(yard: Yard) -> None:
    china = (yard.clock.now() + timedelta(hours=8)).replace(tzinfo=None).isoformat(timespec="seconds")
    async with yard.charger("CP1") as charger:
        await _start(charger, china)
    assert await yard.rows(
        "select flags, abs(extract(epoch from started_at - start_received_at)) < 2 from charging.transaction"
    ) == [(["no_zone"], True)]


async def test_yesterdays_start_is_believed_and_flagged(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await _start(charger, _at(yard, -timedelta(days=1)))
    assert await yard.rows(
        "select flags, is_told_late, start_received_at - started_at > '23 h' from charging.transaction"
    ) == [(["late"], True, True)]


async def test_what_is_unreadable_in_meter_values_is_quarantined_and_the_rest_is_kept(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        answer = await _sample(
            charger,
            _at(yard, timedelta(seconds=30)),
            _register(1200),
            {"measurand": "Vendor.Magic", "value": "1"},
            {"measurand": "Voltage", "unit": "furlong", "value": "230"},
            {"measurand": "Power.Active.Import", "unit": "kW", "value": 6.6},
            {"measurand": "SoC", "unit": "Percent", "value": "NaN"},
            {"value": "x", "context": "Moonlight"},
            number=number,
        )
        assert answer == {}
    ((register_wh, power_w, delivered_wh, quarantined),) = await yard.rows(
        "select register_wh, power_w, delivered_wh, quarantined from charging.meter_sample"
    )
    assert (register_wh, power_w, delivered_wh) == (1200, 6600, 200)
    assert sorted(item["why"] for item in quarantined) == ["context", "measurand", "unit", "value", "value"]


async def test_odd_shapes_of_meter_values_are_answered_with_an_empty_object(yard: Yard) -> None:
    shapes: list[Any] = [
        {},
        {"connectorId": 1},
        {"connectorId": 1, "meterValue": []},
        {"connectorId": 1, "meterValue": [{}]},
        {"connectorId": 1, "meterValue": [{"timestamp": 5, "sampledValue": []}]},
        {"connectorId": "1", "meterValue": "no"},
        {"connectorId": 1, "meterValue": [None, 7, {"sampledValue": [None, 3, {"value": True}]}]},
        {"connectorId": 1, "transactionId": "seven", "meterValue": [{"sampledValue": [{"value": "1e999"}]}]},
    ]
    async with yard.charger("CP1") as charger:
        for shape in shapes:
            assert await charger.call("MeterValues", shape) == {}, shape


async def test_registers_in_kwh_relative_registers_and_a_fall_to_zero_never_bill_a_negative(
    yard: Yard,
) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard), meterStart=500_000))["transactionId"]
        minute = timedelta(minutes=1)
        await _sample(charger, _at(yard, minute), _register("0.400", unit="kWh"), number=number)
        await _sample(charger, _at(yard, 2 * minute), _register("0.900", unit="kWh"), number=number)
        await _sample(charger, _at(yard, 3 * minute), _register("0.100", unit="kWh"), number=number)
        await _stop(charger, number, _at(yard, 4 * minute), 0)
    wh = [
        row[0]
        for row in await yard.rows("select delivered_wh from charging.meter_sample order by measured_at")
    ]
    assert wh == [400, 900, 1000]
    assert await yard.rows("select delivered_wh from charging.transaction") == [(1000,)]


async def test_a_register_that_leaps_beyond_what_the_outlet_can_give_is_not_billed(yard: Yard) -> None:
    await yard.register("AC7", max_w=7000)
    async with yard.charger("AC7") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        await _sample(charger, _at(yard, timedelta(minutes=6)), _register(1600), number=number)
        await _sample(charger, _at(yard, timedelta(minutes=7)), _register(9_999_999), number=number)
        await _stop(charger, number, _at(yard, timedelta(minutes=8)), 9_999_999)
    ((delivered_wh, flags),) = await yard.rows("select delivered_wh, flags from charging.transaction")
    assert delivered_wh == 600
    assert "jump" in flags
    assert await yard.rows("select kind from facility.alarm") == [("charging.energy_doubtful",)]


async def test_start_and_stop_sent_in_kwh_are_found_out_by_the_samples(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard), meterStart=120))["transactionId"]
        await _sample(charger, _at(yard, timedelta(minutes=1)), _register(120_000), number=number)
        await _sample(charger, _at(yard, timedelta(minutes=2)), _register(124_000), number=number)
        await _stop(charger, number, _at(yard, timedelta(minutes=3)), 124)
    ((delivered_wh,),) = await yard.rows("select delivered_wh from charging.transaction")
    assert delivered_wh == 4000


async def test_registers_sent_as_text_or_with_a_fraction_are_read(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        started = await _start(charger, _at(yard), meterStart="1000.4", connectorId="1")
        await _stop(charger, str(started["transactionId"]), _at(yard, timedelta(minutes=1)), 1499.6)  # type: ignore[arg-type]
    assert await yard.rows("select delivered_wh from charging.transaction") == [(500,)]


async def test_tc_037_a_transaction_told_late_has_the_stations_times_and_energy_and_no_phantom_charging(
    yard: Yard,
) -> None:
    now = yard.clock.now()
    began, ended = moment_text(now - timedelta(hours=5)), moment_text(now - timedelta(hours=4))
    async with yard.charger("CP1") as charger:
        live = (await _start(charger, _at(yard)))["transactionId"]
        number = (await _start(charger, began, meterStart=0))["transactionId"]
        await _sample(charger, _at(yard, -timedelta(hours=4, minutes=30)), _register(3000), number=number)
        await _stop(charger, number, ended, 6000)
    rows = await yard.rows(
        "select state, stopped_at - started_at, delivered_wh from charging.transaction where id = %(id)s",
        id=number,
    )
    assert rows == [("ended", timedelta(hours=1), 6000)]
    assert await yard.rows("select state from charging.transaction where id = %(id)s", id=live) == [
        ("running",)
    ]


async def test_a_running_transaction_told_late_shows_no_car_at_the_outlet(yard: Yard) -> None:
    async with yard.charger("NT-E01") as charger:
        await _status(charger, "Available", _at(yard))
        await _start(charger, _at(yard, -timedelta(hours=5)))
    assert await yard.rows("select status, transaction_id from report.charger where evse_id = 'E01'") == [
        ("Available", None)
    ]


async def test_an_old_status_never_replaces_a_newer_one(yard: Yard) -> None:
    async with yard.charger("NT-E01") as charger:
        await _status(charger, "Available", _at(yard))
        await _status(charger, "Charging", _at(yard, -timedelta(hours=1)))
    assert await yard.rows("select status from charging.connector where evse_id = 'E01'") == [("Available",)]


async def test_an_error_code_outside_the_standard_is_kept_as_the_makers(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        assert await _status(charger, "Faulted", _at(yard), "CoolantLow") == {}
    assert await yard.rows("select error_code, vendor_error from charging.status_change") == [
        ("OtherError", "CoolantLow")
    ]


async def test_a_stop_with_an_unknown_reason_and_spoilt_transaction_data_is_kept(yard: Yard) -> None:
    data = [
        {"timestamp": _at(yard, timedelta(seconds=20)), "sampledValue": [_register(1300), {"value": None}]},
        7,
        {},
    ]
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        await _stop(
            charger, number, _at(yard, timedelta(seconds=40)), 1500, reason="Tuesday", transactionData=data
        )
    assert await yard.rows("select stop_reason, delivered_wh from charging.transaction") == [("Other", 500)]
    assert await yard.rows("select register_wh from charging.meter_sample") == [(1300,)]


async def test_tc_068_the_idle_clock_runs_while_the_car_takes_nothing_and_is_reset_when_it_takes_again(
    yard: Yard,
) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        await _status(charger, "Charging")
        await _status(charger, "SuspendedEV")
        assert await yard.rows("select state, charging_ended_at is not null from charging.transaction") == [
            ("suspended", True)
        ]
        await _status(charger, "Charging")
        assert await yard.rows("select state, charging_ended_at from charging.transaction") == [
            ("running", None)
        ]
        await _status(charger, "SuspendedEV")
        yard.clock.ahead += timedelta(minutes=44, seconds=30)
        await _stop(charger, number, _at(yard), 2000, reason="EVDisconnected")
    assert await yard.rows("select idle_fen from charging.bill") == [(15 * 20,)]


async def test_a_paused_charge_that_the_charger_itself_holds_back_starts_no_idle_clock(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await _start(charger, _at(yard))
        await _status(charger, "SuspendedEVSE")
    assert await yard.rows("select state, charging_ended_at from charging.transaction") == [("running", None)]


async def test_a_stuck_transaction_is_closed_by_a_person_with_a_reason(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        number = (await _start(charger, _at(yard)))["transactionId"]
        await _sample(charger, _at(yard, timedelta(seconds=50)), _register(1250), number=number)
    async with unit_of_work(yard.ctx.pool) as conn:
        await ghosts.close_stuck(conn, number, by="周敏", reason="桩已拆除", now=yard.clock.now())
    assert await yard.rows(
        "select state, closed_by, closing_reason, delivered_wh from charging.transaction"
    ) == [("closed", "周敏", "桩已拆除", 250)]
    assert len(await yard.rows("select 1 from charging.bill")) == 1


@pytest.mark.parametrize(
    ("action", "payload", "subject"),
    [
        ("FirmwareStatusNotification", {"status": "Downloading"}, "firmware"),
        ("SignedFirmwareStatusNotification", {"status": "InvalidSignature", "requestId": 3}, "firmware"),
        ("DiagnosticsStatusNotification", {"status": "Uploaded"}, "diagnostics"),
        ("LogStatusNotification", {"status": "Uploading", "requestId": 1}, "log"),
        (
            "SecurityEventNotification",
            {"type": "TamperDetectionActivated", "timestamp": "2026-03-02T01:00:00Z"},
            "security",
        ),
        ("DataTransfer", {"vendorId": "com.maker", "data": "{}"}, "data_transfer"),
    ],
)
async def test_tc_044_and_079_what_a_charger_notifies_is_kept(
    yard: Yard, action: str, payload: dict[str, Any], subject: str
) -> None:
    async with yard.charger("CP1") as charger:
        await charger.call(action, payload)
    assert await yard.rows("select subject from charging.station_event") == [(subject,)]
