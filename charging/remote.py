"""Orders that a driver's act becomes, in the words of the charger's OCPP version."""

from typing import Any, Final

from charging.rpc import Payload
from charging.transaction_store import Transaction

TAG_KIND: Final = "Central"
"""2.x name for a token that the central system made."""


def start_order(
    version: str, evse_no: int, tag: str, number: int, energy_tariff: str | None = None
) -> tuple[str, Payload]:
    """Action and payload that start a charge for a tag; `number` identifies the request in 2.x."""
    if version == "1.6":
        return "RemoteStartTransaction", {"connectorId": evse_no, "idTag": tag}
    return "RequestStartTransaction", {
        "remoteStartId": number,
        "evseId": evse_no,
        "idToken": {"idToken": tag, "type": TAG_KIND},
    }


def stop_order(version: str, transaction: Transaction) -> tuple[str, Payload]:
    """Action and payload that stop a transaction."""
    if version == "1.6":
        return "RemoteStopTransaction", {"transactionId": transaction.id}
    return "RequestStopTransaction", {"transactionId": transaction.station_transaction or str(transaction.id)}


def reserve_order(version: str, number: int, evse_no: int, tag: str, until: str) -> tuple[str, Payload]:
    """Action and payload that keep an outlet free for a tag until a moment (OCPP text)."""
    if version == "1.6":
        payload: dict[str, Any] = {
            "connectorId": evse_no,
            "expiryDate": until,
            "idTag": tag,
            "reservationId": number,
        }
    else:
        token = {"idToken": tag, "type": TAG_KIND}
        payload = {"id": number, "expiryDateTime": until, "idToken": token, "evseId": evse_no}
    return "ReserveNow", payload


def availability_order(version: str, evse_no: int, *, is_operative: bool) -> tuple[str, Payload]:
    """Action and payload that let an outlet serve, or not."""
    word = "Operative" if is_operative else "Inoperative"
    if version == "1.6":
        return "ChangeAvailability", {"connectorId": evse_no, "type": word}
    return "ChangeAvailability", {"operationalStatus": word, "evse": {"id": evse_no}}


def limit_order(
    version: str, evse_no: int, transaction: Transaction, profile_id: int, limit_a: int
) -> tuple[str, Payload]:
    """Action and payload that hold a running transaction to a current, above every other profile."""
    schedule: dict[str, Any] = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
    }
    if version == "1.6":
        profile = {
            "chargingProfileId": profile_id,
            "transactionId": transaction.id,
            "stackLevel": 9,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        }
        return "SetChargingProfile", {"connectorId": evse_no, "csChargingProfiles": profile}
    profile = {
        "id": profile_id,
        "stackLevel": 9,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": transaction.station_transaction or str(transaction.id),
        "chargingSchedule": [{"id": profile_id, **schedule}],
    }
    return "SetChargingProfile", {"evseId": evse_no, "chargingProfile": profile}
