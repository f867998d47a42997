"""Every message of OCPP 2.0.1 and 2.1 over a socket with the least its schema allows, in both directions.

What the messages do is tried elsewhere (`test_wire201_*`, `test_driving201`, `test_ocpp21`); here none may go
unanswered, and no answer may break the standard's own schema.
"""

import asyncio
import json
from importlib import resources
from typing import Any

import httpx
import pytest

from charging.operations201 import CSMS_ACTIONS_21, CSMS_ACTIONS_201
from tests.charging.charger201 import charger201
from tests.charging.conftest import Yard

FOLDERS = {"2.0.1": "ocpp.v201", "2.1": "ocpp.v21"}
OPERATIONS = {"2.0.1": CSMS_ACTIONS_201, "2.1": CSMS_ACTIONS_21}


def _schema(version: str, name: str) -> dict[str, Any]:
    path = resources.files(FOLDERS[version]) / "schemas" / f"{name}.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    return schema


def _names(version: str) -> set[str]:
    """Every action that is a request, in either direction."""
    folder = resources.files(FOLDERS[version]) / "schemas"
    return {one.name[: -len("Request.json")] for one in folder.iterdir() if one.name.endswith("Request.json")}


def least(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """The smallest value a schema allows: required members only, the first word of each list."""
    if "$ref" in schema:
        return least(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        members = schema.get("properties", {})
        wanted = [name for name in schema.get("required", []) if name != "customData"]
        return {name: least(members[name], definitions) for name in wanted}
    if kind == "array":
        return [least(schema["items"], definitions)]
    if kind == "string":
        return "2026-11-23T00:00:00Z" if schema.get("format") == "date-time" else "x"
    return False if kind == "boolean" else max(1, int(schema.get("minimum", 1)))


def _least_of(version: str, name: str) -> dict[str, Any]:
    schema = _schema(version, name)
    if "customData" in schema.get("required", []):
        schema["required"].remove("customData")
    value: dict[str, Any] = least(schema, schema.get("definitions", {}))
    return value


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_every_message_of_a_charger_is_answered_as_its_schema_says(yard: Yard, version: str) -> None:
    both = {"DataTransfer"}
    from_chargers = (_names(version) - OPERATIONS[version]) | both
    assert len(from_chargers) == {"2.0.1": 25, "2.1": 36}[version]
    async with charger201(yard, version=version) as charger:
        for action in sorted(from_chargers):
            await charger.call(action, _least_of(version, f"{action}Request"))


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_every_operation_is_sent_as_ordered_and_its_least_answer_is_taken(
    yard: Yard, office: httpx.AsyncClient, version: str
) -> None:
    async with charger201(yard, version=version) as charger:
        for operation in sorted(OPERATIONS[version]):
            payload = _least_of(version, f"{operation}Request")
            answer = _least_of(version, f"{operation}Response")
            asking = asyncio.create_task(office.post(f"/chargers/CP1/operations/{operation}", json=payload))
            message_id, action, sent = await charger.raw.order()
            assert (action, sent) == (operation, payload)
            await charger.raw.reply(message_id, answer)
            told = (await asking).json()
            assert (told["status"], told["response"]) == ("answered", answer), told
        assert await charger.raw.hears_nothing(0.1)
