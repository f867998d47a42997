"""Who gets a socket: identity, password, sub-protocol, all before the websocket opens."""

import base64
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from charging.door import chosen_protocol, identity_of
from charging.passwords import Passwords, read_basic
from tests.charging.conftest import Yard


def _basic(user: str, password: str | bytes) -> dict[str, str]:
    octets = password.encode() if isinstance(password, str) else password
    return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + octets).decode()}


async def _status(yard: Yard, path: str, headers: dict[str, str] | None = None) -> int:
    try:
        async with connect(
            f"ws://127.0.0.1:{yard.port}{path}",
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
            additional_headers=headers or {},
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_an_unknown_identity_is_404(yard: Yard) -> None:
    assert await _status(yard, "/ocpp/NOBODY") == 404


async def test_a_path_without_an_identity_is_404(yard: Yard) -> None:
    for path in ("/", "/ocpp/", "/ocpp/a/b", "/ocpp/%00", "/ocpp/" + "x" * 60, "/ocpp/%FF"):
        assert await _status(yard, path) == 404


async def test_a_known_identity_comes_in_by_either_path_and_in_either_case(yard: Yard) -> None:
    await yard.register("CP1")
    for path in ("/ocpp/CP1", "/CP1", "/ocpp/cp1", "/ocpp/CP1/", "/OCPP/CP1?x=1"):
        assert await _status(yard, path) == 101


async def test_an_identity_is_percent_decoded(yard: Yard) -> None:
    await yard.register("南通/桩 1")
    async with yard.charger("南通/桩 1") as charger:
        assert (await charger.boot())["status"] == "Accepted"


async def test_tc_085_basic_authentication_with_the_right_password(yard: Yard) -> None:
    await yard.register("CP1", "0123456789abcdef")
    assert await _status(yard, "/ocpp/CP1", _basic("CP1", "0123456789abcdef")) == 101


async def test_tc_086_a_wrong_or_missing_password_is_401_before_the_websocket(yard: Yard) -> None:
    await yard.register("CP1", "0123456789abcdef")
    for headers in (
        {},
        _basic("CP1", "0123456789abcdeX"),
        _basic("OTHER", "0123456789abcdef"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer 0123456789abcdef"},
    ):
        assert await _status(yard, "/ocpp/CP1", headers) == 401


async def test_a_password_tagged_under_another_pepper_is_checked_slowly_once_and_tagged_anew(
    yard: Yard,
) -> None:
    charger = await yard.register("CP1", "0123456789abcdef")
    yard.central._door._passwords = yard.central._passwords = Passwords(b"another pepper")
    assert await _status(yard, "/ocpp/CP1", _basic("CP1", "wrong")) == 401
    assert await _status(yard, "/ocpp/CP1", _basic("CP1", "0123456789abcdef")) == 101
    rows = await yard.rows("select password_pepper from charging.charger where id = %(id)s", id=charger.id)
    assert rows == [(Passwords(b"another pepper").pepper_id,)]


async def test_no_password_is_stored_as_it_is(yard: Yard) -> None:
    await yard.register("CP1", "0123456789abcdef")
    ((row,),) = await yard.rows("select charger::text from charging.charger where identity = 'CP1'")
    assert "0123456789abcdef" not in row
    assert b"0123456789abcdef".hex() not in row
    assert "$argon2id$" in row


def test_a_hexadecimal_key_may_come_as_text_or_as_the_octets_it_stands_for() -> None:
    key = "00112233445566778899aabbccddeeff00112233"
    stored = Passwords(b"p").stored(key)
    as_octets = read_basic(_basic("CP", bytes.fromhex(key))["Authorization"], "CP")
    as_text = read_basic(_basic("CP", key)["Authorization"], "cp")
    assert as_octets is not None and as_text is not None
    assert Passwords(b"p").is_tagged(as_octets, stored.tag)
    assert Passwords(b"p").is_tagged(as_text, stored.tag)


@pytest.mark.parametrize("charging_settings", [{"ocpp_accept_unknown": True}])
async def test_tc_002_an_unknown_charger_let_in_is_pending_and_may_not_start(yard: Yard) -> None:
    async with yard.charger("NEWCOMER") as charger:
        assert (await charger.boot())["status"] == "Pending"
        start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2026-03-02T01:00:00Z"}
        assert await charger.refusal("StartTransaction", start) == "SecurityError"


async def test_a_rejected_charger_is_told_so(yard: Yard) -> None:
    charger = await yard.register("CP1")
    await yard.rows("update charging.charger set registration = 'rejected' returning id")
    await yard.central._door.learn()
    async with yard.charger("CP1") as told:
        assert (await told.boot())["status"] == "Rejected"
    assert charger.registration == "accepted"


async def _protocol(yard: Yard, offered: list[str] | None) -> Any:
    await yard.register("CP1")
    async with connect(f"ws://127.0.0.1:{yard.port}/ocpp/CP1", subprotocols=offered) as ws:  # type: ignore[arg-type]
        if ws.subprotocol is None:
            await ws.send('[2,"1","Heartbeat",{}]')
            await ws.recv()
        return ws.subprotocol


async def test_the_first_served_sub_protocol_of_the_chargers_list_is_taken(yard: Yard) -> None:
    assert await _protocol(yard, ["ocpp1.5", "ocpp1.6"]) == "ocpp1.6"


async def test_no_common_sub_protocol_completes_the_handshake_and_closes(yard: Yard) -> None:
    with pytest.raises(ConnectionClosed):
        await _protocol(yard, ["ocpp1.2", "mqtt"])


async def test_a_charger_that_names_no_sub_protocol_speaks_1_6(yard: Yard) -> None:
    assert await _protocol(yard, None) is None


def test_the_order_of_preference_is_the_chargers() -> None:
    assert chosen_protocol(["ocpp1.6", "ocpp2.0.1"], ["ocpp2.0.1", "ocpp1.6"]) == "ocpp1.6"
    assert chosen_protocol(["OCPP1.6"], ["ocpp1.6"]) == "ocpp1.6"


def test_an_identity_never_holds_what_a_log_cannot_show() -> None:
    assert identity_of("/ocpp/a%0Ab") is None
    assert identity_of("/ocpp/%E5%8D%97") == "南"
