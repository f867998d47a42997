"""The cost of a running charge, told to its 2.x charger now and then (I02)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from charging import bills, order_store, orders, transaction_store
from charging.rules.transaction import OPEN_STATES
from facility.clock import Clock

Connection = AsyncConnection[Any]

COST_EVERY: Final = timedelta(seconds=60)
"""How often a running charge's cost is told to its charger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSoFar:
    """The cost in yuan as OCPP writes it, None where the charge is over; whether the charger has a use for it."""

    total: float | None
    is_wanted: bool = True


async def tell_cost(
    conn: Connection, transaction_id: int, version: str, name: str, now: datetime, clock: Clock
) -> CostSoFar:
    """Order CostUpdated where the cost has changed, unless the charger refused the last one."""
    one = await transaction_store.lock_transaction(conn, transaction_id)
    if one is None or one.state not in OPEN_STATES:
        return CostSoFar(total=None)
    total = (await bills.price_charge(conn, one, now)).fee.total_fen / 100
    last = await order_store.last_order(conn, one.charger_id, "CostUpdated", {"transactionId": name})
    if last is not None and last.state == "refused":
        # It has no display: an error each minute helps nobody.
        return CostSoFar(total=total, is_wanted=False)
    if last is None or last.payload.get("totalCost") != total:
        await orders.request_order(
            conn,
            charger_id=one.charger_id,
            version=version,
            action="CostUpdated",
            payload={"totalCost": total, "transactionId": name},
            by="energy tariff",
            clock=clock,
            keep_for=COST_EVERY,
        )
    return CostSoFar(total=total)
