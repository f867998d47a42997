"""What OCPP 2.1 adds: our tariff sent to chargers, terminals that settle, event streams, messages without an answer."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charging import schemas
from charging.rules.event201 import cost_fen_of
from charging.rules.fees import Band, EnergyTariff, IdleFee
from charging.rules.moments import moment_text
from charging.rules.tariff21 import tariff_message
from tests.charging.charger201 import charger201
from tests.charging.conftest import Yard
from tests.charging.desk201 import Desk, opened_desk

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def desk(yard: Yard, office: httpx.AsyncClient) -> AsyncIterator[Desk]:
    async with opened_desk(yard, office, "2.1") as opened:
        yield opened


def _band(name: str, from_minute: int, to_minute: int, price: int = 10_000) -> Band:
    return Band(
        name=name, from_minute=from_minute, to_minute=to_minute, energy_price=price, service_price=4_000
    )


def test_a_price_list_becomes_prices_by_the_time_of_day_and_an_idle_fee_up_to_its_cap() -> None:
    tariff = EnergyTariff(
        name="winter",
        bands=(_band("valley", 0, 480, 3_139), _band("peak", 480, 1440, 11_002)),
        idle=IdleFee(grace=timedelta(minutes=15), fen_per_minute=50, cap_fen=3_020),
    )
    assert tariff_message(tariff) == {
        "tariffId": "winter",
        "currency": "CNY",
        "energy": {
            "prices": [
                {"priceKwh": 0.7139, "conditions": {"startTimeOfDay": "00:00", "endTimeOfDay": "08:00"}},
                {"priceKwh": 1.5002, "conditions": {"startTimeOfDay": "08:00", "endTimeOfDay": "00:00"}},
            ]
        },
        "idleTime": {
            "prices": [{"priceMinute": 0.5, "conditions": {"minIdleTime": 900, "maxIdleTime": 900 + 3600}}]
        },
    }


@settings(deadline=None)  # the schema is compiled at its first use
@given(st.lists(st.integers(1, 1439), unique=True, max_size=12), st.integers(0, 1_000_000))
def test_every_price_list_becomes_a_tariff_that_the_schema_allows(cuts: list[int], price: int) -> None:
    bounds = [0, *sorted(cuts), 1440]
    bands = tuple(
        _band(str(place), since, until, price) for place, (since, until) in enumerate(pairwise(bounds))
    )
    message = tariff_message(EnergyTariff(name="x" * 80, bands=bands))
    schemas.check_outgoing("2.1", "SetDefaultTariff", {"evseId": 0, "tariff": message})
    times = [one["conditions"] for one in message["energy"]["prices"] if "conditions" in one]
    assert [one["endTimeOfDay"] for one in times[:-1]] == [one["startTimeOfDay"] for one in times[1:]]


async def test_i_08_to_i_11_our_tariff_is_sent_read_back_changed_and_cleared(desk: Desk) -> None:
    sent = (await desk.post("/energy-tariff", {"evse": 0})).json()
    assert (sent["operation"], sent["status"], sent["response"]) == (
        "SetDefaultTariff", "answered", {"status": "Accepted"},
    )  # fmt: skip
    held = desk.charger.memory.tariffs[0]
    assert held["tariffId"] == "demonstration-2026"
    assert [one["priceKwh"] for one in held["energy"]["prices"]] == [0.7139, 1.5002, 1.0585, 1.5002, 1.0585]
    found = await desk.order("GetTariffs", {"evseId": 1})
    assert [one["tariffId"] for one in found["tariffAssignments"]] == ["demonstration-2026"]
    await desk.charging()
    ((number,),) = await desk.yard.rows("select id from charging.transaction")
    changed = (await desk.post("/energy-tariff", {"transaction": number})).json()
    assert (changed["operation"], changed["response"]) == ("ChangeTransactionTariff", {"status": "Accepted"})
    assert (await desk.post("/energy-tariff", {"transaction": number + 1})).status_code == 404
    cleared = await desk.order("ClearTariffs", {"tariffIds": ["demonstration-2026", "other"]})
    assert [one["status"] for one in cleared["clearTariffsResult"]] == ["Accepted", "NoTariff"]
    assert await desk.order("GetTariffs", {"evseId": 0}) == {"status": "NoTariff"}


async def test_a_charger_of_2_0_1_is_sent_no_tariff(yard: Yard, office: httpx.AsyncClient) -> None:
    async with opened_desk(yard, office) as desk:
        answer = await desk.post("/energy-tariff", {"evse": 0})
    assert (answer.status_code, answer.json()["code"]) == (404, "operation_missing")


async def _ended(desk: Desk) -> tuple[str, int]:
    """Name and fen of a finished charge."""
    name = await desk.charging()
    await desk.until("select 1 from charging.meter_sample where delivered_wh > 100")
    await desk.leave()
    ((fen,),) = await desk.yard.rows("select total_fen from charging.bill")
    assert fen > 0
    return name, fen


def _settlement(desk: Desk, name: str, fen: int, **more: Any) -> dict[str, Any]:
    return {
        "transactionId": name,
        "pspRef": "P1",
        "status": "Settled",
        "settlementAmount": fen / 100,
        "settlementTime": desk.charger.now_text(),
        **more,
    }


async def test_a_terminal_that_took_the_bills_amount_settles_it_once(desk: Desk) -> None:
    name, fen = await _ended(desk)
    for _ in range(2):
        assert await desk.charger.tell("NotifySettlement", _settlement(desk, name, fen)) == {}
    assert await desk.yard.rows("select state, settled_by, payment_reference from charging.bill") == [
        ("settled", "terminal NT-E27", "P1")
    ]
    assert await desk.yard.rows("select 1 from facility.alarm") == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"settlementAmount": 999.99}, "other_amount"),
        ({"transactionId": "nobody"}, "unknown_transaction"),
        ({"status": "Failed"}, None),
    ],
)
async def test_any_other_settlement_settles_nothing_and_is_seen_by_a_person(
    desk: Desk, more: dict[str, Any], why: str | None
) -> None:
    name, fen = await _ended(desk)
    await desk.charger.tell("NotifySettlement", _settlement(desk, name, fen) | more)
    assert await desk.yard.rows("select state from charging.bill") == [("open",)]
    alarms = await desk.yard.rows(
        "select detail ->> 'why' from facility.alarm where kind = 'charging.settlement_doubtful'"
    )
    assert alarms == ([] if why is None else [(why,)])


async def test_a_charge_whose_own_cost_differs_from_the_bill_is_flagged(yard: Yard) -> None:
    now = yard.clock.now() - 4 * MINUTE

    def cost(yuan: float) -> dict[str, Any]:
        total = {"currency": "CNY", "typeOfCost": "NormalCost", "total": {"inclTax": yuan}}
        return {"totalCost": total, "totalUsage": {"energy": 1.0, "chargingTime": 60, "idleTime": 0}}

    async with charger201(yard, version="2.1") as charger:
        await charger.start(now)
        first = await charger.end(now + MINUTE, 2000, costDetails=cost(99.0))
        await charger.start(now + 2 * MINUTE, name="TX-2", seqNo=0)
        right = first["totalCost"]
        await charger.end(now + 3 * MINUTE, 2000, name="TX-2", costDetails=cost(right))
    assert await yard.rows("select flags from charging.transaction order by id") == [
        (["cost_differs"],),
        ([],),
    ]


@pytest.mark.parametrize(
    ("told", "fen"),
    [
        ({"totalCost": {"currency": "CNY", "total": {"inclTax": 1.15}}}, 115),
        ({"totalCost": {"currency": "CNY", "total": {"exclTax": 2}}}, 200),
        ({"totalCost": {"currency": "EUR", "total": {"inclTax": 1.15}}}, None),
        ({"failureToCalculate": True, "totalCost": {"currency": "CNY", "total": {"inclTax": 1}}}, None),
        ({"totalCost": {"currency": "CNY", "total": {"inclTax": "1"}}}, None),
        ({"totalCost": {"currency": "CNY", "total": {"inclTax": float("nan")}}}, None),
        ("nothing", None),
    ],
)
def test_only_a_cost_in_yuan_is_compared(told: object, fen: int | None) -> None:
    assert cost_fen_of(told) == fen


async def test_event_streams_are_opened_followed_and_closed(yard: Yard) -> None:
    stream = {"id": 1, "params": {"interval": 10, "values": 5}, "variableMonitoringId": 3}
    data = {
        "id": 1,
        "pending": 0,
        "basetime": moment_text(yard.clock.now()),
        "data": [{"t": 0.5, "v": "31.5"}],
    }
    async with charger201(yard, version="2.1") as charger:
        opened = await charger.call("OpenPeriodicEventStream", {"constantStreamData": stream})
        assert opened == {"status": "Accepted"}
        await charger.raw.ws.send(json.dumps([6, "s1", "NotifyPeriodicEventStream", data]))
        await charger.raw.ws.send(json.dumps([6, "s2", "NotifyPeriodicEventStream", {"id": "none"}]))
        await charger.raw.ws.send(json.dumps([6, "s3", "Unheard", {}]))
        await charger.raw.ws.send(json.dumps([5, "s4", "InternalError", "", {}]))
        # Nothing of the four is answered: the next frame answers the next call.
        assert await charger.call("ClosePeriodicEventStream", {"id": 1}) == {}
    kept = await yard.rows(
        "select detail -> 'data' from charging.station_event where subject = 'stream' order by id"
    )
    assert [row[0] for row in kept] == [None, [{"t": 0.5, "v": "31.5"}], None]


async def test_an_answer_that_the_standard_does_not_allow_is_answered_with_a_result_error(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    variable = {"component": {"name": "A"}, "variable": {"name": "B"}}
    async with charger201(yard, version="2.1") as charger:
        await office.post(
            "/chargers/CP1/operations/GetVariables?wait_s=0", json={"getVariableData": [variable]}
        )
        message_id, _, _ = await charger.raw.order()
        await charger.raw.reply(message_id, {"getVariableResult": "all of them"})
        frame = await charger.raw.hear()
        assert frame[:3] == [5, message_id, "TypeConstraintViolation"]
        assert "currentTime" in await charger.call("Heartbeat", {})
    assert (await office.get("/chargers/CP1/device-model")).json() == []


async def test_a_vat_number_cannot_be_vouched_for_here(yard: Yard) -> None:
    async with charger201(yard, version="2.1") as charger:
        told = await charger.call("VatNumberValidation", {"vatNumber": "CN123456789"})
    assert told == {"vatNumber": "CN123456789", "status": "Rejected"}
