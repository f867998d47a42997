"""A TransactionEvent of OCPP 2.x as this system reads it.

Words outside the standard's lists never lose an event: they are replaced by the list's own word for "something else".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from charging.rules.moments import Moment, read_moment
from charging.rules.sampled_values import read_sample

STARTED: Final = "Started"
UPDATED: Final = "Updated"
ENDED: Final = "Ended"

CHARGING_STATES: Final = frozenset({"Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"})
_TRIGGERS: Final = frozenset(
    {
        "AbnormalCondition", "Authorized", "CablePluggedIn", "ChargingRateChanged", "ChargingStateChanged",
        "Deauthorized", "EnergyLimitReached", "EVCommunicationLost", "EVConnectTimeout", "EVDeparted", "EVDetected",
        "MeterValueClock", "MeterValuePeriodic", "RemoteStart", "RemoteStop", "ResetCommand", "SignedDataReceived",
        "StopAuthorized", "TimeLimitReached", "Trigger", "UnlockCommand",
    }
)  # fmt: skip
_TRIGGERS_21: Final = _TRIGGERS | {
    "CostLimitReached", "LimitSet", "OperationModeChanged", "RunningCost", "SoCLimitReached", "TariffChanged",
    "TariffNotAccepted", "TxResumed",
}  # fmt: skip
_REASONS: Final = frozenset(
    {
        "DeAuthorized", "EmergencyStop", "EnergyLimitReached", "EVDisconnected", "GroundFault", "ImmediateReset",
        "Local", "LocalOutOfCredit", "MasterPass", "Other", "OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot",
        "Remote", "SOCLimitReached", "StoppedByEV", "TimeLimitReached", "Timeout",
    }
)  # fmt: skip
MAX_COST_YUAN: Final = 1_000_000
_LEFT: Final = frozenset({"EVDeparted", "EVConnectTimeout"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTold:
    """An idToken as sent; tags are compared without case."""

    tag: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTold:
    """One event. `evse_no` is None where the event names none: only the first one of a transaction must."""

    name: str
    kind: str
    seq_no: int
    trigger: str
    moment: Moment
    occurred_raw: str
    received_at: datetime
    is_offline: bool
    evse_no: int | None
    connector_no: int | None
    token: TokenTold | None
    charging_state: str | None
    stopped_reason: str | None
    reservation_id: int | None
    meter_value: object
    cost_fen: int | None = None
    head: Mapping[str, Any]

    @property
    def is_history(self) -> bool:
        """Whether it tells of the past: queued while off-line, or older than minutes."""
        return self.is_offline or self.moment.is_late

    @property
    def is_unplugged(self) -> bool:
        """Whether the car has left the plug by now."""
        return (
            self.trigger in _LEFT or self.stopped_reason == "EVDisconnected" or self.charging_state == "Idle"
        )


def mended_head(sent: Mapping[str, Any], version: str) -> dict[str, Any]:
    """The event without its meter values (read on their own) and with known words only, ready for the schema."""
    head = {key: value for key, value in sent.items() if key not in ("meterValue", "costDetails")}
    trigger = head.get("triggerReason")
    if isinstance(trigger, str) and trigger not in (_TRIGGERS_21 if version == "2.1" else _TRIGGERS):
        head["triggerReason"] = "Trigger"
    info = head.get("transactionInfo")
    if isinstance(info, dict):
        info = dict(info)
        state, reason = info.get("chargingState"), info.get("stoppedReason")
        if isinstance(state, str) and state not in CHARGING_STATES:
            del info["chargingState"]
        if isinstance(reason, str) and reason not in _REASONS:
            info["stoppedReason"] = "Other"
        head["transactionInfo"] = info
    return head


def read_event(
    head: Mapping[str, Any], meter_value: object, received_at: datetime, cost_details: object = None
) -> EventTold:
    """An event whose head has passed the schema."""
    info = head["transactionInfo"]
    evse = head.get("evse") or {}
    token = head.get("idToken")
    return EventTold(
        name=info["transactionId"],
        kind=head["eventType"],
        seq_no=head["seqNo"],
        trigger=head["triggerReason"],
        moment=read_moment(head.get("timestamp"), received_at),
        occurred_raw=str(head.get("timestamp", ""))[:64],
        received_at=received_at,
        is_offline=bool(head.get("offline", False)),
        evse_no=evse.get("id"),
        connector_no=evse.get("connectorId"),
        token=None if token is None else TokenTold(tag=token["idToken"], kind=token["type"]),
        charging_state=info.get("chargingState"),
        stopped_reason=info.get("stoppedReason"),
        reservation_id=head.get("reservationId"),
        meter_value=meter_value,
        cost_fen=cost_fen_of(cost_details),
        head=head,
    )


def cost_fen_of(cost_details: object) -> int | None:
    """The total in fen that a 2.1 charger counted itself, None where it told none that can be read."""
    if not isinstance(cost_details, dict) or cost_details.get("failureToCalculate"):
        return None
    cost = cost_details.get("totalCost")
    total = cost.get("total") if isinstance(cost, dict) and cost.get("currency") == "CNY" else None
    if not isinstance(total, dict):
        return None
    yuan = total.get("inclTax", total.get("exclTax"))
    if isinstance(yuan, bool) or not isinstance(yuan, int | float) or not 0 <= yuan < MAX_COST_YUAN:
        return None
    return int((Decimal(str(yuan)) * 100).to_integral_value(ROUND_HALF_UP))


def register_of(meter_value: object, context: str) -> int | None:
    """The energy register (Wh) of a `meterValue` list: the one of `context`, else the first; None without any."""
    if not isinstance(meter_value, list):
        return None
    found: list[tuple[bool, int]] = []
    for element in meter_value:
        sample = read_sample(element.get("sampledValue")) if isinstance(element, dict) else None
        if sample is not None and sample.register_wh is not None:
            found.append((sample.context == context, sample.register_wh))
    exact = [wh for is_exact, wh in found if is_exact]
    if exact:
        return exact[0]
    if not found:
        return None
    return found[-1][1] if context == "Transaction.End" else found[0][1]
