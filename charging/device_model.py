"""The device model of an OCPP 2.x charger, as its reports and its answers tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from charging import device_store, order_store
from charging.device_store import DeviceVariable, ReportPart

Connection = AsyncConnection[Any]

SECRET_VARIABLES: Final = frozenset({"BasicAuthPassword"})
MAX_VALUE: Final = 2500
"""Longest attribute value, OCPP 2.0.1 `VariableAttributeType`."""


async def take_part(
    conn: Connection,
    charger_id: int,
    request_id: int,
    part: ReportPart,
    whole: Sequence[ReportPart] | None,
) -> None:
    """Write the variables of one part of a NotifyReport: a part that never comes must not cost the others.

    Args:
        whole: every part, once none is missing; a whole inventory then forgets what it no longer names.
    """
    await device_store.write_variables(conn, charger_id, variables_of_report(part.items, part.received_at))
    if whole is None:
        return
    asked = await order_store.last_order(
        conn, charger_id, "GetBaseReport", {"requestId": request_id, "reportBase": "FullInventory"}
    )
    if asked is not None:
        await device_store.forget_variables(conn, charger_id, min(one.received_at for one in whole))


def variables_of_report(items: Sequence[Mapping[str, Any]], read_at: datetime) -> list[DeviceVariable]:
    """The variables of `reportData`, a row for each attribute; passwords are left out."""
    rows = []
    for item in items:
        characteristics = item.get("variableCharacteristics") or {}
        for attribute in item.get("variableAttribute", ()):
            row = _variable(item, attribute.get("type"), attribute.get("value"), read_at)
            if row is not None:
                rows.append(
                    _with(
                        row,
                        attribute.get("mutability"),
                        characteristics.get("dataType"),
                        characteristics.get("unit"),
                    )
                )
    return rows


def variables_of_results(
    results: Sequence[Mapping[str, Any]], read_at: datetime, values: Sequence[str | None]
) -> list[DeviceVariable]:
    """The variables of Get- or SetVariables results, beside the value of each."""
    found = (
        _variable(result, result.get("attributeType"), value, read_at)
        for result, value in zip(results, values, strict=True)
        if result.get("attributeStatus") == "Accepted"
    )
    return [row for row in found if row is not None]


def _variable(
    item: Mapping[str, Any], attribute: str | None, value: object, read_at: datetime
) -> DeviceVariable | None:
    component, variable = item["component"], item["variable"]
    if variable["name"] in SECRET_VARIABLES:
        return None
    evse = component.get("evse") or {}
    return DeviceVariable(
        component=component["name"],
        component_instance=component.get("instance", ""),
        evse_no=min(int(evse.get("id", 0)), 32_000),
        connector_no=min(int(evse.get("connectorId", 0)), 32_000),
        variable=variable["name"],
        variable_instance=variable.get("instance", ""),
        attribute=attribute or "Actual",
        value=None if value is None else str(value)[:MAX_VALUE],
        mutability=None,
        data_type=None,
        unit=None,
        read_at=read_at,
    )


def _with(
    row: DeviceVariable, mutability: str | None, data_type: str | None, unit: str | None
) -> DeviceVariable:
    return replace(row, mutability=mutability, data_type=data_type, unit=unit)
