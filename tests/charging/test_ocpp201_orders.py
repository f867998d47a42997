"""Orders to 2.x chargers, reports in parts, and 2.1's messages without an answer."""

from typing import Any

import httpx

from charging import orders
from facility.db import unit_of_work
from tests.charging.charger201 import Charger201, charger201
from tests.charging.conftest import Yard
from tests.charging.test_door import _basic, _status


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


async def test_tc_b_12_a_report_in_parts_is_put_together_in_any_order(
    yard: Yard, office: httpx.AsyncClient
) -> None:
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
        (report,) = (await office.get("/chargers/CP1/reports?kind=device")).json()
        assert (report["is_whole"], report["missing"]) == (False, [0])
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


async def test_a_part_that_never_comes_is_named_and_costs_the_others_nothing(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    part = {"requestId": 8, "generatedAt": "2026-11-23T00:00:00Z", "tbc": True}
    async with charger201(yard) as charger:
        for number in (3, 0, 3):
            item = _item(f"Part{number}", str(number))
            await charger.call("NotifyReport", {**part, "seqNo": number, "reportData": [item]})
        await charger.call(
            "NotifyReport", {**part, "seqNo": 5, "tbc": False, "reportData": [_item("P5", "5")]}
        )
    (report,) = (await office.get("/chargers/CP1/reports?request_id=8")).json()
    assert (report["is_whole"], report["missing"], report["parts"]) == (False, [1, 2, 4], 3)
    names = [one["variable"] for one in (await office.get("/chargers/CP1/device-model")).json()]
    assert names == ["P5", "Part0", "Part3"]


async def test_a_whole_inventory_forgets_what_it_no_longer_names_and_a_part_of_one_does_not(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    part = {"generatedAt": "2026-11-23T00:00:00Z", "seqNo": 0}

    async def names() -> list[str]:
        return [one["variable"] for one in (await office.get("/chargers/CP1/device-model")).json()]

    async with charger201(yard) as charger:
        await charger.call("NotifyReport", {**part, "requestId": 1, "reportData": [_item("Old", "1")]})
        await charger.call("NotifyReport", {**part, "requestId": 2, "reportData": [_item("New", "2")]})
        assert await names() == ["New", "Old"]
        base = {"requestId": 3, "reportBase": "FullInventory"}
        await _order(yard, charger, "GetBaseReport", base, {"status": "Accepted"})
        await charger.call("NotifyReport", {**part, "requestId": 3, "reportData": [_item("New", "3")]})
    assert await names() == ["New"]


async def test_unnumbered_parts_follow_each_other_and_a_repeated_one_counts_once(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    def message(number: int) -> dict[str, Any]:
        text = {"format": "UTF8", "content": str(number)}
        return {"id": number, "priority": "NormalCycle", "message": text}

    async def told(numbers: list[int], *, is_more: bool) -> None:
        sent = {"requestId": 4, "tbc": is_more, "messageInfo": [message(one) for one in numbers]}
        await charger.call("NotifyDisplayMessages", sent)

    async def shown() -> tuple[bool, list[int]]:
        (report,) = (await office.get("/chargers/CP1/reports?kind=display")).json()
        return report["is_whole"], [one["id"] for one in report["items"]]

    async with charger201(yard) as charger:
        await told([1, 2], is_more=True)
        await told([1, 2], is_more=True)
        assert await shown() == (False, [1, 2])
        await told([3], is_more=False)
        await told([3], is_more=False)
        assert await shown() == (True, [1, 2, 3])
        await told([7], is_more=False)
        assert await shown() == (True, [7])


async def test_a_01_a_new_password_holds_from_the_next_connection_and_is_kept_nowhere(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    old, new = "0123456789abcdef", "NEW-0123456789-SECRET"
    await yard.register("CP1", old)
    named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    headers = _basic("CP1", old)
    async with yard.charger("CP1", subprotocols=["ocpp2.0.1"], additional_headers=headers) as raw:
        charger = Charger201(raw, "2.0.1")
        await charger.boot()
        message_id, action, _ = await raw.order()
        assert action == "GetBaseReport"
        await raw.reply(message_id, {"status": "NotSupported"})
        data = [{**named, "attributeValue": new}]
        await office.post("/chargers/CP1/operations/SetVariables?wait_s=0", json={"setVariableData": data})
        message_id, _, sent = await raw.order()
        assert sent["setVariableData"][0]["attributeValue"] == new
        await raw.reply(message_id, {"setVariableResult": [{**named, "attributeStatus": "Accepted"}]})

        async def has_changed() -> bool:
            return await _status(yard, "/ocpp/CP1", _basic("CP1", new)) == 101

        await yard.eventually(has_changed)
    assert await _status(yard, "/ocpp/CP1", headers) == 401
    await yard.central.batch.drain()
    for table in ("charger_order", "message", "device_variable", "charger"):
        found = f"select 1 from charging.{table} t where t::text like %(new)s"
        assert not await yard.rows(found, new=f"%{new}%")
