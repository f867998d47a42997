"""Messages of OCPP 2.0.1 and 2.1 that are kept as events of the charger and answered at once.

Answers say no where this system has nothing to give (certificates of cars, schedules of its own for a car).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from charging.rpc import Payload

Answer = Callable[[Payload, datetime], Payload]


def _nothing(told: Payload, received_at: datetime) -> Payload:
    return {}


def _said(**answer: str) -> Answer:
    return lambda told, received_at: dict(answer)


def _vat(told: Payload, received_at: datetime) -> Payload:
    return {"vatNumber": told["vatNumber"], "status": "Rejected"}


def _chain_status(told: Payload, received_at: datetime) -> Payload:
    """No responder is asked from here, so every certificate's status could not be found."""
    at = received_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "certificateStatus": [
            {
                "certificateHashData": one["certificateHashData"],
                "source": one["source"],
                "status": "Failed",
                "nextUpdate": at,
            }
            for one in told["certificateStatusRequests"]
        ]
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How one message is kept: under which subject, with which member as its status, and how it is answered."""

    subject: str
    status_member: str | None = None
    answer: Answer = _nothing


NOTICES: Final[Mapping[str, Notice]] = {
    "ClearedChargingLimit": Notice(subject="charging_limit", status_member="chargingLimitSource"),
    "DataTransfer": Notice(
        subject="data_transfer", status_member="vendorId", answer=_said(status="UnknownVendorId")
    ),
    "FirmwareStatusNotification": Notice(subject="firmware", status_member="status"),
    "Get15118EVCertificate": Notice(
        subject="certificate", status_member="action", answer=_said(status="Failed", exiResponse="")
    ),
    "GetCertificateStatus": Notice(subject="certificate", answer=_said(status="Failed")),
    "LogStatusNotification": Notice(subject="log", status_member="status"),
    "NotifyChargingLimit": Notice(subject="charging_limit"),
    "NotifyEVChargingSchedule": Notice(subject="charging_schedule", answer=_said(status="Accepted")),
    "PublishFirmwareStatusNotification": Notice(subject="firmware", status_member="status"),
    "SecurityEventNotification": Notice(subject="security", status_member="type"),
}

NOTICES_21: Final[Mapping[str, Notice]] = {
    **NOTICES,
    "BatterySwap": Notice(subject="battery_swap", status_member="eventType"),
    "ClosePeriodicEventStream": Notice(subject="stream"),
    "GetCertificateChainStatus": Notice(subject="certificate", answer=_chain_status),
    "NotifyDERAlarm": Notice(subject="grid", status_member="controlType"),
    "NotifyDERStartStop": Notice(subject="grid", status_member="controlId"),
    "NotifyPeriodicEventStream": Notice(subject="stream"),
    "NotifyPriorityCharging": Notice(subject="priority", status_member="transactionId"),
    "OpenPeriodicEventStream": Notice(subject="stream", answer=_said(status="Accepted")),
    "PullDynamicScheduleUpdate": Notice(subject="charging_schedule", answer=_said(status="Rejected")),
    "ReportDERControl": Notice(subject="grid"),
    "VatNumberValidation": Notice(subject="vat", status_member="vatNumber", answer=_vat),
}
