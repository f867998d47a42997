"""Passwords on their way to a charger: sent as they are, kept and traced without."""

from typing import Any, Final

from charging.rpc import Payload

HIDDEN: Final = "(hidden)"
_SECRET_VARIABLES: Final = frozenset({"AuthorizationKey", "BasicAuthPassword"})


def redacted(action: str, payload: Payload) -> Payload:
    """The payload as it may be stored."""
    if action == "ChangeConfiguration" and payload.get("key") in _SECRET_VARIABLES:
        return {**payload, "value": HIDDEN}
    if action == "SetVariables":
        return {
            **payload,
            "setVariableData": [_variable(item) for item in payload.get("setVariableData", [])],
        }
    if action == "SetNetworkProfile" and "basicAuthPassword" in payload.get("connectionData", {}):
        return {**payload, "connectionData": {**payload["connectionData"], "basicAuthPassword": HIDDEN}}
    return payload


def _variable(item: dict[str, Any]) -> dict[str, Any]:
    is_secret = item.get("variable", {}).get("name") in _SECRET_VARIABLES
    return {**item, "attributeValue": HIDDEN} if is_secret else item
