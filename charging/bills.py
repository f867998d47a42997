"""What a charge costs: shown while it runs, billed when it ends, settled once. The one caller of `rules.fees`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from charging import bill_store, sample_store, transaction_store
from charging.batch_store import UnpluggedRow, write_unplugged
from charging.bill_store import Bill
from charging.rules.fees import ChargeFee, Reading, charge_fee
from charging.tariffs import load_tariff
from charging.transaction_store import Transaction
from facility.errors import Conflict, Missing
from facility.units import SHANGHAI

Connection = AsyncConnection[Any]


class NoSuchBill(Missing):
    """The transaction has no bill yet."""

    code = "bill_missing"


class BillSettled(Conflict):
    """The bill has been settled or waived already."""

    code = "bill_settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCharge:
    """A charge and what it costs so far; final once its transaction has ended."""

    delivered_wh: int
    fee: ChargeFee
    energy_tariff: str


async def price_charge(conn: Connection, transaction: Transaction, now: datetime) -> PricedCharge:
    """Price a transaction, running or ended, at a moment."""
    tariff = await load_tariff(conn, transaction.energy_tariff_id)
    stored = await sample_store.read_readings(conn, transaction.id, transaction.started_at)
    readings = _monotone(transaction, stored)
    fee = charge_fee(
        readings,
        tariff,
        SHANGHAI,
        charging_ended_at=transaction.charging_ended_at,
        unplugged_at=transaction.unplugged_at or now,
    )
    return PricedCharge(delivered_wh=readings[-1].delivered_wh, fee=fee, energy_tariff=tariff.name)


def _monotone(transaction: Transaction, stored: list[Reading]) -> list[Reading]:
    """From zero at the start to the fixed energy at the stop, never falling in between."""
    readings = [Reading(at=transaction.started_at, delivered_wh=0)]
    most_wh = transaction.delivered_wh
    for reading in stored:
        wh = reading.delivered_wh if most_wh is None else min(reading.delivered_wh, most_wh)
        at = reading.at
        if transaction.stopped_at is not None and at > transaction.stopped_at:
            at = transaction.stopped_at
        if wh >= readings[-1].delivered_wh and at >= readings[-1].at:
            readings.append(Reading(at=at, delivered_wh=wh))
    if transaction.stopped_at is not None and most_wh is not None:
        readings.append(Reading(at=max(transaction.stopped_at, readings[-1].at), delivered_wh=most_wh))
    return readings


async def make_bill(conn: Connection, transaction_id: int, now: datetime) -> None:
    """Make an ended transaction's bill, or price it again while it is open."""
    transaction = await transaction_store.lock_transaction(conn, transaction_id)
    if transaction is None or transaction.stopped_at is None:
        raise NoSuchBill(f"transaction {transaction_id} has not ended")
    priced = await price_charge(conn, transaction, now)
    await bill_store.write_bill(
        conn,
        transaction_id=transaction_id,
        energy_fen=priced.fee.part_fen("energy"),
        service_fen=priced.fee.part_fen("service"),
        idle_fen=priced.fee.part_fen("idle"),
        delivered_wh=priced.delivered_wh,
        lines=[asdict(line) for line in priced.fee.lines],
        energy_tariff=priced.energy_tariff,
        now=now,
    )


async def note_unplugged(conn: Connection, rows: Sequence[UnpluggedRow]) -> None:
    """Cars have left their plugs: the idle fee of each last bill there, while that is open, is fixed."""
    for transaction_id, heard_at in (await write_unplugged(conn, rows)).items():
        await make_bill(conn, transaction_id, heard_at)


async def price_open_bill(conn: Connection, transaction_id: int, now: datetime) -> Bill:
    """A bill with its idle fee up to now: what the driver is to pay at this moment.

    Raises:
        NoSuchBill: the transaction has not ended.
    """
    await make_bill(conn, transaction_id, now)
    bill = await bill_store.read_bill(conn, transaction_id)
    if bill is None:
        raise NoSuchBill(f"transaction {transaction_id} has no bill")
    return bill


async def settle_bill(
    conn: Connection,
    transaction_id: int,
    *,
    by: str,
    reference: str | None,
    now: datetime,
    waive: bool = False,
) -> Bill:
    """Settle a bill once; from then on it never changes.

    Raises:
        NoSuchBill: the transaction has no bill.
        BillSettled: it was settled before.
    """
    state = "waived" if waive else "settled"
    is_settled = await bill_store.settle_open_bill(conn, transaction_id, state, by, reference, now)
    bill = await bill_store.read_bill(conn, transaction_id)
    if bill is None:
        raise NoSuchBill(f"transaction {transaction_id} has no bill")
    if not is_settled:
        raise BillSettled(
            f"the bill of transaction {transaction_id} is {bill.state}", reference=bill.payment_reference
        )
    return bill
