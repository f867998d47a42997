"""A transaction while it runs: its meter as stored samples left it, and whether its car takes energy."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from charging import sample_store, transaction_store
from charging.rules.metering import Meter, start_meter
from charging.rules.transaction import OPEN_STATES, TransactionEvent, TransactionState, advance
from charging.sample_store import LastSample
from charging.samples import OpenTransaction
from charging.transaction_store import Transaction

Connection = AsyncConnection[Any]


async def load_meter(conn: Connection, transaction: Transaction) -> Meter:
    """The meter of an open transaction as its stored samples left it."""
    last = await sample_store.read_last_sample(conn, transaction.id, transaction.started_at)
    return meter_after(transaction, last)


def meter_after(transaction: Transaction, last: LastSample | None) -> Meter:
    """The meter of an open transaction after its newest stored sample."""
    if last is None:
        return start_meter(transaction.meter_start_wh, transaction.started_at)
    return Meter(
        segment_wh=last.register_wh,
        register_wh=last.register_wh,
        read_at=last.measured_at,
        carried_wh=last.delivered_wh,
    )


async def load_open(conn: Connection, charger_id: int) -> list[OpenTransaction]:
    """The open transactions of a charger with their meters, for the holder of its socket."""
    return [
        OpenTransaction(
            id=one.id,
            evse_no=one.evse_no,
            connector_no=one.connector_no,
            meter=await load_meter(conn, one),
            is_suspended=one.state == TransactionState.SUSPENDED,
            is_told_late=one.is_told_late,
        )
        for one in await transaction_store.read_open(conn, charger_id)
    ]


async def note_power(conn: Connection, transaction_id: int, *, is_flowing: bool, at: datetime) -> None:
    """The car stopped taking energy (the idle clock starts), or takes it again (the idle clock is reset)."""
    transaction = await transaction_store.lock_transaction(conn, transaction_id)
    if transaction is None or transaction.state not in OPEN_STATES:
        return
    event = TransactionEvent.RESUME if is_flowing else TransactionEvent.SUSPEND
    ended_at = None if is_flowing else (transaction.charging_ended_at or at)
    await transaction_store.set_state(conn, transaction_id, advance(transaction.state, event), ended_at)
