"""What a charger's answer to an order changes in our rows, by OCPP 2.0.1 and 2.1 operation."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import (
    asking201,
    charger_store,
    device_model,
    device_store,
    profile_store,
    tag_store,
    transaction_store,
)
from charging.order_store import Order
from charging.rpc import Payload
from charging.rules.moments import read_moment

Connection = AsyncConnection[Any]
Apply = Callable[[Connection, Order, Payload, datetime], Awaitable[None]]


async def apply_answer(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    """Apply an answer; operations that change nothing of ours are not in the table."""
    apply = _APPLY.get(order.action)
    if apply is not None:
        await apply(conn, order, response, now)


def _is(response: Payload, *words: str) -> bool:
    return response.get("status") in words


async def _availability(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    evse_no = (order.payload.get("evse") or {}).get("id", 0)
    wanted = str(order.payload["operationalStatus"]).lower()
    if _is(response, "Accepted"):
        await charger_store.set_availability(conn, order.charger_id, evse_no, wanted)
    elif _is(response, "Scheduled"):
        await charger_store.set_availability(conn, order.charger_id, evse_no, "scheduled")


async def _reserved(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    sent = order.payload
    if not _is(response, "Accepted"):
        await tag_store.end_reservation(conn, order.charger_id, sent["id"], "refused")
        return
    group = sent.get("groupIdToken") or {}
    await tag_store.keep_reservation(
        conn,
        reservation_id=sent["id"],
        charger_id=order.charger_id,
        evse_no=sent.get("evseId", 0),
        id_tag=sent["idToken"]["idToken"],
        parent_tag=group.get("idToken"),
        now=now,
        expires_at=read_moment(sent["expiryDateTime"], now + timedelta(days=365)).at,
    )


async def _cancelled(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    if _is(response, "Accepted"):
        await tag_store.end_reservation(conn, order.charger_id, order.payload["reservationId"], "cancelled")


async def _profile_set(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    profile = order.payload["chargingProfile"]
    await profile_store.write_profile(
        conn,
        charger_id=order.charger_id,
        evse_no=order.payload["evseId"],
        purpose=profile["chargingProfilePurpose"],
        profile_id=profile["id"],
        stack_level=profile["stackLevel"],
        transaction_id=await _number(conn, order.charger_id, profile.get("transactionId")),
        body=profile,
        status=str(response.get("status"))[:30],
        now=now,
    )


async def _number(conn: Connection, charger_id: int, name: str | None) -> int | None:
    """Our number of a transaction that the charger names."""
    if name is None:
        return None
    found = await transaction_store.find_transactions(
        conn, charger_id=charger_id, station_transaction=name, limit=1
    )
    return found[0].id if found else None


async def _profiles_cleared(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    if _is(response, "Accepted"):
        criteria = order.payload.get("chargingProfileCriteria") or {}
        await profile_store.clear_profiles(
            conn,
            charger_id=order.charger_id,
            profile_id=order.payload.get("chargingProfileId"),
            evse_no=criteria.get("evseId"),
            purpose=criteria.get("chargingProfilePurpose"),
            stack_level=criteria.get("stackLevel"),
        )


async def _variables_read(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    results = response["getVariableResult"]
    values = [result.get("attributeValue") for result in results]
    rows = device_model.variables_of_results(results, now, values)
    await device_store.write_variables(conn, order.charger_id, rows)


async def _variables_set(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    """Results come in any order and are matched by name (2.0.1 B05)."""
    sent = {_variable_key(one): one["attributeValue"] for one in order.payload["setVariableData"]}
    results = [one for one in response["setVariableResult"] if _variable_key(one) in sent]
    rows = device_model.variables_of_results(results, now, [sent[_variable_key(one)] for one in results])
    await device_store.write_variables(conn, order.charger_id, rows)


def _variable_key(item: Payload) -> tuple[Any, ...]:
    component, variable = item["component"], item["variable"]
    evse = component.get("evse") or {}
    return (
        str(component["name"]).casefold(),
        component.get("instance"),
        evse.get("id"),
        evse.get("connectorId"),
        str(variable["name"]).casefold(),
        variable.get("instance"),
        item.get("attributeType", "Actual"),
    )


def rotated_password(order: Order, response: Payload) -> str | None:
    """The new password, where an order to change it was accepted (2.0.1 A01)."""
    if order.action != "SetVariables":
        return None
    accepted = {
        _variable_key(one)
        for one in response.get("setVariableResult", ())
        if one.get("attributeStatus") in ("Accepted", "RebootRequired")
    }
    for one in order.payload["setVariableData"]:
        if one["variable"]["name"] == "BasicAuthPassword" and _variable_key(one) in accepted:
            return str(one["attributeValue"])
    return None


_APPLY: Final[dict[str, Apply]] = {
    "CancelReservation": _cancelled,
    "ChangeAvailability": _availability,
    "ClearChargingProfile": _profiles_cleared,
    "GetTransactionStatus": asking201.take_status,
    "GetVariables": _variables_read,
    "ReserveNow": _reserved,
    "SetChargingProfile": _profile_set,
    "SetVariables": _variables_set,
}
