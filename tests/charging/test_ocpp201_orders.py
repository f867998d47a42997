"""Orders to 2.x chargers, reports in parts, and 2.1's messages without an answer."""

from typing import Any

from charging import orders
from facility.db import unit_of_work
from tests.charging.charger201 import Charger201, charger201
from tests.charging.conftest import Yard


async def _order(
    yard: Yard, charger: Charger201, action: str, payload: dict[str, Any], answer: dict[str, Any]
) -> None:
    async with unit_of_work(yard.ctx.pool) as conn:
        found = await orders.find_charger(conn, "CP1")
        await orders.request_order(
            conn, charger_id=found.id, version=charger.version, action=action, payload=payload, by="test",
            clock=yard.clock,
        )  # fmt: skip
    message_id, sent, got = await charger.raw.order()
    assert (sent, got) == (action, payload)
    await charger.raw.reply(message_id, answer)

    async def is_done() -> bool:
        return bool(
            await yard.rows(
                "select 1 from charging.charger_order where state = 'answered' and action = %(a)s", a=action
            )
        )

    await yard.eventually(is_done)


def _item(name: str, value: str) -> dict[str, Any]:
    return {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": name},
        "variableAttribute": [{"value": value}],
    }


async def test_tc_b_12_a_report_in_parts_is_put_together_in_any_order(yard: Yard) -> None:
    async with charger201(yard) as charger:
        await _order(
            yard,
            charger,
            "GetBaseReport",
            {"requestId": 7, "reportBase": "FullInventory"},
            {"status": "Accepted"},
        )
        part = {"requestId": 7, "generatedAt": "2026-11-23T00:00:00Z"}
        await charger.call("NotifyReport", {**part, "seqNo": 1, "reportData": [_item("RetryBackOff", "3")]})
        assert await yard.rows("select count(*) from charging.device_variable") == [(0,)]
        await charger.call(
            "NotifyReport", {**part, "seqNo": 0, "tbc": True, "reportData": [_item("Heartbeat", "300")]}
        )
    assert await yard.rows("select variable, value from charging.device_variable order by 1") == [
        ("Heartbeat", "300"), ("RetryBackOff", "3")
    ]  # fmt: skip


async def test_tc_b_09_g_03_what_a_charger_accepts_is_kept(yard: Yard) -> None:
    variable = {"component": {"name": "TxCtrlr"}, "variable": {"name": "EVConnectionTimeOut"}}
    async with charger201(yard) as charger:
        await charger.call("StatusNotification", {
            "timestamp": "2026-11-23T00:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1,
        })  # fmt: skip
        out = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
        await _order(yard, charger, "ChangeAvailability", out, {"status": "Accepted"})
        await _order(yard, charger, "SetVariables", {"setVariableData": [{"attributeValue": "60", **variable}]},
                     {"setVariableResult": [{"attributeStatus": "Accepted", **variable}]})  # fmt: skip
    assert await yard.rows("select availability from report.charger where identity = 'CP1'") == [
        ("inoperative",)
    ]
    assert await yard.rows("select variable, value from charging.device_variable") == [
        ("EVConnectionTimeOut", "60")
    ]


async def test_2_1_takes_sends_and_result_errors_without_an_answer(yard: Yard) -> None:
    async with charger201(yard, version="2.1") as charger:
        await charger.raw.ws.send(
            '[6,"s1","NotifyPeriodicEventStream",{"id":1,"pending":0,"basetime":"x","data":[]}]'
        )
        await charger.raw.ws.send('[5,"s2","InternalError","",{}]')
        assert "currentTime" in await charger.call("Heartbeat", {})
    assert await yard.rows("select subject from charging.station_event") == [("stream",)]
