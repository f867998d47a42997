"""Asking a 2.x charger whether a transaction still runs: after missing event numbers, and after it booted."""

from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import event_store, order_store, orders, transaction_store
from charging.order_store import Order
from charging.rpc import Payload
from charging.rules.transaction import OPEN_STATES, Evidence
from facility.clock import Clock

Connection = AsyncConnection[Any]

KEEP_FOR: Final = timedelta(minutes=10)


async def ask_status(conn: Connection, charger_id: int, version: str, name: str, clock: Clock) -> None:
    """Order GetTransactionStatus (E14), unless it is on its way."""
    payload = {"transactionId": name}
    if await order_store.has_open_order(conn, charger_id, "GetTransactionStatus", payload):
        return
    await orders.request_order(
        conn,
        charger_id=charger_id,
        version=version,
        action="GetTransactionStatus",
        payload=payload,
        by="missing events",
        clock=clock,
        keep_for=KEEP_FOR,
    )


async def ask_all(conn: Connection, charger_id: int, version: str, clock: Clock) -> None:
    """Ask of every open transaction: a charger that booted may have lost it, or may go on with it."""
    for one in await transaction_store.read_open(conn, charger_id):
        if one.station_transaction is not None:
            await ask_status(conn, charger_id, version, one.station_transaction, clock)


async def take_status(conn: Connection, order: Order, response: Payload, now: datetime) -> None:
    """What the charger says of the transaction: it goes on, its end is queued, or nobody knows it any longer."""
    name = order.payload.get("transactionId")
    if name is None:
        return
    found = await transaction_store.find_transactions(
        conn, charger_id=order.charger_id, station_transaction=name, limit=1
    )
    if not found or found[0].state not in OPEN_STATES:
        return
    if response.get("ongoingIndicator") or response.get("messagesInQueue"):
        await event_store.note_sign(conn, found[0].id, now)
    elif response.get("ongoingIndicator") is False:
        await transaction_store.note_evidence(conn, found[0].id, Evidence.ASKED, now)
