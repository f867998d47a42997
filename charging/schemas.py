"""The JSON schemas that ship with the ocpp library, compiled once each.

What a charger sends is checked more loosely than the schema says, in four named ways, because refusing a whole
message for them loses energy and money: unknown extra fields are let through, `null` counts as absent, `format` (dates)
and `multipleOf` are left to the rules that read the value. What we send is checked by the full schema, less
`multipleOf`, which binary floating point cannot satisfy.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import fastjsonschema

from charging.rpc import CallRefused, Fault, Payload

_FOLDERS: Final = {"1.6": "ocpp.v16", "2.0.1": "ocpp.v201", "2.1": "ocpp.v21"}
_REQUEST_SUFFIX: Final = {"1.6": "", "2.0.1": "Request", "2.1": "Request"}

_SENDS: Final = frozenset({"NotifyPeriodicEventStream"})

_FAULT_OF_RULE: Final = {
    "required": Fault.OCCURRENCE,
    "minItems": Fault.OCCURRENCE,
    "maxItems": Fault.OCCURRENCE,
    "type": Fault.TYPE,
    "additionalProperties": Fault.FORMAT,
}

Check = Callable[[Payload], Payload]


def knows(version: str, action: str) -> bool:
    """Whether the version has such an action, in either direction."""
    return action.isascii() and action.isalnum() and bool(_path(version, action, is_response=False).is_file())


def check_incoming(version: str, action: str, payload: Payload, *, is_response: bool = False) -> Payload:
    """Check what a charger sent.

    Returns:
        The payload without its `null` members.

    Raises:
        CallRefused: with the fault that the version's error table names.
    """
    present: Payload = _without_nulls(payload)
    try:
        _compiled(version, action, is_response, True)(present)
    except fastjsonschema.JsonSchemaValueException as wrong:
        raise CallRefused(_FAULT_OF_RULE.get(wrong.rule or "", Fault.PROPERTY)) from None
    return present


def check_outgoing(version: str, action: str, payload: Payload) -> Payload:
    """Check what is to be sent and put its members in the standard's order.

    Some chargers parse members in order (a local list whose `updateType` does not come last is ignored by them).

    Raises:
        ValueError: one line that names the member and the rule it breaks.
    """
    try:
        _compiled(version, action, False, False)(payload)
    except fastjsonschema.JsonSchemaValueException as wrong:
        raise ValueError(str(wrong.message)) from None
    order = _member_order(version, action)
    return dict(sorted(payload.items(), key=lambda member: order.get(member[0], len(order))))


def _path(version: str, action: str, *, is_response: bool) -> Any:
    # A message that is only ever sent without an answer (2.1) has no suffix.
    suffix = "" if action in _SENDS else "Response" if is_response else _REQUEST_SUFFIX[version]
    return resources.files(_FOLDERS[version]) / "schemas" / f"{action}{suffix}.json"


def _schema(version: str, action: str, is_response: bool) -> dict[str, Any]:
    text = _path(version, action, is_response=is_response).read_text(encoding="utf-8-sig")
    schema: dict[str, Any] = json.loads(text)
    return schema


@lru_cache(maxsize=512)
def _member_order(version: str, action: str) -> dict[str, int]:
    return {name: place for place, name in enumerate(_schema(version, action, False).get("properties", {}))}


@lru_cache(maxsize=512)
def _compiled(version: str, action: str, is_response: bool, is_incoming: bool) -> Check:
    schema = _loosened(_schema(version, action, is_response), is_incoming=is_incoming)
    check: Check = fastjsonschema.compile(schema, use_default=False)
    return check


def _loosened(node: Any, *, is_incoming: bool) -> Any:
    """The schema without the keywords named in this module's docstring (properties of those names stay)."""
    if isinstance(node, list):
        return [_loosened(item, is_incoming=is_incoming) for item in node]
    if not isinstance(node, dict):
        return node
    dropped = {"multipleOf", "$id", "id", "javaType", "comment"}
    if is_incoming:
        dropped |= {"format", "additionalProperties"}
    kept = {}
    for key, value in node.items():
        if key in ("properties", "definitions") and isinstance(value, dict):
            kept[key] = {name: _loosened(item, is_incoming=is_incoming) for name, item in value.items()}
        elif key not in dropped:
            kept[key] = _loosened(value, is_incoming=is_incoming)
    return kept


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
