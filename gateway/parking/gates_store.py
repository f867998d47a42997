"""Rows of gate orders: one opening of one gate for one car, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOrder:
    """One order to open one gate for one car; `stay_id` is `None` for an opening without a stay."""

    id: UUID
    lane_id: str
    stay_id: UUID | None
    ordered_at: datetime
    ordered_by: str
    cause: str
    opened_at: datetime | None
    ended_at: datetime | None
    cars: int | None
    result: str | None


async def insert_gate_order(conn: Conn, order: GateOrder) -> None:
    """Order a gate to open for one car, and wake the gates' loop with the order's id."""
    await conn.execute(
        """
        insert into parking.gate_order (id, lane_id, stay_id, ordered_at, ordered_by, cause)
        values (%(id)s, %(lane_id)s, %(stay_id)s, %(ordered_at)s, %(ordered_by)s, %(cause)s)
        """,
        {
            "id": order.id,
            "lane_id": order.lane_id,
            "stay_id": order.stay_id,
            "ordered_at": order.ordered_at,
            "ordered_by": order.ordered_by,
            "cause": order.cause,
        },
    )
    await conn.execute("select pg_notify('gate_order', %(id)s)", {"id": str(order.id)})


async def read_waiting_orders(conn: Conn) -> list[GateOrder]:
    """Gate orders not ended, oldest first."""
    async with conn.cursor(row_factory=class_row(GateOrder)) as cur:
        await cur.execute("select * from parking.gate_order where ended_at is null order by ordered_at, id")
        return await cur.fetchall()


async def write_gate_opened(conn: Conn, order_id: UUID, opened_at: datetime) -> bool:
    """Keep that a gate went up; returns False where the order had been opened or ended before."""
    return (
        await conn.execute(
            """
            update parking.gate_order set opened_at = %(opened_at)s
            where id = %(id)s and opened_at is null and ended_at is null
            """,
            {"id": order_id, "opened_at": opened_at},
        )
    ).rowcount == 1


async def end_gate_order(conn: Conn, order_id: UUID, *, ended_at: datetime, cars: int, result: str) -> bool:
    """Keep how an opening ended; returns False where it had ended before."""
    return (
        await conn.execute(
            """
            update parking.gate_order set ended_at = %(ended_at)s, cars = %(cars)s, result = %(result)s
            where id = %(id)s and ended_at is null
            """,
            {"id": order_id, "ended_at": ended_at, "cars": cars, "result": result},
        )
    ).rowcount == 1
