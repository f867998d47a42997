"""Orders from a route to the charger and back: every operation of OCPP 1.6, refusals, time-outs, restarts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import charging.history_http
import charging.http
import charging.link
from charging.orders import CSMS_ACTIONS_16
from tests.charging.conftest import RawCharger, Yard
from tests.charging.test_door import _basic, _status

SOON = "2030-01-01T00:00:00Z"
PROFILE = {
    "chargingProfileId": 7,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.5}],
    },
}
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1"}
LOG = {"remoteLocation": "ftp://127.0.0.1/logs"}
FIRMWARE = {
    "location": "https://127.0.0.1/fw",
    "retrieveDateTime": SOON,
    "signingCertificate": "c",
    "signature": "s",
}
ACCEPTED = {"status": "Accepted"}

# (OCA case, operation, payload, the charger's answer)
OPERATIONS: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("TC_010", "RemoteStartTransaction", {"idTag": "TAG1", "connectorId": 1}, ACCEPTED),
    ("TC_012", "RemoteStopTransaction", {"transactionId": 5}, ACCEPTED),
    ("TC_013", "Reset", {"type": "Hard"}, ACCEPTED),
    ("TC_014", "Reset", {"type": "Soft"}, ACCEPTED),
    ("TC_017", "UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
    ("TC_019", "GetConfiguration", {}, {"configurationKey": [{"key": "A", "readonly": False, "value": "1"}]}),
    ("TC_021", "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "60"}, ACCEPTED),
    ("TC_042", "GetLocalListVersion", {}, {"listVersion": 3}),
    ("TC_043", "SendLocalList", {"listVersion": 1, "updateType": "Full"}, ACCEPTED),
    ("TC_044", "UpdateFirmware", {"location": "ftp://127.0.0.1/f", "retrieveDate": SOON}, {}),
    ("TC_045", "GetDiagnostics", {"location": "ftp://127.0.0.1/d"}, {"fileName": "d.log"}),
    (
        "TC_046",
        "ReserveNow",
        {"connectorId": 1, "expiryDate": SOON, "idTag": "TAG1", "reservationId": 41},
        ACCEPTED,
    ),
    ("TC_051", "CancelReservation", {"reservationId": 41}, ACCEPTED),
    ("TC_054", "TriggerMessage", {"requestedMessage": "Heartbeat"}, ACCEPTED),
    ("TC_056", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE}, ACCEPTED),
    ("TC_066", "GetCompositeSchedule", {"connectorId": 1, "duration": 60}, ACCEPTED),
    ("TC_067", "ClearChargingProfile", {"id": 7}, ACCEPTED),
    ("TC_061", "ClearCache", {}, ACCEPTED),
    ("TC_062", "DataTransfer", {"vendorId": "v"}, {"status": "UnknownVendorId"}),
    ("TC_024", "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, ACCEPTED),
    ("TC_074", "ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}, ACCEPTED),
    (
        "TC_075",
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": "c"},
        ACCEPTED,
    ),
    ("TC_076", "DeleteCertificate", {"certificateHashData": HASH}, ACCEPTED),
    ("TC_077", "GetInstalledCertificateIds", {"certificateType": "CentralSystemRootCertificate"}, ACCEPTED),
    ("TC_078", "GetLog", {"logType": "SecurityLog", "requestId": 1, "log": LOG}, ACCEPTED),
    ("TC_080", "SignedUpdateFirmware", {"requestId": 2, "firmware": FIRMWARE}, ACCEPTED),
    ("TC_083", "CertificateSigned", {"certificateChain": "c"}, ACCEPTED),
)


async def _operate(
    office: httpx.AsyncClient,
    charger: RawCharger,
    operation: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask by the route, answer as the charger; returns what the charger was sent and what the route said."""
    asking = asyncio.create_task(office.post(f"/chargers/CP1/operations/{operation}", json=payload))
    message_id, action, sent = await charger.order()
    assert action == operation
    await charger.reply(message_id, answer)
    return sent, (await asking).json()


def test_every_operation_of_the_standard_is_tried() -> None:
    assert {operation for _, operation, _, _ in OPERATIONS} == CSMS_ACTIONS_16


async def test_every_operation_goes_from_the_route_to_the_charger_and_its_answer_comes_back(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        for case, operation, payload, answer in OPERATIONS:
            sent, said = await _operate(office, charger, operation, payload, answer)
            assert sent == payload, case
            assert (said["status"], said["response"]) == ("answered", answer), case
    kept = (await office.get("/chargers/CP1/orders?limit=100")).json()
    assert len(kept) == len(OPERATIONS)
    assert {order["requested_by"] for order in kept} == {"周敏"}
    assert (await office.get("/chargers/CP1/configuration")).json()[0]["key"] == "A"
    assert [one["state"] for one in (await office.get("/reservations?charger=CP1")).json()] == ["cancelled"]
    assert (await office.get("/chargers/CP1")).json()["connectors"] == []


async def test_tc_056_an_accepted_profile_is_kept_until_it_is_cleared(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        setting = {"connectorId": 1, "csChargingProfiles": PROFILE}
        await _operate(office, charger, "SetChargingProfile", setting, ACCEPTED)
        assert [one["profile_id"] for one in (await office.get("/chargers/CP1/profiles")).json()] == [7]
        await _operate(office, charger, "ClearChargingProfile", {"id": 7}, ACCEPTED)
        assert (await office.get("/chargers/CP1/profiles")).json() == []


async def test_an_operation_that_breaks_the_schema_or_does_not_exist_is_refused_at_the_route(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1")
    assert (await office.post("/chargers/CP1/operations/Reset", json={"type": "X"})).status_code == 422
    assert (await office.post("/chargers/CP1/operations/Heartbeat", json={})).status_code == 404
    assert (await office.post("/chargers/NOBODY/operations/ClearCache", json={})).status_code == 404


async def test_a_charger_that_answers_with_an_error_refuses_the_order(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        asking = asyncio.create_task(office.post("/chargers/CP1/operations/ClearCache", json={}))
        message_id, _, _ = await charger.order()
        await charger.ws.send(f'[4,"{message_id}","NotImplemented","no such thing",{{}}]')
        said = (await asking).json()
    assert (said["status"], said["error_code"]) == ("refused", "NotImplemented")


async def test_one_call_at_a_time_and_the_next_after_a_time_out(
    yard: Yard, office: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charging.link, "ANSWER_WITHIN_S", 0.3)
    await yard.register("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        first = asyncio.create_task(office.post("/chargers/CP1/operations/ClearCache", json={}))
        await charger.order()
        second = asyncio.create_task(office.post("/chargers/CP1/operations/GetLocalListVersion", json={}))
        assert await charger.hears_nothing(0.1)
        message_id, action, _ = await charger.order()
        assert action == "GetLocalListVersion"
        assert (await first).json()["status"] == "timed_out"
        await charger.reply(message_id, {"listVersion": 0})
        assert (await second).json()["status"] == "answered"


async def test_an_order_for_a_charger_that_is_away_waits_and_is_sent_when_it_returns(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1")
    said = (await office.post("/chargers/CP1/operations/ClearCache?wait_s=0", json={})).json()
    assert said["status"] == "queued"
    async with yard.charger("CP1") as charger:
        await charger.boot()
        await yard.central._sweep_orders()
        message_id, action, _ = await charger.order()
        assert action == "ClearCache"
        await charger.reply(message_id, ACCEPTED)
        await yard.eventually(lambda: _is(office, said["id"], "answered"))


async def _is(office: httpx.AsyncClient, order_id: str, status: str) -> bool:
    return bool((await office.get(f"/orders/{order_id}")).json()["status"] == status)


async def test_after_a_lost_connection_what_may_be_repeated_is_sent_again_and_the_rest_is_given_up(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        lists = (await office.post("/chargers/CP1/operations/GetLocalListVersion?wait_s=0", json={})).json()
        await charger.order()
    async with yard.charger("CP1") as charger:
        await charger.boot()
        await yard.central._sweep_orders()
        message_id, action, _ = await charger.order()
        assert action == "GetLocalListVersion"
        await charger.reply(message_id, {"listVersion": 9})
        await yard.eventually(lambda: _is(office, lists["id"], "answered"))
        reset = (await office.post("/chargers/CP1/operations/Reset?wait_s=0", json={"type": "Hard"})).json()
        await charger.order()
    async with yard.charger("CP1") as charger:
        await charger.boot()
        await yard.eventually(lambda: _is(office, reset["id"], "timed_out"))
        assert await charger.hears_nothing()


async def test_an_order_whose_time_is_over_expires_unsent(yard: Yard, office: httpx.AsyncClient) -> None:
    await yard.register("CP1")
    said = (await office.post("/chargers/CP1/operations/ClearCache?wait_s=0", json={})).json()
    yard.clock.ahead += timedelta(hours=25)
    async with yard.charger("CP1") as charger:
        await charger.boot()
        await yard.central._sweep_orders()
        assert await charger.hears_nothing()
    assert await _is(office, said["id"], "expired")


async def test_tc_073_a_new_authorization_key_holds_from_the_next_connection_and_is_kept_nowhere(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    await yard.register("CP1", "0123456789abcdef")
    new = "AABBCCDDEEFF00112233"
    async with yard.charger("CP1", additional_headers=_basic("CP1", "0123456789abcdef")) as charger:
        await charger.boot()
        sent, said = await _operate(
            office, charger, "ChangeConfiguration", {"key": "AuthorizationKey", "value": new}, ACCEPTED
        )
        assert sent["value"] == new
        assert said["response"] == ACCEPTED

    async def has_changed() -> bool:
        return await _status(yard, "/ocpp/CP1", _basic("CP1", new)) == 101

    await yard.eventually(has_changed)
    assert await _status(yard, "/ocpp/CP1", _basic("CP1", "0123456789abcdef")) == 401
    await yard.central.batch.drain()
    for table in ("charger_order", "message", "configuration", "charger"):
        assert not await yard.rows(
            f"select 1 from charging.{table} t where t::text like %(new)s", new=f"%{new}%"
        )


def _request(name: str) -> tuple[str, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode(), key


async def test_tc_074_a_signing_request_is_answered_with_a_certificate_of_its_own_key(yard: Yard) -> None:
    await yard.register("CP1")
    text, key = _request("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        assert await charger.call("SignCertificate", {"csr": text}) == ACCEPTED
        message_id, action, sent = await charger.order()
        await charger.reply(message_id, ACCEPTED)
    assert action == "CertificateSigned"
    leaf, ca = x509.load_pem_x509_certificates(sent["certificateChain"].encode())
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(ca)
    assert leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


async def test_a_signing_request_in_another_chargers_name_is_rejected(yard: Yard) -> None:
    await yard.register("CP1")
    async with yard.charger("CP1") as charger:
        await charger.boot()
        for text in (_request("CP2")[0], "not a request"):
            assert await charger.call("SignCertificate", {"csr": text}) == {"status": "Rejected"}


async def test_what_is_stored_is_read_back_by_the_routes(yard: Yard, office: httpx.AsyncClient) -> None:
    made = await office.post("/chargers", json={"identity": "CP1", "password": "0123456789abcdef"})
    assert made.status_code == 201
    assert made.json()["has_password"] is True
    assert (await office.post("/chargers", json={"identity": "cp1"})).status_code == 409
    await office.put("/id-tags/TAG1", json={"plate": "苏FD12345"})
    assert (await office.put("/id-tags", json=[{"id_tag": "TAG2", "status": "Blocked"}])).status_code == 200
    assert {tag["id_tag"] for tag in (await office.get("/id-tags")).json()} == {"TAG1", "TAG2"}
    async with yard.charger("CP1", additional_headers=_basic("CP1", "0123456789abcdef")) as charger:
        await charger.boot()
        start = {"connectorId": 1, "idTag": "TAG1", "meterStart": 0, "timestamp": SOON}
        number = (await charger.call("StartTransaction", start))["transactionId"]
        seen = (await office.get("/chargers/CP1")).json()
        assert (seen["is_connected"], seen["open_transactions"]) == (True, [number])
        closed = await office.post(f"/transactions/{number}/close", json={"reason": "桩已拆除"})
        assert (closed.json()["state"], closed.json()["plate"]) == ("closed", "苏FD12345")
        again = await office.post(f"/transactions/{number}/close", json={"reason": "again"})
        assert (again.status_code, again.json()["code"]) == (409, "transaction_state")
    assert (await office.post(f"/transactions/{number}/settle", json={"reference": "cash"})).json()[
        "state"
    ] == "settled"
    assert (await office.post(f"/transactions/{number}/settle", json={})).status_code == 409
    await yard.central.batch.drain()
    lines = (await office.get("/chargers/CP1/messages?action=StartTransaction")).json()
    assert [line["is_incoming"] for line in lines] == [False, True]
    assert "BootNotification" in (await office.get("/chargers/CP1/messages.log")).text
    assert (await office.get("/transactions?charger=CP1")).json()[0]["id"] == number


async def test_a_price_list_is_added_never_edited_and_a_broken_one_is_refused(
    yard: Yard, office: httpx.AsyncClient
) -> None:
    band = {
        "name": "all",
        "from": "00:00",
        "to": "24:00",
        "energy_yuan_per_kwh": "0.5",
        "service_yuan_per_kwh": "0.3",
    }
    body = {"name": "flat-2026", "valid_from": SOON, "source": "test list", "tariff": {"bands": [band]}}
    assert (await office.post("/energy-tariffs", json=body)).status_code == 201
    assert (await office.post("/energy-tariffs", json=body)).status_code == 409
    hole = {**body, "name": "hole", "tariff": {"bands": [{**band, "to": "23:00"}]}}
    assert (await office.post("/energy-tariffs", json=hole)).json()["code"] == "energy_tariff_broken"
