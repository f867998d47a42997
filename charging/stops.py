"""The stop of a charging transaction, in every OCPP version: the bill it makes, and stops that name no transaction.

Runs inside the caller's unit of work and is safe to repeat, because chargers repeat.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from psycopg import AsyncConnection

from charging import orphan_store, transaction_store
from charging.bills import make_bill
from charging.orphan_store import OrphanStop
from charging.rules.metering import Outlet, settle_meter
from charging.rules.moments import Moment
from charging.rules.transaction import (
    OfflineStart,
    ParkedStop,
    TransactionEvent,
    TransactionState,
    advance,
    belongs,
    joined_flags,
)
from charging.running import load_meter
from charging.transaction_store import Ending, Transaction
from facility import alarm_store

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTold:
    """A stop as a station tells it; `transaction` is the number or text the charger used for the transaction."""

    charger_id: int
    transaction: str
    moment: Moment
    stopped_raw: str
    received_at: datetime
    meter_stop_wh: int | None
    id_tag: str | None
    reason: str | None
    payload: dict[str, Any]


async def stop_transaction(conn: Connection, told: StopTold, outlet: Outlet) -> Transaction | None:
    """End a transaction and make its bill.

    Returns:
        The transaction as it was before; None where the stop found none and was kept as an orphan (with an alarm).
    """
    transaction = await _named_transaction(conn, told)
    if transaction is None:
        await _keep_orphan(conn, told, outlet)
        return None
    if transaction.state == TransactionState.ENDED:
        return transaction  # the same stop again
    await _end(conn, transaction, told, outlet, TransactionEvent.STOP)
    return transaction


async def _named_transaction(conn: Connection, told: StopTold) -> Transaction | None:
    number = told.transaction
    if not number.isascii() or not number.lstrip("-").isdigit() or not 0 < int(number) < 2**31:
        return None
    found = await transaction_store.lock_transaction(conn, int(number))
    return found if found is not None and found.charger_id == told.charger_id else None


async def end_told(conn: Connection, transaction: Transaction, told: StopTold, outlet: Outlet) -> None:
    """End a transaction that the caller has found and locked (2.x names it by the station's own id)."""
    if transaction.state != TransactionState.ENDED:
        await _end(conn, transaction, told, outlet, TransactionEvent.STOP)


async def _keep_orphan(conn: Connection, told: StopTold, outlet: Outlet) -> None:
    is_parked = told.transaction in ("0", "-1")
    orphan = OrphanStop(
        id=0,
        charger_id=told.charger_id,
        sent_transaction=told.transaction,
        is_parked=is_parked,
        meter_stop_wh=told.meter_stop_wh or 0,
        stopped_at=told.moment.at,
        stopped_raw=told.stopped_raw,
        received_at=told.received_at,
        id_tag=told.id_tag,
        reason=told.reason,
        flags=list(told.moment.flags),
        payload=told.payload,
    )
    if not await orphan_store.add_orphan_stop(conn, orphan):
        return
    if is_parked and await _end_waiting_start(conn, told, outlet):
        return
    await alarm_store.raise_alarm(
        conn,
        "charging.orphan_stop",
        f"{told.charger_id}/{told.transaction}",
        "warning",
        {"transaction": told.transaction, "meter_stop_wh": told.meter_stop_wh, "parked": is_parked},
        now=told.received_at,
    )


async def _end_waiting_start(conn: Connection, told: StopTold, outlet: Outlet) -> bool:
    """The off-line start may already be here: a parked stop ends the one start it fits, if there is just one."""
    fitting = [
        one
        for one in await transaction_store.read_open(conn, told.charger_id)
        if belongs(_parked(told), _offline_start(one))
    ]
    if len(fitting) != 1:
        return False
    for orphan in await orphan_store.read_parked_stops(conn, told.charger_id):
        if orphan.stopped_raw == told.stopped_raw and orphan.meter_stop_wh == (told.meter_stop_wh or 0):
            await orphan_store.resolve_orphan_stop(conn, orphan.id, fitting[0].id, told.received_at)
    await _end(conn, fitting[0], told, outlet, TransactionEvent.STOP)
    return True


async def end_with_parked_stop(
    conn: Connection, charger_id: int, transaction_id: int, start: OfflineStart, now: datetime
) -> bool:
    """The other order: the stop came first and waits for the off-line start that has begun a transaction just now."""
    for orphan in await orphan_store.read_parked_stops(conn, charger_id):
        parked = ParkedStop(
            stopped_at=orphan.stopped_at, meter_stop_wh=orphan.meter_stop_wh, id_tag=orphan.id_tag
        )
        if not belongs(parked, start):
            continue
        transaction = await transaction_store.lock_transaction(conn, transaction_id)
        assert transaction is not None  # written a moment ago in this unit of work
        await orphan_store.resolve_orphan_stop(conn, orphan.id, transaction_id, now)
        stop = StopTold(
            charger_id=charger_id,
            transaction=orphan.sent_transaction,
            moment=Moment(at=orphan.stopped_at, flags=tuple(orphan.flags)),
            stopped_raw=orphan.stopped_raw,
            received_at=now,
            meter_stop_wh=orphan.meter_stop_wh,
            id_tag=orphan.id_tag,
            reason=orphan.reason,
            payload=orphan.payload,
        )
        await _end(conn, transaction, stop, Outlet(), TransactionEvent.STOP)
        subject = f"{charger_id}/{orphan.sent_transaction}"
        await alarm_store.clear_alarm(conn, "charging.orphan_stop", subject, now=now)
        return True
    return False


def _parked(told: StopTold) -> ParkedStop:
    return ParkedStop(stopped_at=told.moment.at, meter_stop_wh=told.meter_stop_wh or 0, id_tag=told.id_tag)


def _offline_start(one: Transaction) -> OfflineStart:
    return OfflineStart(
        id_tag=one.id_tag,
        started_at=one.started_at,
        meter_start_wh=one.meter_start_wh,
        is_told_late=one.is_told_late,
    )


async def _end(
    conn: Connection, transaction: Transaction, told: StopTold, outlet: Outlet, event: TransactionEvent
) -> None:
    state = advance(transaction.state, event)
    meter = await load_meter(conn, transaction)
    stopped_at = max(told.moment.at, transaction.started_at)
    is_clock_set = transaction.is_clock_set and told.moment.is_clock_set
    settlement = settle_meter(
        meter, transaction.meter_start_wh, told.meter_stop_wh, stopped_at if is_clock_set else None, outlet
    )
    flags = joined_flags(transaction.flags, told.moment.flags, settlement.flags)
    if told.moment.at < transaction.started_at:
        flags = joined_flags(flags, ("stop_before_start",))
    await transaction_store.end_transaction(
        conn,
        transaction.id,
        Ending(
            state=state,
            stopped_at=stopped_at,
            stopped_raw=told.stopped_raw,
            received_at=told.received_at,
            meter_stop_wh=told.meter_stop_wh,
            stop_reason=told.reason or "Local",
            stop_id_tag=told.id_tag,
            closed_by=None,
            closing_reason=None,
            delivered_wh=settlement.delivered_wh,
            unplugged_at=stopped_at if _is_unplugged_by(transaction, told) else None,
            flags=flags,
        ),
    )
    if "jump" in settlement.flags:
        detail = {"meter_stop_wh": told.meter_stop_wh, "billed_wh": settlement.delivered_wh}
        await alarm_store.raise_alarm(
            conn, "charging.energy_doubtful", str(transaction.id), "warning", detail, now=told.received_at
        )
    await make_bill(conn, transaction.id, told.received_at)
    log.info("transaction.ended", transaction=transaction.id, delivered_wh=settlement.delivered_wh)


def _is_unplugged_by(transaction: Transaction, told: StopTold) -> bool:
    """Whether the stop itself says that the car has left the plug (history told late has long left)."""
    return told.reason == "EVDisconnected" or transaction.is_told_late
