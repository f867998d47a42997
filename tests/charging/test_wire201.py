"""Every operation of OCPP 2.0.1 from a route over a socket to a simulated charger, and what comes of it.

The charger's end uses the ocpp library's own frames and schemas, so both ends are checked against each other.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from charging.certificates import load_ca
from charging.operations201 import CSMS_ACTIONS_201
from charging.simulator.charger import VENDOR
from charging.station201 import moment_text
from tests.charging.conftest import Yard
from tests.charging.desk201 import Desk, opened_desk

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
def _every_operation_is_tried() -> Any:
    """Runs after the last test of this file; a run of some of its tests proves nothing of the others."""
    yield
    if len(TRIED) > 25:
        assert TRIED == CSMS_ACTIONS_201


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


@in_both_versions
async def test_f_01_f_03_a_charge_is_started_and_stopped_from_here_and_its_cost_is_told(
    desk: Desk,
) -> None:
    start = {"remoteStartId": 7, "evseId": 1, "idToken": {"idToken": "TAG1", "type": "Central"}}
    await desk.yard.tag("TAG1", kind="Central")
    assert await _order(desk, "RequestStartTransaction", start) == ACCEPTED
    await desk.until("select 1 from charging.transaction where state = 'running'")
    ((name,),) = await desk.yard.rows("select station_transaction from charging.transaction")
    status = await _order(desk, "GetTransactionStatus", {"transactionId": name})
    assert status == {"ongoingIndicator": True, "messagesInQueue": False}
    cost = {"totalCost": 3.5, "transactionId": name}
    assert await _order(desk, "CostUpdated", cost) == {}
    assert desk.charger.memory.shown_cost == 3.5
    stop = await _order(desk, "RequestStopTransaction", {"transactionId": "another"})
    assert stop == {"status": "Rejected"}
    assert await _order(desk, "RequestStopTransaction", {"transactionId": name}) == ACCEPTED
    await desk.until(
        "select 1 from charging.transaction where stop_reason = 'Remote' and delivered_wh is not null"
    )


async def test_i_02_the_running_cost_is_told_to_the_charger_about_once_a_minute(desk: Desk) -> None:
    await desk.charging()
    desk.yard.clock.ahead += timedelta(minutes=2)

    async def is_shown() -> bool:
        return desk.charger.memory.shown_cost is not None

    await desk.yard.eventually(is_shown)
    costs = await desk.yard.rows(
        "select (payload ->> 'totalCost')::numeric from charging.charger_order where action = 'CostUpdated'"
    )
    assert costs and desk.charger.memory.shown_cost == float(costs[0][0])


async def test_f_05_tc_f_20_a_connector_is_unlocked_and_messages_are_triggered(desk: Desk) -> None:
    plug = {"evseId": 1, "connectorId": 1}
    assert await _order(desk, "UnlockConnector", plug) == {"status": "Unlocked"}
    assert await _order(desk, "UnlockConnector", {"evseId": 2, "connectorId": 1}) == {
        "status": "UnknownConnector"
    }
    trigger = {"requestedMessage": "MeterValues", "evse": {"id": 1}}
    assert await _order(desk, "TriggerMessage", trigger) == ACCEPTED
    await desk.until(
        "select 1 from charging.meter_sample where context = 'Trigger' and transaction_id is null"
    )
    assert await _order(desk, "TriggerMessage", {"requestedMessage": "BootNotification"}) == ACCEPTED
    await desk.until("select 1 from charging.charger where boot ->> 'reason' = 'Triggered'")
    assert await _order(desk, "TriggerMessage", {"requestedMessage": "TransactionEvent"}) == {
        "status": "Rejected"
    }
    assert await _order(desk, "TriggerMessage", {"requestedMessage": "SignV2GCertificate"}) == {
        "status": "NotImplemented"
    }
    await desk.charging()
    assert await _order(desk, "UnlockConnector", plug) == {"status": "OngoingAuthorizedTransaction"}
    assert await _order(desk, "TriggerMessage", {"requestedMessage": "TransactionEvent"}) == ACCEPTED
    await desk.until("select 1 from charging.transaction_event where trigger_reason = 'Trigger'")


async def test_g_03_g_04_availability_is_changed_now_or_after_the_transaction(desk: Desk) -> None:
    out = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    serve = {"operationalStatus": "Operative", "evse": {"id": 1}}
    assert await _order(desk, "ChangeAvailability", out) == ACCEPTED
    await desk.until("select 1 from charging.connector where status = 'Unavailable'")
    assert await _order(desk, "ChangeAvailability", serve) == ACCEPTED
    await desk.until("select 1 from charging.connector where evse_id = 'E27' and status = 'Available'")
    await desk.charging()
    assert await _order(desk, "ChangeAvailability", out) == {"status": "Scheduled"}
    assert await desk.yard.rows(
        "select 1 from charging.connector where evse_id = 'E27' and availability = 'scheduled'"
    )


async def test_h_01_h_02_h_04_a_reservation_is_kept_cancelled_expired_and_removed(desk: Desk) -> None:
    async def reserve(number: int, until: str = SOON) -> dict[str, Any]:
        sent = {"id": number, "expiryDateTime": until, "idToken": TOKEN, "evseId": 1}
        return await _order(desk, "ReserveNow", sent)

    async def stands(number: int, state: str) -> None:
        await desk.until(
            "select 1 from charging.reservation where id = %(id)s and state = %(state)s",
            id=number, state=state,
        )  # fmt: skip

    assert await reserve(41) == ACCEPTED
    await stands(41, "active")
    assert await reserve(42) == {"status": "Occupied"}
    assert await _order(desk, "CancelReservation", {"reservationId": 41}) == ACCEPTED
    await stands(41, "cancelled")
    assert await _order(desk, "CancelReservation", {"reservationId": 41}) == {"status": "Rejected"}
    soon = moment_text(desk.yard.clock.now() + timedelta(milliseconds=300))
    assert await reserve(43, soon) == ACCEPTED
    await stands(43, "expired")
    assert await reserve(44) == ACCEPTED
    await _order(desk, "ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 1}})
    await stands(44, "cancelled")


def _profile(number: int, purpose: str, limit: float, unit: str = "A", **more: Any) -> dict[str, Any]:
    schedule = {
        "id": number,
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": number,
        "stackLevel": number,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative" if purpose == "TxProfile" else "Absolute",
        "chargingSchedule": [schedule],
        **more,
    }


@in_both_versions
async def test_tc_k_01_tc_k_09_profiles_are_set_reported_back_and_cleared(desk: Desk) -> None:
    for number in range(1, 6):
        default = {"evseId": 1, "chargingProfile": _profile(number, "TxDefaultProfile", 10 + number)}
        assert await _order(desk, "SetChargingProfile", default) == ACCEPTED
    station = {"evseId": 0, "chargingProfile": _profile(9, "ChargingStationMaxProfile", 30_000, "W")}
    assert await _order(desk, "SetChargingProfile", station) == ACCEPTED
    kept = await desk.read("/profiles")
    assert [(one["profile_id"], one["status"]) for one in kept] == [(9, "Accepted")] + [
        (number, "Accepted") for number in range(1, 6)
    ]
    composite = await _order(
        desk, "GetCompositeSchedule", {"duration": 600, "evseId": 1, "chargingRateUnit": "W"}
    )
    assert composite["schedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 15 * 660}]
    every = {"requestId": 21, "chargingProfile": {}}
    assert await _order(desk, "GetChargingProfiles", every) == ACCEPTED
    items = await desk.whole("profiles", 21)
    assert [(one["evseId"], one["chargingProfile"]["id"], one["source"]) for one in items] == [
        (1, 1, "CSO"), (1, 2, "CSO"), (1, 3, "CSO"), (1, 4, "CSO"), (1, 5, "CSO"), (0, 9, "CSO"),
    ]  # fmt: skip
    nothing = {"requestId": 22, "chargingProfile": {"chargingProfileId": [77]}}
    assert await _order(desk, "GetChargingProfiles", nothing) == {"status": "NoProfiles"}
    assert await _order(desk, "ClearChargingProfile", {"chargingProfileId": 3}) == ACCEPTED
    rest = {"chargingProfileCriteria": {"chargingProfilePurpose": "TxDefaultProfile"}}
    assert await _order(desk, "ClearChargingProfile", rest) == ACCEPTED
    assert await _order(desk, "ClearChargingProfile", rest) == {"status": "Unknown"}
    assert [one["profile_id"] for one in await desk.read("/profiles")] == [9]


async def test_tc_k_01_a_profile_of_a_transaction_holds_the_meter_and_of_another_is_refused(
    desk: Desk,
) -> None:
    name = await desk.charging()
    other = {"evseId": 1, "chargingProfile": _profile(1, "TxProfile", 10, transactionId="other")}
    assert (await _order(desk, "SetChargingProfile", other))["status"] == "Rejected"
    own = {"evseId": 1, "chargingProfile": _profile(2, "TxProfile", 10, transactionId=name)}
    assert await _order(desk, "SetChargingProfile", own) == ACCEPTED
    await desk.until("select 1 from charging.meter_sample where power_w between 1 and 6600")


async def test_k_11_k_13_limits_of_others_are_told_and_kept(desk: Desk) -> None:
    limit = {"chargingLimitSource": "EMS", "isGridCritical": True}
    schedule = _profile(1, "TxProfile", 16)["chargingSchedule"]
    told = {"evseId": 1, "chargingLimit": limit, "chargingSchedule": schedule}
    assert await desk.charger.tell("NotifyChargingLimit", told) == {}
    assert await desk.charger.tell("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1}) == {}
    cleared, set_one = await desk.read("/events")
    assert (set_one["subject"], set_one["detail"]["chargingLimit"]["isGridCritical"]) == (
        "charging_limit", True,
    )  # fmt: skip
    assert (cleared["subject"], cleared["status"]) == ("charging_limit", "EMS")


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
