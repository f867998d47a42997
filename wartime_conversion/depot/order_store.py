"""Rows of issue orders and of what they are to take."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from facility.errors import Missing
from wartime_conversion.depot.store import Conn


class OrderMissing(Missing):
    """No order has this id."""

    code = "depot.order_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An issue order; the people are account ids."""

    id: UUID
    category: str
    pallets: int
    destination: str
    state: str
    requested_at: datetime
    requested_by: UUID
    approved_by: UUID | None
    picked_by: UUID | None
    checked_by: UUID | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PickRow:
    """Pallets of a lot to take from a place for an order."""

    order_id: UUID
    lot_id: UUID
    place: str
    pallets: int


async def insert_order(conn: Conn, order: OrderRow) -> bool:
    """Write a request; `False` where its id is known."""
    cur = await conn.execute(
        """
        insert into conversion.depot_order (id, category, pallets, destination, state, requested_at, requested_by,
            approved_by, picked_by, checked_by, changed_at)
        values (%(id)s, %(category)s, %(pallets)s, %(destination)s, %(state)s, %(requested_at)s, %(requested_by)s,
            %(approved_by)s, %(picked_by)s, %(checked_by)s, %(changed_at)s)
        on conflict (id) do nothing
        """,
        {name: getattr(order, name) for name in OrderRow.__slots__},
    )
    return cur.rowcount == 1


async def read_order(conn: Conn, order_id: UUID) -> OrderRow:
    """One order; raises `OrderMissing`."""
    async with conn.cursor(row_factory=class_row(OrderRow)) as cur:
        await cur.execute(
            """
            select id, category, pallets, destination, state, requested_at, requested_by, approved_by, picked_by,
                checked_by, changed_at
            from conversion.depot_order where id = %(id)s for update
            """,
            {"id": order_id},
        )
        row = await cur.fetchone()
    if row is None:
        raise OrderMissing(f"no order {order_id}", order=str(order_id))
    return row


async def write_order(conn: Conn, order: OrderRow) -> None:
    """Keep an order's state and people."""
    await conn.execute(
        """
        update conversion.depot_order
        set state = %(state)s, approved_by = %(approved_by)s, picked_by = %(picked_by)s,
            checked_by = %(checked_by)s, changed_at = %(changed_at)s
        where id = %(id)s
        """,
        {name: getattr(order, name) for name in OrderRow.__slots__},
    )


async def insert_pick(conn: Conn, pick: PickRow) -> None:
    """Keep what an order is to take."""
    await conn.execute(
        """
        insert into conversion.depot_pick (order_id, lot_id, place, pallets)
        values (%(order_id)s, %(lot_id)s, %(place)s, %(pallets)s)
        """,
        {name: getattr(pick, name) for name in PickRow.__slots__},
    )


async def read_open_picks(conn: Conn) -> list[PickRow]:
    """What approved and picked orders are still to take."""
    async with conn.cursor(row_factory=class_row(PickRow)) as cur:
        await cur.execute(
            """
            select p.order_id, p.lot_id, p.place, p.pallets
            from conversion.depot_pick p join conversion.depot_order o on o.id = p.order_id
            where o.state in ('approved', 'picked') order by p.place, p.lot_id
            """
        )
        return await cur.fetchall()


async def read_orders(conn: Conn, *, limit: int) -> list[OrderRow]:
    """Read orders, those that are not finished first, then the newest."""
    async with conn.cursor(row_factory=class_row(OrderRow)) as cur:
        await cur.execute(
            """
            select id, category, pallets, destination, state, requested_at, requested_by, approved_by, picked_by,
                checked_by, changed_at
            from conversion.depot_order
            order by state in ('issued', 'refused'), requested_at desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()
