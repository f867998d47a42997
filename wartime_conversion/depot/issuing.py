"""Issue orders: requested, approved by another, picked first-expiry-first-out, checked by another, loaded."""

from dataclasses import replace
from uuid import UUID

from facility.context import Context
from facility.errors import Conflict
from facility.identity import Person
from facility.units import SHANGHAI
from wartime_conversion.depot import order_store, store
from wartime_conversion.depot.catalogue import load_catalogue
from wartime_conversion.depot.journeys import (
    DifferentWords,
    SamePerson,
    ledger_line,
    read_balance,
    stock_lot,
    write_move,
)
from wartime_conversion.depot.order_store import OrderRow, PickRow
from wartime_conversion.depot.store import Conn
from wartime_conversion.rules.stock import OUTSIDE, first_expiry_first_out

ORDER_STEPS: dict[tuple[str, str], str] = {
    ("requested", "approve"): "approved",
    ("requested", "refuse"): "refused",
    ("approved", "pick"): "picked",
    ("picked", "load"): "issued",
}


class OrderConflict(Conflict):
    """The order is not at this step."""

    code = "depot.order_conflict"


def advance(state: str, event: str) -> str:
    """The order's next state; raises `OrderConflict` where the event is not possible now."""
    if (state, event) not in ORDER_STEPS:
        raise OrderConflict(f"an order that is {state} cannot {event}", state=state, event=event)
    return ORDER_STEPS[state, event]


async def request(
    conn: Conn, ctx: Context, *, order_id: UUID, category: str, pallets: int, destination: str, person: Person
) -> OrderRow:
    """Ask for pallets of a category; the same request again changes nothing."""
    load_catalogue().category(category)
    await store.lock_depot(conn)
    now = ctx.clock.now()
    order = OrderRow(
        id=order_id,
        category=category,
        pallets=pallets,
        destination=destination,
        state="requested",
        requested_at=now,
        requested_by=person.id,
        approved_by=None,
        picked_by=None,
        checked_by=None,
        changed_at=now,
    )
    if not await order_store.insert_order(conn, order):
        known = await order_store.read_order(conn, order_id)
        if (known.category, known.pallets, known.destination) != (category, pallets, destination):
            raise DifferentWords(f"order {order_id} is known with other words", order=str(order_id))
        return known
    return order


async def approve(conn: Conn, ctx: Context, order_id: UUID, person: Person) -> list[PickRow]:
    """Approve an order and set aside what it takes, earliest expiry first; what other orders wait for is left alone.

    Raises:
        SamePerson: whoever requested it.
        StockShort: less is in store, in date and not set aside.
    """
    await store.lock_depot(conn)
    order = await order_store.read_order(conn, order_id)
    state = advance(order.state, "approve")
    if person.id == order.requested_by:
        raise SamePerson("an order is approved by a person who did not request it")
    free = await read_balance(conn)
    for pick in await order_store.read_open_picks(conn):
        key = (str(pick.lot_id), pick.place)
        free[key] = free.get(key, 0) - pick.pallets
    free = {key: pallets for key, pallets in free.items() if pallets > 0}
    lots = [stock_lot(lot) for lot in await store.read_lots(conn) if lot.state == "released"]
    now = ctx.clock.now()
    picks = first_expiry_first_out(lots, free, order.category, order.pallets, now.astimezone(SHANGHAI).date())
    rows = [
        PickRow(order_id=order_id, lot_id=UUID(pick.lot), place=pick.place, pallets=pick.pallets)
        for pick in picks
    ]
    for row in rows:
        await order_store.insert_pick(conn, row)
    await order_store.write_order(conn, replace(order, state=state, approved_by=person.id, changed_at=now))
    return rows


async def refuse(conn: Conn, ctx: Context, order_id: UUID, person: Person) -> OrderRow:
    """Refuse a requested order.

    Raises:
        SamePerson: whoever requested it.
    """
    order = await order_store.read_order(conn, order_id)
    state = advance(order.state, "refuse")
    if person.id == order.requested_by:
        raise SamePerson("an order is refused by a person who did not request it")
    order = replace(order, state=state, approved_by=person.id, changed_at=ctx.clock.now())
    await order_store.write_order(conn, order)
    return order


async def pick(conn: Conn, ctx: Context, order_id: UUID, person: Person) -> OrderRow:
    """Say that what was set aside stands at the gate."""
    order = await order_store.read_order(conn, order_id)
    state = advance(order.state, "pick")
    order = replace(order, state=state, picked_by=person.id, changed_at=ctx.clock.now())
    await order_store.write_order(conn, order)
    return order


async def load(conn: Conn, ctx: Context, order_id: UUID, person: Person) -> OrderRow:
    """Check what was picked and let it leave: the pallets go out of the ledger.

    Raises:
        SamePerson: whoever picked it.
        StockShort: something set aside is no longer there.
    """
    await store.lock_depot(conn)
    order = await order_store.read_order(conn, order_id)
    state = advance(order.state, "load")
    if person.id == order.picked_by:
        raise SamePerson("an order is checked by a person who did not pick it")
    for row in await order_store.read_open_picks(conn):
        if row.order_id == order_id:
            line = ledger_line(
                ctx, "issue", row.lot_id, row.place, OUTSIDE, row.pallets, person, reference=order_id
            )
            await write_move(conn, line)
    order = replace(order, state=state, checked_by=person.id, changed_at=ctx.clock.now())
    await order_store.write_order(conn, order)
    return order
