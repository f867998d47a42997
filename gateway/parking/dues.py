"""What a stay still owes: the price list it began under, its permits, coupons and charges, less what was paid."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from gateway.parking import dues_store
from gateway.parking.pricing import price_stay
from gateway.parking.pricing_store import PriceListMissing
from gateway.parking.rules.tariff_settlement import Settlement
from gateway.parking.store import Stay

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a stay costs, what was paid and what is owed.

    `settlement` is the parking part with its lines, and `due_fen` the whole that is owed, unpaid charging bills
    with it; both `None` where no price list was in force when the stay began, and then a person decides.
    """

    settlement: Settlement | None
    paid_fen: int
    due_fen: int | None


async def read_due(conn: Conn, stay: Stay, *, now: datetime) -> Due:
    """What a stay owes at `now` (at its exit where the car has left)."""
    paid_fen = sum(row.amount_fen for row in await dues_store.read_money(conn, stay.id))
    try:
        price = await price_stay(conn, stay, now=now)
    except PriceListMissing:
        return Due(settlement=None, paid_fen=paid_fen, due_fen=None)
    return Due(settlement=price.settled, paid_fen=paid_fen, due_fen=int(price.due_fen))
