"""What the watchers' numbers count, from the views of schema `report`."""

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingCounts:
    """Charging as it stands: chargers, transactions under way, orders not answered."""

    registered: int
    connected: int
    open_transactions: int
    orders_queued: int
    orders_sent: int


async def read_charging(conn: AsyncConnection[Any]) -> ChargingCounts:
    """Count chargers, transactions and orders."""
    async with conn.cursor(row_factory=class_row(ChargingCounts)) as cur:
        await cur.execute(
            """
            select (select count(distinct identity)::integer from report.charger) as registered,
                   (select count(distinct identity)::integer from report.charger where is_connected) as connected,
                   (select count(*)::integer from report.charging_transaction
                    where state in ('running', 'suspended')) as open_transactions,
                   (select count(*)::integer from report.charger_order where state = 'queued') as orders_queued,
                   (select count(*)::integer from report.charger_order where state = 'sent') as orders_sent
            """
        )
        counts = await cur.fetchone()
    if counts is None:
        raise Missing("no counts of charging")
    return counts
