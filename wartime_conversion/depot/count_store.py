"""Rows of blind counts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row, scalar_row

from facility.errors import Missing
from wartime_conversion.depot.store import Conn


class CountMissing(Missing):
    """No count has this id."""

    code = "depot.count_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """One blind count of a lot in a slot."""

    id: UUID
    bay_id: str
    lot_id: UUID
    counted: int
    expected: int
    wants_recount: bool
    counted_at: datetime
    counted_by: UUID
    approved_at: datetime | None
    approved_by: UUID | None


async def insert_count(conn: Conn, count: CountRow) -> bool:
    """Write a count; `False` where its id is known."""
    cur = await conn.execute(
        """
        insert into conversion.depot_count (id, bay_id, lot_id, counted, expected, wants_recount, counted_at,
            counted_by, approved_at, approved_by)
        values (%(id)s, %(bay_id)s, %(lot_id)s, %(counted)s, %(expected)s, %(wants_recount)s, %(counted_at)s,
            %(counted_by)s, %(approved_at)s, %(approved_by)s)
        on conflict (id) do nothing
        """,
        {name: getattr(count, name) for name in CountRow.__slots__},
    )
    return cur.rowcount == 1


async def read_count(conn: Conn, count_id: UUID) -> CountRow:
    """One count; raises `CountMissing`."""
    async with conn.cursor(row_factory=class_row(CountRow)) as cur:
        await cur.execute(
            """
            select id, bay_id, lot_id, counted, expected, wants_recount, counted_at, counted_by, approved_at,
                approved_by
            from conversion.depot_count where id = %(id)s for update
            """,
            {"id": count_id},
        )
        row = await cur.fetchone()
    if row is None:
        raise CountMissing(f"no count {count_id}", count=str(count_id))
    return row


async def read_count_people(conn: Conn, bay_id: str, lot_id: UUID, since: datetime) -> list[UUID]:
    """Who counted a lot in a slot since a moment."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select counted_by from conversion.depot_count
            where bay_id = %(bay_id)s and lot_id = %(lot_id)s and counted_at >= %(since)s
            """,
            {"bay_id": bay_id, "lot_id": lot_id, "since": since},
        )
        return await cur.fetchall()


async def approve_count(conn: Conn, count_id: UUID, *, by: UUID, now: datetime) -> None:
    """Keep who approved a count."""
    await conn.execute(
        """
        update conversion.depot_count set approved_by = %(by)s, approved_at = %(now)s where id = %(id)s
        """,
        {"id": count_id, "by": by, "now": now},
    )


async def read_open_counts(conn: Conn) -> list[CountRow]:
    """Read the counts that differ from the ledger and that nobody has approved yet, the newest of each slot and lot."""
    async with conn.cursor(row_factory=class_row(CountRow)) as cur:
        await cur.execute(
            """
            select id, bay_id, lot_id, counted, expected, wants_recount, counted_at, counted_by, approved_at,
                approved_by
            from (select distinct on (bay_id, lot_id) * from conversion.depot_count
                  order by bay_id, lot_id, counted_at desc) as newest
            where approved_at is null and counted <> expected order by counted_at
            """
        )
        return await cur.fetchall()
