"""Events of OCPP 2.x that come after their transaction ended: what they mend of it, its samples and its open bill.

A bill that was settled before never changes; what it lacks then becomes an alarm for a person.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from psycopg import AsyncConnection

from charging import bill_store, bills, event_store, transaction_store
from charging.rules.event201 import STARTED, EventTold, register_of
from charging.rules.metering import Outlet
from charging.rules.repair import Counted, Gain, gain_after, gain_before
from charging.samples import SampleRow
from charging.transaction_store import Transaction
from facility import alarm_store

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]


async def mend_ended(
    conn: Connection, transaction_id: int, told: EventTold, rows: Sequence[SampleRow], outlet: Outlet
) -> list[SampleRow]:
    """Apply a late event to an ended transaction.

    Args:
        rows: the event's own samples, without an energy.

    Returns:
        The samples to keep: with the energy they show, where it was believed.
    """
    transaction = await transaction_store.lock_transaction(conn, transaction_id)
    if transaction is None or transaction.stopped_at is None or transaction.delivered_wh is None:
        return list(rows)
    counted = Counted(
        begin_wh=transaction.meter_start_wh,
        started_at=transaction.started_at,
        stopped_at=transaction.stopped_at,
        has_stop_register=transaction.meter_stop_wh is not None,
        delivered_wh=transaction.delivered_wh,
    )
    if told.kind == STARTED:
        begin_wh = register_of(told.meter_value, "Transaction.Begin")
        gain = gain_before(counted, begin_wh, told.moment.at, outlet)
        await _mend_start(conn, transaction, told, gain)
        kept = [row._replace(delivered_wh=0) if gain.gained_wh else row for row in rows]
    else:
        gain, kept = _best(counted, rows, outlet)
        if gain.gained_wh:
            await event_store.set_energy(conn, transaction.id, counted.delivered_wh + gain.gained_wh)
    if gain.odd is not None:
        await event_store.add_flag(conn, transaction.id, gain.odd)
    await _price_again(conn, transaction, told, gain)
    return kept


def _best(counted: Counted, rows: Sequence[SampleRow], outlet: Outlet) -> tuple[Gain, list[SampleRow]]:
    """The most that any sample shows, and the samples with what each shows."""
    gains = [gain_after(counted, row.register_wh, row.measured_at, outlet) for row in rows]
    kept = [
        row._replace(delivered_wh=counted.delivered_wh + gain.gained_wh) if gain.gained_wh else row
        for row, gain in zip(rows, gains, strict=True)
    ]
    return max(gains, key=lambda gain: (gain.gained_wh, gain.odd is not None), default=Gain()), kept


async def _mend_start(conn: Connection, transaction: Transaction, told: EventTold, gain: Gain) -> None:
    """The start's own time stands; with its register, every sample moves up by what was missing."""
    if told.moment.at > transaction.started_at:
        return
    await event_store.mend_start(
        conn,
        transaction.id,
        started_at=told.moment.at,
        started_raw=told.occurred_raw,
        gained_wh=gain.gained_wh,
        energy_tariff_id=await bill_store.tariff_in_force(conn, told.moment.at),
    )
    await event_store.add_flag(conn, transaction.id, "late_start")
    if gain.gained_wh:
        await event_store.raise_samples(conn, transaction.id, transaction.started_at, gain.gained_wh)


async def _price_again(conn: Connection, transaction: Transaction, told: EventTold, gain: Gain) -> None:
    await bills.make_bill(conn, transaction.id, told.received_at)
    bill = await bill_store.read_bill(conn, transaction.id)
    if not gain.gained_wh or bill is None:
        return
    log.info("transaction.mended", transaction=transaction.id, gained_wh=gain.gained_wh, bill=bill.state)
    if bill.state == "open":
        return
    mended = await transaction_store.lock_transaction(conn, transaction.id)
    assert mended is not None  # locked above
    due = (await bills.price_charge(conn, mended, told.received_at)).fee.total_fen
    await alarm_store.raise_alarm(
        conn,
        "charging.bill_short",
        str(transaction.id),
        "warning",
        {"gained_wh": gain.gained_wh, "billed_fen": bill.total_fen, "due_fen": due},
        now=told.received_at,
    )
