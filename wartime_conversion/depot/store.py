"""Rows of the depot. Functions take `conn` and never commit."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from facility.errors import Missing
from wartime_conversion.rules.slots import Slot

Conn = AsyncConnection[Any]


class LotMissing(Missing):
    """No stock lot has this id."""

    code = "depot.lot_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """A stock lot; `state` is quarantine, released or rejected."""

    id: UUID
    category: str
    batch: str
    origin: str
    made_on: date | None
    expires_on: date | None
    received_pallets: int
    state: str
    remark: str
    received_at: datetime
    received_by: str
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One line of the ledger, as written."""

    id: UUID
    at: datetime
    kind: str
    lot_id: UUID
    source: str
    target: str
    pallets: int
    person: str
    released_by: str | None
    reference: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """Pallets of a lot at a place."""

    lot_id: UUID
    place: str
    pallets: int


async def lock_depot(conn: Conn) -> None:
    """Let one unit of work at a time change the depot, until it ends."""
    await conn.execute("select pg_advisory_xact_lock(hashtext('conversion.depot'))")


async def insert_slot(conn: Conn, slot: Slot, *, by: str, now: datetime) -> bool:
    """Open a slot; `False` where it is open already."""
    cur = await conn.execute(
        """
        insert into conversion.depot_slot
            (bay_id, zone, positions, clear_height_m, tributary_m2, distance_m, opened_at, opened_by)
        values (%(bay_id)s, %(zone)s, %(positions)s, %(clear_height_m)s, %(tributary_m2)s, %(distance_m)s,
            %(now)s, %(by)s)
        on conflict (bay_id) do nothing
        """,
        {name: getattr(slot, name) for name in Slot.__slots__} | {"now": now, "by": by},
    )
    return cur.rowcount == 1


async def read_slots(conn: Conn) -> list[Slot]:
    """The open slots, by bay."""
    async with conn.cursor(row_factory=class_row(Slot)) as cur:
        await cur.execute(
            """
            select bay_id, zone, positions, clear_height_m, tributary_m2, distance_m
            from conversion.depot_slot order by bay_id
            """
        )
        return await cur.fetchall()


async def delete_slot(conn: Conn, bay_id: str) -> None:
    """Close a slot."""
    await conn.execute("delete from conversion.depot_slot where bay_id = %(bay_id)s", {"bay_id": bay_id})


async def insert_lot(conn: Conn, lot: LotRow) -> bool:
    """Write a received lot; `False` where its id is known."""
    cur = await conn.execute(
        """
        insert into conversion.depot_lot (id, category, batch, origin, made_on, expires_on, received_pallets, state,
            remark, received_at, received_by, decided_at, decided_by)
        values (%(id)s, %(category)s, %(batch)s, %(origin)s, %(made_on)s, %(expires_on)s, %(received_pallets)s,
            %(state)s, %(remark)s, %(received_at)s, %(received_by)s, %(decided_at)s, %(decided_by)s)
        on conflict (id) do nothing
        """,
        {name: getattr(lot, name) for name in LotRow.__slots__},
    )
    return cur.rowcount == 1


async def read_lot(conn: Conn, lot_id: UUID) -> LotRow:
    """One lot; raises `LotMissing`."""
    async with conn.cursor(row_factory=class_row(LotRow)) as cur:
        await cur.execute(
            """
            select id, category, batch, origin, made_on, expires_on, received_pallets, state, remark, received_at,
                received_by, decided_at, decided_by
            from conversion.depot_lot where id = %(id)s
            """,
            {"id": lot_id},
        )
        row = await cur.fetchone()
    if row is None:
        raise LotMissing(f"no stock lot {lot_id}", lot=str(lot_id))
    return row


async def read_lots(conn: Conn) -> list[LotRow]:
    """Every lot that has pallets here, earliest expiry first."""
    async with conn.cursor(row_factory=class_row(LotRow)) as cur:
        await cur.execute(
            """
            select id, category, batch, origin, made_on, expires_on, received_pallets, state, remark, received_at,
                received_by, decided_at, decided_by
            from conversion.depot_lot l
            where exists (select from conversion.depot_balance b where b.lot_id = l.id and b.pallets > 0)
            order by expires_on nulls last, batch
            """
        )
        return await cur.fetchall()


async def decide_lot(conn: Conn, lot_id: UUID, state: str, remark: str, *, by: str, now: datetime) -> None:
    """Release a lot from quarantine or reject it."""
    await conn.execute(
        """
        update conversion.depot_lot
        set state = %(state)s, remark = %(remark)s, decided_by = %(by)s, decided_at = %(now)s where id = %(id)s
        """,
        {"id": lot_id, "state": state, "remark": remark, "by": by, "now": now},
    )


async def insert_move(conn: Conn, move: MoveRow) -> bool:
    """Append a line to the ledger; `False` where its id is known."""
    cur = await conn.execute(
        """
        insert into conversion.depot_move
            (id, at, kind, lot_id, source, target, pallets, person, released_by, reference)
        values (%(id)s, %(at)s, %(kind)s, %(lot_id)s, %(source)s, %(target)s, %(pallets)s, %(person)s,
            %(released_by)s, %(reference)s)
        on conflict (id) do nothing
        """,
        {name: getattr(move, name) for name in MoveRow.__slots__},
    )
    return cur.rowcount == 1


async def read_move(conn: Conn, move_id: UUID) -> MoveRow | None:
    """One line of the ledger, `None` where there is none of that id."""
    async with conn.cursor(row_factory=class_row(MoveRow)) as cur:
        await cur.execute(
            """
            select id, at, kind, lot_id, source, target, pallets, person, released_by, reference
            from conversion.depot_move where id = %(id)s
            """,
            {"id": move_id},
        )
        return await cur.fetchone()


async def read_ledger(conn: Conn, *, limit: int) -> list[MoveRow]:
    """The newest lines of the ledger."""
    async with conn.cursor(row_factory=class_row(MoveRow)) as cur:
        await cur.execute(
            """
            select id, at, kind, lot_id, source, target, pallets, person, released_by, reference
            from conversion.depot_move order by number desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()


async def write_balance(conn: Conn, lot_id: UUID, place: str, pallets: int) -> None:
    """Say how many pallets of a lot are at a place."""
    await conn.execute(
        """
        insert into conversion.depot_balance (lot_id, place, pallets)
        values (%(lot_id)s, %(place)s, %(pallets)s)
        on conflict (lot_id, place) do update set pallets = excluded.pallets
        """,
        {"lot_id": lot_id, "place": place, "pallets": pallets},
    )


async def read_balances(conn: Conn) -> list[BalanceRow]:
    """Every place that holds pallets."""
    async with conn.cursor(row_factory=class_row(BalanceRow)) as cur:
        await cur.execute(
            """
            select lot_id, place, pallets from conversion.depot_balance where pallets > 0 order by place, lot_id
            """
        )
        return await cur.fetchall()


async def count_pallets(conn: Conn) -> int:
    """Count the pallets on the ledger, in slots and in quarantine."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select coalesce(sum(pallets), 0) from conversion.depot_balance")
        return int(await cur.fetchone() or 0)


async def read_ledger_sums(conn: Conn) -> list[BalanceRow]:
    """What the ledger adds up to by lot and place: must be what the balances say."""
    async with conn.cursor(row_factory=class_row(BalanceRow)) as cur:
        await cur.execute(
            """
            select lot_id, place, sum(pallets)::integer as pallets
            from (select lot_id, target as place, pallets from conversion.depot_move
                  union all select lot_id, source, -pallets from conversion.depot_move) as both_ends
            where place <> 'outside' group by lot_id, place having sum(pallets) <> 0 order by place, lot_id
            """
        )
        return await cur.fetchall()
