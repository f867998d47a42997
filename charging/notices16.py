"""Messages of OCPP 1.6 that are kept as events of the charger and answered at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ocpp.v16.enums import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How one message is kept: its subject, the members that say its status and its moment (None: the receipt)."""

    subject: str
    status_member: str = "status"
    moment_member: str | None = None
    answer: Mapping[str, str] = field(default_factory=dict)


NOTICES: Final[Mapping[str, Notice]] = {
    Action.data_transfer: Notice(
        subject="data_transfer", status_member="vendorId", answer={"status": "UnknownVendorId"}
    ),
    Action.diagnostics_status_notification: Notice(subject="diagnostics"),
    Action.firmware_status_notification: Notice(subject="firmware"),
    Action.log_status_notification: Notice(subject="log"),
    Action.security_event_notification: Notice(
        subject="security", status_member="type", moment_member="timestamp"
    ),
    Action.signed_firmware_status_notification: Notice(subject="firmware"),
}
