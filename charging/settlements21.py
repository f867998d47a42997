"""NotifySettlement of OCPP 2.1: a payment terminal at the charger took money for a charge.

The bill is settled with it where the amount is the bill's to the fen; anything else is for a person to see to.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from psycopg import AsyncConnection

from charging import bills, transaction_store
from charging.bills import BillSettled, NoSuchBill
from charging.charger_store import Charger
from facility import alarm_store

Connection = AsyncConnection[Any]


async def take_settlement(
    conn: Connection, charger: Charger, told: Mapping[str, Any], received_at: datetime
) -> None:
    """Settle the bill that a terminal was paid for; what does not fit raises an alarm and settles nothing."""
    if told["status"] != "Settled":
        return
    name = told.get("transactionId")
    paid_fen = int((Decimal(str(told["settlementAmount"])) * 100).to_integral_value(ROUND_HALF_UP))
    found = await transaction_store.find_transactions(
        conn, charger_id=charger.id, station_transaction=name, limit=1
    )
    if name is None or not found:
        await _alarm(conn, charger, told, paid_fen, "unknown_transaction", None, received_at)
        return
    number = found[0].id
    try:
        bill = await bills.price_open_bill(conn, number, received_at)
    except NoSuchBill:
        await _alarm(conn, charger, told, paid_fen, "not_ended", None, received_at)
        return
    if bill.state != "open":
        if bill.payment_reference != told["pspRef"]:
            await _alarm(conn, charger, told, paid_fen, "paid_twice", bill.total_fen, received_at)
        return
    if bill.total_fen != paid_fen:
        await _alarm(conn, charger, told, paid_fen, "other_amount", bill.total_fen, received_at)
        return
    try:
        await bills.settle_bill(
            conn, number, by=f"terminal {charger.identity}", reference=told["pspRef"], now=received_at
        )
    except BillSettled:  # between the look and the act, by someone else
        await _alarm(conn, charger, told, paid_fen, "paid_twice", bill.total_fen, received_at)


async def _alarm(
    conn: Connection,
    charger: Charger,
    told: Mapping[str, Any],
    paid_fen: int,
    why: str,
    due_fen: int | None,
    now: datetime,
) -> None:
    await alarm_store.raise_alarm(
        conn,
        "charging.settlement_doubtful",
        f"{charger.identity}/{told['pspRef']}",
        "warning",
        {
            "why": why,
            "paid_fen": paid_fen,
            "due_fen": due_fen,
            "transaction": told.get("transactionId"),
            "reference": told["pspRef"],
        },
        now=now,
    )
