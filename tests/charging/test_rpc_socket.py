"""The RPC layer over a real websocket: whatever comes, the right answer goes back and the socket lives."""

import json

import pytest

from tests.charging.conftest import RawCharger, Yard


@pytest.fixture
async def _registered(yard: Yard) -> None:
    await yard.register("CP1")


pytestmark = pytest.mark.usefixtures("_registered")


async def _lives(charger: RawCharger) -> None:
    assert "currentTime" in await charger.call("Heartbeat", {})


CASES = (
    ('[2,"a1","Heartbeat",{"x":]', "a1", "FormationViolation"),
    ('[2,"a2"]', "a2", "FormationViolation"),
    ('[2,"a3","Heartbeat"]', "a3", "FormationViolation"),
    ('[9,"a4","Heartbeat",{}]', "a4", "FormationViolation"),
    (f'[2,"{"i" * 60}","Heartbeat",{{}}]', "i" * 60, "FormationViolation"),
    ('[2,77,"Heartbeat",{}]', "77", "FormationViolation"),
    ('[2,"a5","Heartbeat",[1]]', "a5", "FormationViolation"),
    ('[2,"a6","Heartbeat","text"]', "a6", "FormationViolation"),
    ('[2,"a7","BootNotification",null]', "a7", "OccurenceConstraintViolation"),
    ('[2,"a8","NoSuchAction",{}]', "a8", "NotImplemented"),
    ('[2,"a9","RemoteStartTransaction",{"idTag":"x"}]', "a9", "NotSupported"),
    ('[2,"b1","../../etc/passwd",{}]', "b1", "NotImplemented"),
    ('[2,"b2","Authorize",{"idTag":7}]', "b2", "TypeConstraintViolation"),
    ('[2,"b3","Authorize",{}]', "b3", "OccurenceConstraintViolation"),
    ('[2,"b4","Authorize",{"idTag":"123456789012345678901"}]', "b4", "PropertyConstraintViolation"),
)
SILENT = (
    "{}",
    "[]",
    "7",
    "null",
    "not json",
    '"text"',
    "[2]",
    "[[],[]]",
    "",
    "[2,null,null,null]",
    '[3,"x"]',
    "[4]",
)


async def test_a_bad_call_is_answered_with_its_code_under_its_id_and_the_socket_lives(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        for raw, message_id, code in CASES:
            assert (await charger.tell(raw))[:3] == [4, message_id, code], raw
            await _lives(charger)


async def test_a_frame_without_a_readable_id_is_not_answered_and_the_socket_lives(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        for raw in SILENT:
            await charger.ws.send(raw)
            await _lives(charger)


async def test_nothing_of_a_bad_message_is_echoed(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        raw = json.dumps([2, "m", "Authorize", {"idTag": {"secret-word": "<script>"}}])
        text = json.dumps(await charger.tell(raw))
    assert "secret" not in text
    assert "script" not in text


async def test_null_is_an_empty_payload_where_the_action_has_no_fields(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        assert "currentTime" in await charger.call("Heartbeat", None)


async def test_null_members_and_unknown_members_do_not_lose_a_message(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        sent = {
            "chargePointVendor": "V",
            "chargePointModel": "M",
            "iccid": None,
            "vendorExtra": {"a": [1, None]},
        }
        assert (await charger.call("BootNotification", sent))["status"] == "Accepted"


async def test_octets_and_nul_and_emoji_are_survived(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await charger.ws.send(
            '[2,"n1","DataTransfer",{"vendorId":"a\\u0000b","data":"😀\\ud83d\\ude00"}]'.encode()
        )
        answer = await charger.hear()
        assert answer[:2] == [3, "n1"]
        await charger.ws.send('[2,"n2","DataTransfer",{"vendorId":"\\ud800"}]')
        assert (await charger.hear())[:3] == [4, "n2", "FormationViolation"]
        await _lives(charger)


async def test_an_answer_to_nothing_is_ignored(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await charger.ws.send('[3,"unknown",{}]')
        await charger.ws.send('[4,"unknown","InternalError","",{}]')
        await _lives(charger)


async def test_the_trace_keeps_what_was_said_both_ways(yard: Yard) -> None:
    async with yard.charger("CP1") as charger:
        await charger.tell('[2,"a4","Nonsense",{}]')
        await _lives(charger)
    await yard.central.batch.drain()
    rows = await yard.rows(
        "select is_incoming, kind, action from charging.message order by at, is_incoming desc"
    )
    assert rows == [
        (True, 2, "Nonsense"),
        (False, 4, "Nonsense"),
        (True, 2, "Heartbeat"),
        (False, 3, "Heartbeat"),
    ]


async def test_what_a_charger_sent_before_it_closed_is_read_although_it_waited_for_no_answer(
    yard: Yard,
) -> None:
    async with yard.charger("CP1") as charger:
        await charger.boot()
        for connector in range(1, 6):
            status = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
            await charger.ws.send(json.dumps([2, f"s{connector}", "StatusNotification", status]))

    async def are_kept() -> bool:
        return await yard.rows(
            "select count(*) from charging.connector where connector_no > 0 or evse_no > 0"
        ) >= [(5,)]

    await yard.eventually(are_kept)
