"""OCPP 2.0.1 operations on charges, outlets, reservations and limits, from a route to a simulated charger.

The charger's end uses the ocpp library's own frames and schemas, so both ends are checked against each other.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from charging.operations201 import CSMS_ACTIONS_201
from charging.rules.moments import moment_text
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
        assert TRIED >= CSMS_ACTIONS_201 - STATION_OPERATIONS


async def _order(desk: Desk, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    TRIED.add(operation)
    return await desk.order(operation, payload)


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
