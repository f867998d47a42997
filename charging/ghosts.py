"""Transactions whose stop does not come: evidence that they are over ends them after its grace time, or a person does.

Runs inside the caller's unit of work. The charger's own stop may still come and then stands (see `stops`).
"""

from datetime import datetime
from typing import Any

import structlog
from psycopg import AsyncConnection

from charging import sample_store, transaction_store
from charging.bills import make_bill
from charging.rules.metering import Outlet, settle_meter
from charging.rules.transaction import (
    Evidence,
    NoSuchTransaction,
    TransactionEvent,
    advance,
    is_over,
    joined_flags,
)
from charging.running import load_meter
from charging.transaction_store import Ending, Transaction
from facility import alarm_store

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]


async def note_evidence(
    conn: Connection, charger_id: int, evidence: Evidence, now: datetime, evse_no: int | None = None
) -> None:
    """Evidence that open transactions (all of a charger's, or one outlet's) are over; time will tell."""
    for one in await transaction_store.read_open(conn, charger_id):
        if evse_no is not None and one.evse_no != evse_no:
            continue
        if one.evidence is None or evidence == Evidence.STATUS:
            await transaction_store.note_evidence(conn, one.id, evidence, now)


async def close_ghosts(conn: Connection, now: datetime) -> list[int]:
    """End the open transactions whose evidence has stood, without a sign of life, for its grace time."""
    closed = []
    for one in await transaction_store.read_open(conn):
        if one.evidence is None or one.evidence_at is None:
            continue
        sampled_at = await sample_store.read_last_sign(conn, one.id, one.started_at)
        sign_at = max(sampled_at or one.last_sign_at, one.last_sign_at)
        evidence = Evidence(one.evidence)
        if is_over(evidence, one.evidence_at, sign_at, now):
            await presume_ended(conn, one, evidence, now)
            closed.append(one.id)
        elif sign_at > one.evidence_at:
            await transaction_store.note_evidence(conn, one.id, None, None)
    return closed


async def presume_ended(
    conn: Connection, transaction: Transaction, evidence: Evidence, now: datetime
) -> None:
    """End an open transaction on evidence; its energy so far is billed."""
    await _close(
        conn,
        transaction,
        TransactionEvent.EVIDENCE,
        closed_by="system",
        reason=f"evidence: {evidence.value}",
        now=now,
    )
    await alarm_store.raise_alarm(
        conn,
        "charging.ghost",
        str(transaction.id),
        "info",
        {"transaction": transaction.id, "evidence": evidence.value},
        now=now,
    )


async def close_stuck(
    conn: Connection, transaction_id: int, *, by: str, reason: str, now: datetime
) -> Transaction:
    """A person closes a transaction whose stop will not come; its energy so far is billed.

    Raises:
        NoSuchTransaction: the number is not known.
        TransactionConflict: it is not open.
    """
    transaction = await transaction_store.lock_transaction(conn, transaction_id)
    if transaction is None:
        raise NoSuchTransaction(f"no transaction {transaction_id}")
    await _close(conn, transaction, TransactionEvent.CLOSE, closed_by=by, reason=reason, now=now)
    return transaction


async def _close(
    conn: Connection,
    transaction: Transaction,
    event: TransactionEvent,
    *,
    closed_by: str,
    reason: str,
    now: datetime,
) -> None:
    state = advance(transaction.state, event)
    meter = await load_meter(conn, transaction)
    settlement = settle_meter(meter, transaction.meter_start_wh, None, now, Outlet())
    await transaction_store.end_transaction(
        conn,
        transaction.id,
        Ending(
            state=state,
            stopped_at=max(meter.read_at, transaction.started_at),
            stopped_raw=None,
            received_at=now,
            meter_stop_wh=None,
            stop_reason=None,
            stop_id_tag=None,
            closed_by=closed_by,
            closing_reason=reason,
            delivered_wh=settlement.delivered_wh,
            # Nobody knows when the car left: no idle fee is asked for.
            unplugged_at=max(meter.read_at, transaction.started_at),
            flags=joined_flags(transaction.flags, settlement.flags),
        ),
    )
    await make_bill(conn, transaction.id, now)
    log.info("transaction.closed", transaction=transaction.id, reason=reason)
