"""OCPP 2.0.1 operations on the charger itself (model, lists, files, screen), from a route to a simulated one.

The charger's end uses the ocpp library's own frames and schemas, so both ends are checked against each other.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from charging.certificates import load_ca
from charging.simulator.charger import VENDOR
from tests.charging.conftest import Yard
from tests.charging.desk201 import STATION_OPERATIONS, Desk, is_whole_file, opened_desk

ACCEPTED = {"status": "Accepted"}
TOKEN = {"idToken": "TAG1", "type": "ISO14443"}
SOON = "2030-01-01T00:00:00Z"
TRIED: set[str] = set()


@pytest.fixture
async def desk(yard: Yard, office: httpx.AsyncClient, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A charger of 2.0.1, or of the version a test is parametrised with."""
    async with opened_desk(yard, office, getattr(request, "param", "2.0.1")) as opened:
        yield opened


in_both_versions = pytest.mark.parametrize("desk", ["2.0.1", "2.1"], indirect=True)


@pytest.fixture(autouse=True, scope="module")
def _every_operation_is_tried(request: pytest.FixtureRequest) -> Any:
    """Runs after the last test of this file; a run of some of its tests proves nothing of the others."""
    yield
    if is_whole_file(request):
        assert TRIED >= STATION_OPERATIONS


async def _order(desk: Desk, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    TRIED.add(operation)
    return await desk.order(operation, payload)


def _named(component: str, variable: str, evse: int | None = None) -> dict[str, Any]:
    named: dict[str, Any] = {"component": {"name": component}, "variable": {"name": variable}}
    if evse is not None:
        named["component"]["evse"] = {"id": evse}
    return named


async def test_tc_b_06_tc_b_09_variables_are_read_and_set_one_by_one_and_kept_in_the_device_model(
    desk: Desk,
) -> None:
    asked = [
        _named("OCPPCommCtrlr", "HeartbeatInterval"),
        _named("OCPPCommCtrlr", "NoSuchThing"),
        _named("NoSuchCtrlr", "Enabled"),
        _named("SecurityCtrlr", "BasicAuthPassword"),
    ]
    read = await _order(desk, "GetVariables", {"getVariableData": asked})
    assert [one["attributeStatus"] for one in read["getVariableResult"]] == [
        "Accepted", "UnknownVariable", "UnknownComponent", "Rejected",
    ]  # fmt: skip
    found = await desk.read("/device-model?component=ocppcommctrlr&variable=heartbeatinterval")
    assert [one["value"] for one in found] == ["300"]
    values = [
        {**_named("TxCtrlr", "EVConnectionTimeOut"), "attributeValue": "90"},
        {**_named("TxCtrlr", "TxStartPoint"), "attributeValue": "EVConnected"},
        {**_named("ChargingStation", "Model"), "attributeValue": "Other"},
    ]
    result = await _order(desk, "SetVariables", {"setVariableData": values})
    assert [one["attributeStatus"] for one in result["setVariableResult"]] == [
        "Accepted", "RebootRequired", "Rejected",
    ]  # fmt: skip
    kept = await desk.read("/device-model?component=TxCtrlr&variable=EVConnectionTimeOut")
    assert [one["value"] for one in kept] == ["90"]
    assert desk.charger.memory.value("TxCtrlr", "EVConnectionTimeOut") == "90"


async def test_b_07_a_new_charger_is_asked_for_its_device_model_and_again_after_new_firmware(
    desk: Desk,
) -> None:
    async def inventories() -> list[str]:
        found = await desk.yard.rows(
            "select requested_by from charging.charger_order where action = 'GetBaseReport' "
            "and state = 'answered' order by requested_at"
        )
        return [by for (by,) in found]

    async def is_asked(times: int) -> bool:
        return len(await inventories()) == times

    await desk.yard.eventually(lambda: is_asked(1))
    assert await desk.order("Reset", {"type": "Immediate"}) == ACCEPTED
    await desk.until("select 1 from charging.charger where boot ->> 'reason' = 'RemoteReset'")
    await desk.yard.eventually(_is_connected(desk))
    assert await inventories() == ["first boot"]
    desk.charger.memory.firmware = "sim-2"
    assert await desk.order("TriggerMessage", {"requestedMessage": "BootNotification"}) == ACCEPTED
    await desk.yard.eventually(lambda: is_asked(2))
    assert await inventories() == ["first boot", "new firmware"]


@in_both_versions
async def test_b_07_b_08_the_whole_device_model_and_parts_of_it_are_reported_and_readable(
    desk: Desk,
) -> None:
    base = {"requestId": 1, "reportBase": "FullInventory"}
    assert await _order(desk, "GetBaseReport", base) == ACCEPTED
    items = await desk.whole("device", 1)
    assert len(items) == len(desk.charger.memory.variables) > 2 * 4
    model = await desk.read("/device-model")
    assert {(one["component"], one["variable"], one["evse_no"]) for one in model} == {
        (one.component, one.name, one.evse_no)
        for one in desk.charger.memory.variables.values()
        if one.name != "BasicAuthPassword"
    }
    assert [one["unit"] for one in await desk.read("/device-model?evse=1&variable=power")] == ["W"]
    some = {"requestId": 2, "componentVariable": [{"component": {"name": "TxCtrlr"}}]}
    assert await _order(desk, "GetReport", some) == ACCEPTED
    assert {item["variable"]["name"] for item in await desk.whole("device", 2)} == {
        "EVConnectionTimeOut", "TxStartPoint",
    }  # fmt: skip
    none = {"requestId": 3, "componentVariable": [{"component": {"name": "Nothing"}}]}
    assert await _order(desk, "GetReport", none) == {"status": "EmptyResultSet"}


@in_both_versions
async def test_b_09_a_network_profile_is_kept_in_its_slot_and_its_password_in_no_row(desk: Desk) -> None:
    profile = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://other.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    if desk.charger.version == "2.1":
        profile["basicAuthPassword"] = "0123456789abcdefSECRET"
    sent = {"configurationSlot": 2, "connectionData": profile}
    assert await _order(desk, "SetNetworkProfile", sent) == ACCEPTED
    assert desk.charger.memory.network[2]["securityProfile"] == 2
    rejected = await _order(desk, "SetNetworkProfile", {**sent, "configurationSlot": 9})
    assert rejected["status"] == "Rejected"
    await desk.yard.central.batch.drain()
    assert "SECRET" not in str(await desk.read("/orders")) + str(await desk.read("/messages"))


async def test_tc_b_20_a_reset_without_a_transaction_boots_the_charger_anew(desk: Desk) -> None:
    assert await _order(desk, "Reset", {"type": "Immediate"}) == ACCEPTED
    await desk.until("select 1 from charging.charger where boot ->> 'reason' = 'RemoteReset'")
    await desk.yard.eventually(_is_connected(desk))


async def test_tc_b_21_a_reset_when_idle_waits_for_the_transaction(desk: Desk) -> None:
    await desk.charging()
    assert await _order(desk, "Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
    assert await desk.yard.rows("select 1 from charging.transaction where state = 'running'")
    await desk.leave()
    await desk.until("select 1 from charging.charger where boot ->> 'reason' = 'ScheduledReset'")


async def test_tc_b_22_a_reset_at_once_ends_the_transaction_first_and_bills_it(desk: Desk) -> None:
    await desk.charging()
    assert await _order(desk, "Reset", {"type": "Immediate"}) == ACCEPTED
    await desk.until("select 1 from charging.transaction where stop_reason = 'ImmediateReset'")
    assert await desk.yard.rows("select 1 from charging.bill")
    await desk.until("select 1 from charging.charger where boot ->> 'reason' = 'RemoteReset'")


async def test_b_11_a_reset_of_one_evse_restarts_nothing_else(desk: Desk) -> None:
    await desk.charging()
    assert await _order(desk, "Reset", {"type": "Immediate", "evseId": 1}) == ACCEPTED
    await desk.until("select 1 from charging.transaction where stop_reason = 'ImmediateReset'")
    await desk.until("select 1 from charging.connector where evse_id = 'E27' and status = 'Available'")
    assert await desk.yard.rows("select boot ->> 'reason' from charging.charger where boot is not null") == [
        ("PowerUp",)
    ]


def _is_connected(desk: Desk) -> Any:
    async def check() -> bool:
        return desk.charger.line.is_connected.is_set()

    return check


async def test_c_11_d_01_d_02_the_local_list_is_replaced_changed_and_its_version_must_rise(
    desk: Desk,
) -> None:
    desk.charger.memory.cache["tag1"] = "x"
    assert await _order(desk, "ClearCache", {}) == ACCEPTED
    assert desk.charger.memory.cache == {}

    def entry(tag: str, **info: str) -> dict[str, Any]:
        return {"idToken": {"idToken": tag, "type": "ISO14443"}} | ({"idTokenInfo": info} if info else {})

    full = {
        "versionNumber": 5,
        "updateType": "Full",
        "localAuthorizationList": [entry("A", status="Accepted"), entry("B", status="Blocked")],
    }
    assert await _order(desk, "SendLocalList", full) == ACCEPTED
    change = {
        "versionNumber": 6,
        "updateType": "Differential",
        "localAuthorizationList": [entry("B"), entry("C", status="Accepted")],
    }
    assert await _order(desk, "SendLocalList", change) == ACCEPTED
    assert set(desk.charger.memory.local_list) == {"a", "c"}
    assert await _order(desk, "SendLocalList", change) == {"status": "VersionMismatch"}
    assert await _order(desk, "GetLocalListVersion", {}) == {"versionNumber": 6}


async def test_l_01_l_03_l_04_firmware_is_updated_published_and_withdrawn(desk: Desk) -> None:
    update = {"requestId": 31, "firmware": {"location": "https://files/fw", "retrieveDateTime": SOON}}
    assert await _order(desk, "UpdateFirmware", update) == ACCEPTED
    await desk.told(
        "firmware", "Downloading", "Downloaded", "Installing", "InstallRebooting", "Installed"
    )  # fmt: skip
    assert (await desk.read(""))["firmware"] == "sim-31"
    publish = {
        "requestId": 32,
        "location": "https://files/fw",
        "checksum": "0123456789abcdef0123456789abcdef",
    }
    assert await _order(desk, "PublishFirmware", publish) == ACCEPTED
    await desk.told("firmware", "ChecksumVerified", "Published")
    gone = {"checksum": publish["checksum"]}
    assert await _order(desk, "UnpublishFirmware", gone) == {"status": "Unpublished"}
    assert await _order(desk, "UnpublishFirmware", gone) == {"status": "NoFirmware"}


async def test_a_02_m_03_m_04_m_05_certificates_are_installed_listed_signed_and_deleted(desk: Desk) -> None:
    ca, _ = load_ca(desk.yard.ctx.settings.data, desk.yard.clock.now())
    pem = ca.public_bytes(serialization.Encoding.PEM).decode()
    root = {"certificateType": "CSMSRootCertificate", "certificate": pem}
    assert await _order(desk, "InstallCertificate", root) == ACCEPTED
    broken = {"certificateType": "CSMSRootCertificate", "certificate": "no certificate"}
    assert (await _order(desk, "InstallCertificate", broken))["status"] == "Rejected"
    listed = await _order(desk, "GetInstalledCertificateIds", {"certificateType": ["CSMSRootCertificate"]})
    (found,) = listed["certificateHashDataChain"]
    assert found["certificateHashData"]["serialNumber"] == f"{ca.serial_number:x}"
    gone = {"certificateHashData": found["certificateHashData"]}
    assert await _order(desk, "DeleteCertificate", gone) == ACCEPTED
    assert await _order(desk, "DeleteCertificate", gone) == {"status": "NotFound"}
    assert await _order(desk, "GetInstalledCertificateIds", {}) == {"status": "NotFound"}
    await _order(desk, "TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"})
    await desk.told("certificate", "signed")
    await desk.until(
        "select 1 from charging.charger_order where action = 'CertificateSigned' "
        "and response ->> 'status' = 'Accepted'"
    )
    foreign = await _order(desk, "CertificateSigned", {"certificateChain": pem})
    assert foreign == {"status": "Rejected"}


async def test_n_01_a_log_is_asked_for_and_its_upload_is_followed(desk: Desk) -> None:
    log = {"requestId": 51, "logType": "DiagnosticsLog", "log": {"remoteLocation": "https://files/log"}}
    assert await _order(desk, "GetLog", log) == {"status": "Accepted", "filename": "charger.log"}
    await desk.told("log", "Uploading", "Uploaded")


@in_both_versions
async def test_n_02_n_04_to_n_08_monitors_are_set_reported_cross_and_are_cleared(desk: Desk) -> None:
    assert await _order(desk, "SetMonitoringBase", {"monitoringBase": "All"}) == ACCEPTED
    assert await _order(desk, "SetMonitoringLevel", {"severity": 4}) == ACCEPTED
    assert await _order(desk, "SetMonitoringLevel", {"severity": 12}) == {"status": "Rejected"}
    assert await _order(desk, "GetMonitoringReport", {"requestId": 60}) == {"status": "EmptyResultSet"}
    timeout = _named("TxCtrlr", "EVConnectionTimeOut")
    monitor = {"value": 100, "type": "UpperThreshold", "severity": 3}
    asked = [{**monitor, **timeout}] * 5 + [{**monitor, **_named("TxCtrlr", "Nothing")}]
    set_ones = await _order(desk, "SetVariableMonitoring", {"setMonitoringData": asked})
    assert [one["status"] for one in set_ones["setMonitoringResult"]] == ["Accepted"] * 5 + [
        "UnknownVariable"
    ]
    assert await _order(desk, "GetMonitoringReport", {"requestId": 61}) == ACCEPTED
    items = await desk.whole("monitoring", 61)
    assert [one["variableMonitoring"][0]["id"] for one in items] == [1, 2, 3, 4, 5]
    cleared = await _order(desk, "ClearVariableMonitoring", {"id": [2, 3, 4, 5, 99]})
    assert [one["status"] for one in cleared["clearMonitoringResult"]] == ["Accepted"] * 4 + ["NotFound"]
    await _order(desk, "SetVariables", {"setVariableData": [{**timeout, "attributeValue": "300"}]})
    await desk.told("monitoring", "TxCtrlr.EVConnectionTimeOut")


async def test_n_09_n_10_what_a_charger_keeps_of_a_customer_is_told_in_parts_and_cleared(desk: Desk) -> None:
    desk.charger.memory.cache["tag1"] = "cached 2026-11-23, status Accepted"
    asked = {"requestId": 71, "report": True, "clear": True, "idToken": TOKEN}
    assert await _order(desk, "CustomerInformation", asked) == ACCEPTED
    items = await desk.whole("customer", 71)
    assert "".join(one["text"] for one in items) == "cached 2026-11-23, status Accepted"
    assert desk.charger.memory.cache == {}
    assert all(one["kind"] != "customer" for one in await desk.read("/reports"))


@in_both_versions
async def test_o_01_to_o_05_messages_are_shown_listed_in_parts_and_taken_away(desk: Desk) -> None:
    def message(number: int, form: str = "UTF8") -> dict[str, Any]:
        text = {"format": form, "content": f"请及时挪车 {number}", "language": "zh"}
        return {"message": {"id": number, "priority": "NormalCycle", "message": text}}

    for number in range(1, 7):
        assert await _order(desk, "SetDisplayMessage", message(number)) == ACCEPTED
    assert await _order(desk, "SetDisplayMessage", message(9, "HTML")) == {
        "status": "NotSupportedMessageFormat"
    }
    assert await _order(desk, "GetDisplayMessages", {"requestId": 81}) == ACCEPTED
    items = await desk.whole("display", 81)
    assert [one["message"]["content"] for one in items] == [f"请及时挪车 {number}" for number in range(1, 7)]
    assert await _order(desk, "GetDisplayMessages", {"requestId": 82, "id": [99]}) == {"status": "Unknown"}
    assert await _order(desk, "ClearDisplayMessage", {"id": 1}) == ACCEPTED
    assert await _order(desk, "ClearDisplayMessage", {"id": 1}) == {"status": "Unknown"}


async def test_p_01_data_is_transferred_both_ways(desk: Desk) -> None:
    sent = {"vendorId": VENDOR, "messageId": "echo", "data": "hello"}
    assert await _order(desk, "DataTransfer", sent) == {"status": "Accepted", "data": "hello"}
    assert await _order(desk, "DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}
    assert await desk.charger.tell("DataTransfer", {"vendorId": "x", "data": {"a": 1}}) == {
        "status": "UnknownVendorId"
    }
    assert (await desk.read("/events"))[0]["detail"]["data"] == {"a": 1}
