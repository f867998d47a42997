"""What a charger's answer to an order changes in our rows, by OCPP 1.6 operation."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import charger_store, configuration_store, profile_store, tag_store
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


def changes_something(action: str) -> bool:
    """Whether an answer to this operation changes anything of ours."""
    return action in _APPLY


def _is(response: Payload, *words: str) -> bool:
    return response.get("status") in words


async def _availability(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    wanted = str(order.payload.get("type", "")).lower()
    if _is(response, "Accepted") and wanted in ("operative", "inoperative"):
        await charger_store.set_availability(conn, order.charger_id, order.payload["connectorId"], wanted)
    elif _is(response, "Scheduled"):
        await charger_store.set_availability(
            conn, order.charger_id, order.payload["connectorId"], "scheduled"
        )


async def _configuration(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    keys = response.get("configurationKey")
    if isinstance(keys, list):
        known = [key for key in keys if isinstance(key, dict) and key.get("key") not in SECRET_KEYS]
        await configuration_store.write_configuration(conn, order.charger_id, known, now)


async def _changed_configuration(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    key, value = order.payload.get("key"), order.payload.get("value")
    if _is(response, "Accepted", "RebootRequired") and key not in SECRET_KEYS:
        one = {"key": key, "value": value, "readonly": False}
        await configuration_store.write_configuration(conn, order.charger_id, [one], now)


async def _reserved(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    sent = order.payload
    if _is(response, "Accepted"):
        await tag_store.keep_reservation(
            conn,
            reservation_id=sent["reservationId"],
            charger_id=order.charger_id,
            evse_no=sent["connectorId"],
            id_tag=sent["idTag"],
            parent_tag=sent.get("parentIdTag"),
            now=now,
            expires_at=read_moment(sent["expiryDate"], now + timedelta(days=365)).at,
        )
    else:
        await tag_store.end_reservation(conn, order.charger_id, sent["reservationId"], "refused")


async def _cancelled(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    if _is(response, "Accepted"):
        await tag_store.end_reservation(conn, order.charger_id, order.payload["reservationId"], "cancelled")


async def _profile_set(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    profile = order.payload["csChargingProfiles"]
    await profile_store.write_profile(
        conn,
        charger_id=order.charger_id,
        evse_no=order.payload["connectorId"],
        purpose=profile["chargingProfilePurpose"],
        profile_id=profile["chargingProfileId"],
        stack_level=profile["stackLevel"],
        transaction_id=profile.get("transactionId"),
        body=profile,
        status=str(response.get("status"))[:30],
        now=now,
    )


async def _profiles_cleared(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    if _is(response, "Accepted"):
        await profile_store.clear_profiles(
            conn,
            charger_id=order.charger_id,
            profile_id=order.payload.get("id"),
            evse_no=order.payload.get("connectorId"),
            purpose=order.payload.get("chargingProfilePurpose"),
            stack_level=order.payload.get("stackLevel"),
        )


_APPLY: Final[dict[str, Apply]] = {
    "ChangeAvailability": _availability,
    "GetConfiguration": _configuration,
    "ChangeConfiguration": _changed_configuration,
    "ReserveNow": _reserved,
    "CancelReservation": _cancelled,
    "SetChargingProfile": _profile_set,
    "ClearChargingProfile": _profiles_cleared,
}

SECRET_KEYS: Final = frozenset({"AuthorizationKey", "BasicAuthPassword"})
"""Configuration that is a password: never in our configuration rows, orders or trace."""


def rotated_password(order: Order, response: Payload) -> str | None:
    """The new key, where an order to change the AuthorizationKey was accepted (security whitepaper A01)."""
    is_rotation = order.action == "ChangeConfiguration" and order.payload.get("key") == "AuthorizationKey"
    return str(order.payload["value"]) if is_rotation and _is(response, "Accepted") else None
