"""What 1.6 chargers send a little wrong, read as what it stands for, so that no message is lost for it."""

from collections.abc import Iterable
from typing import Any, Final

from charging.rpc import CallRefused, Fault, Payload

START_NUMBERS: Final = ("connectorId", "meterStart", "reservationId")
STOP_NUMBERS: Final = ("transactionId", "meterStop")
_MAX_REGISTER: Final = 2_000_000_000_000
_REASONS: Final = frozenset(
    {
        "EmergencyStop", "EVDisconnected", "HardReset", "Local", "Other", "PowerLoss", "Reboot", "Remote",
        "SoftReset", "UnlockCommand", "DeAuthorized",
    }
)  # fmt: skip
_ERROR_CODES: Final = frozenset(
    {
        "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError",
        "LocalListConflict", "NoError", "OtherError", "OverCurrentFailure", "PowerMeterFailure",
        "PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage", "OverVoltage", "WeakSignal",
    }
)  # fmt: skip


def whole_numbers(sent: Payload, members: Iterable[str]) -> Payload:
    """Registers and ids sent as text or with a fraction, read as the whole numbers they stand for."""
    mended = dict(sent)
    for member in members:
        value = mended.get(member)
        if isinstance(value, float) and abs(value) < _MAX_REGISTER:
            mended[member] = round(value)
        elif isinstance(value, str) and len(value) <= 20:
            try:
                mended[member] = round(float(value))
            except (ValueError, OverflowError):
                continue
    return mended


def register_of(value: Any) -> int:
    """A register within what a column holds; a negative one is read as nothing metered yet."""
    return min(max(int(value), 0), _MAX_REGISTER)


def number_of(value: Any) -> int:
    """A connector number; one outside what any charger has is refused."""
    if not 0 <= int(value) <= 255:
        raise CallRefused(Fault.PROPERTY)
    return int(value)


def known_reason(sent: Payload) -> Payload:
    """An unknown stop reason must not lose the stop: it becomes `Other`."""
    reason = sent.get("reason")
    if reason is None or (isinstance(reason, str) and reason in _REASONS):
        return sent
    return {**sent, "reason": "Other"}


def known_status(sent: Payload) -> Payload:
    """An error code outside the list is kept as the vendor's, so that the status itself is not lost."""
    code = sent.get("errorCode")
    if isinstance(code, str) and code not in _ERROR_CODES:
        return {
            **sent,
            "errorCode": "OtherError",
            "vendorErrorCode": sent.get("vendorErrorCode") or code[:50],
        }
    return sent
