"""OCPP-J frames: JSON text to typed frames and back, for every version on the port.

A frame is a JSON array `[type, message id, ...]`. Nothing here raises on what a charger sends: a frame that cannot
be used becomes a `BadFrame` that says which CALLERROR it earns and under which message id, if one can be read.
Descriptions never repeat any part of the received message.

Sources: OCPP-J 1.6 section 4 (frames, error table), OCPP 2.0.1 part 4 section 4.2 and 4.3, OCPP 2.1 part 4
(message types 5 and 6). The error table gives *NotImplemented* to an action the receiver does not know and
*NotSupported* to one it knows but does not serve; the ocpp library has the two the other way round.
"""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

import msgspec

Payload = dict[str, Any]

MAX_ID_LENGTH: Final = 36
"""Characters in a message id: OCPP-J 1.6 section 4.1.4, 2.0.1 part 4 section 4.1.4."""

_READABLE_ID: Final = re.compile(r'^\s*\[\s*2\s*,\s*"([^"\\\x00-\x1f]{1,36})"')
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class MessageType(IntEnum):
    """First element of a frame."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


class Fault(StrEnum):
    """What is wrong with a message, before a version's name is put on it."""

    FRAME = "frame"
    MESSAGE_TYPE = "message_type"
    FORMAT = "format"
    OCCURRENCE = "occurrence"
    PROPERTY = "property"
    TYPE = "type"
    UNKNOWN_ACTION = "unknown_action"
    UNSERVED_ACTION = "unserved_action"
    SECURITY = "security"
    INTERNAL = "internal"
    GENERIC = "generic"


_COMMON: Final = {
    Fault.PROPERTY: "PropertyConstraintViolation",
    Fault.TYPE: "TypeConstraintViolation",
    Fault.UNKNOWN_ACTION: "NotImplemented",
    Fault.UNSERVED_ACTION: "NotSupported",
    Fault.SECURITY: "SecurityError",
    Fault.INTERNAL: "InternalError",
    Fault.GENERIC: "GenericError",
}
# The misspelt names are the standard's own: 1.6 errata 5.1 and 5.2 keep them.
_V16: Final = _COMMON | {
    Fault.FRAME: "FormationViolation",
    Fault.MESSAGE_TYPE: "FormationViolation",
    Fault.FORMAT: "FormationViolation",
    Fault.OCCURRENCE: "OccurenceConstraintViolation",
}
_V2: Final = _COMMON | {
    Fault.FRAME: "RpcFrameworkError",
    Fault.MESSAGE_TYPE: "MessageTypeNotSupported",
    Fault.FORMAT: "FormatViolation",
    Fault.OCCURRENCE: "OccurrenceConstraintViolation",
}
ERROR_CODES: Final[dict[str, dict[Fault, str]]] = {"1.6": _V16, "2.0.1": _V2, "2.1": _V2}

DESCRIPTIONS: Final[dict[Fault, str]] = {
    Fault.FRAME: "The frame is not a valid RPC message",
    Fault.MESSAGE_TYPE: "The message type is not supported",
    Fault.FORMAT: "The payload is not a JSON object of the form this action has",
    Fault.OCCURRENCE: "A required field is missing, or there are too many or too few of one",
    Fault.PROPERTY: "A field has a value that is not allowed",
    Fault.TYPE: "A field has the wrong data type",
    Fault.UNKNOWN_ACTION: "The action is not known",
    Fault.UNSERVED_ACTION: "The action is known but not served in this direction",
    Fault.SECURITY: "Not allowed",
    Fault.INTERNAL: "The message could not be processed now, send it again",
    Fault.GENERIC: "The message could not be processed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request from the peer; `is_send` marks a 2.1 SEND, which gets no answer."""

    message_id: str
    action: str
    payload: Payload
    is_send: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The peer's answer to one of our calls."""

    message_id: str
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """The peer's refusal of one of our calls, or (2.1) of one of our results."""

    message_id: str
    code: str
    description: str
    details: Payload
    is_result_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFrame:
    """A frame that cannot be used; `message_id` is None where none can be read, so there is nobody to answer."""

    message_id: str | None
    fault: Fault


Frame = Call | CallResult | CallError | BadFrame


class CallRefused(Exception):
    """A handler's refusal of a call: becomes a CALLERROR with the version's name for `fault`."""

    def __init__(self, fault: Fault, why: str | None = None) -> None:
        super().__init__(why or DESCRIPTIONS[fault])
        self.fault = fault


def read_frame(raw: str | bytes) -> Frame:
    """Turn one websocket message into a frame; never raises."""
    try:
        message = _decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return BadFrame(message_id=_scavenged_id(raw), fault=Fault.FRAME)
    if not isinstance(message, list) or len(message) < 2:
        return BadFrame(message_id=None, fault=Fault.FRAME)
    if _holds_nul(raw):
        message = _without_nul(message)
    match message[0]:
        case 2:
            return _read_call(message, is_send=False)
        case 3:
            return _read_result(message)
        case 4:
            return _read_error(message, is_result_error=False)
        case 5:
            return _read_error(message, is_result_error=True)
        case 6:
            return _read_call(message, is_send=True)
        case _:
            return BadFrame(message_id=_readable(message[1]), fault=Fault.MESSAGE_TYPE)


def _read_call(message: list[Any], *, is_send: bool) -> Frame:
    message_id = message[1]
    if type(message_id) is not str or not 0 < len(message_id) <= MAX_ID_LENGTH:
        return BadFrame(message_id=_readable(message_id), fault=Fault.FRAME)
    if len(message) < 4 or type(message[2]) is not str:
        return BadFrame(message_id=message_id, fault=Fault.FRAME)
    payload = message[3]
    if payload is None:
        # OCPP-J 1.6 section 4.2.1 lets a payload without fields be null.
        payload = {}
    if type(payload) is not dict:
        return BadFrame(message_id=message_id, fault=Fault.FORMAT)
    return Call(message_id=message_id, action=message[2], payload=payload, is_send=is_send)


def _read_result(message: list[Any]) -> Frame:
    payload = message[2] if len(message) > 2 else {}
    if payload is None:
        payload = {}
    if type(payload) is not dict:
        return BadFrame(message_id=None, fault=Fault.FORMAT)
    return CallResult(message_id=str(message[1]), payload=payload)


def _read_error(message: list[Any], *, is_result_error: bool) -> Frame:
    def part(index: int, default: Any) -> Any:
        return message[index] if len(message) > index else default

    details = part(4, {})
    return CallError(
        message_id=str(message[1]),
        code=str(part(2, "GenericError"))[:255],
        description=str(part(3, ""))[:255],
        details=details if type(details) is dict else {},
        is_result_error=is_result_error,
    )


def _readable(message_id: object) -> str | None:
    """The id to answer under: what the peer sent, as text, if it is text or a number at all."""
    if type(message_id) is str and 0 < len(message_id) <= 255:
        return message_id
    if type(message_id) is int:
        return str(message_id)
    return None


def _scavenged_id(raw: str | bytes) -> str | None:
    text = raw[:200].decode("utf-8", "replace") if isinstance(raw, bytes) else raw[:200]
    found = _READABLE_ID.match(text)
    return found.group(1) if found else None


def _holds_nul(raw: str | bytes) -> bool:
    return b"\\u0000" in raw if isinstance(raw, bytes) else "\\u0000" in raw


def _without_nul(value: Any) -> Any:
    """PostgreSQL text cannot hold NUL and no OCPP field needs it."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def call_text(message_id: str, action: str, payload: Payload) -> str:
    """CALL frame as text."""
    return _encode([MessageType.CALL, message_id, action, payload]).decode()


def result_text(message_id: str, payload: Payload) -> str:
    """CALLRESULT frame as text."""
    return _encode([MessageType.CALLRESULT, message_id, payload]).decode()


def error_text(message_id: str, fault: Fault, version: str) -> str:
    """CALLERROR frame as text, with the error name that `version` has for `fault`."""
    return _encode(
        [MessageType.CALLERROR, message_id, ERROR_CODES[version][fault], DESCRIPTIONS[fault], {}]
    ).decode()


def result_error_text(message_id: str, fault: Fault, version: str) -> str:
    """CALLRESULTERROR frame (2.1) as text: the answer under this id cannot be used."""
    return _encode(
        [MessageType.CALLRESULTERROR, message_id, ERROR_CODES[version][fault], DESCRIPTIONS[fault], {}]
    ).decode()


def bad_frame_answer(bad: BadFrame, version: str) -> str | None:
    """The CALLERROR a bad frame gets, or None where there is nobody to answer.

    OCPP 2.x answers an unreadable id under "-1" (2.0.1 part 4 section 4.2.3); 1.6 has no such rule, and a charger
    could take the answer for one of its own calls.
    """
    if bad.message_id is not None:
        return error_text(bad.message_id, bad.fault, version)
    return None if version == "1.6" else error_text("-1", bad.fault, version)
