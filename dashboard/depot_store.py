"""What the screens read of the depot: views of the schema `report`."""

from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from dashboard.store import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """A storage slot: pallet positions, and how many pallets stand there."""

    bay_id: str
    positions: int
    pallets: int
    category: str | None
    earliest_expiry: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """Stock of one category, in pallets."""

    category: str
    lots: int
    pallets: int
    quarantined: int
    earliest_expiry: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """Something that happened to pallets."""

    number: int
    at: datetime
    kind: str
    source: str
    target: str
    pallets: int
    person: str


async def read_slots(conn: Conn) -> list[SlotRow]:
    """Every storage slot."""
    async with conn.cursor(row_factory=class_row(SlotRow)) as cur:
        await cur.execute(
            "select bay_id, positions, pallets, category, earliest_expiry from report.depot_slot order by bay_id"
        )
        return await cur.fetchall()


async def read_stock(conn: Conn) -> list[StockRow]:
    """Stock by category."""
    async with conn.cursor(row_factory=class_row(StockRow)) as cur:
        await cur.execute(
            """
            select category, count(distinct lot_id)::integer as lots, sum(pallets)::integer as pallets,
                   coalesce(sum(pallets) filter (where state = 'quarantine'), 0)::integer as quarantined,
                   min(expires_on) as earliest_expiry
            from report.depot_stock group by category order by category
            """
        )
        return await cur.fetchall()


async def count_expiring(conn: Conn, *, before: date) -> int:
    """Lots in stock that expire before a day."""
    cur = await conn.execute(
        "select count(distinct lot_id) from report.depot_stock where expires_on < %(before)s",
        {"before": before},
    )
    row = await cur.fetchone()
    return int(row[0]) if row else 0


async def read_moves(conn: Conn, *, limit: int) -> list[MoveRow]:
    """The newest moves first."""
    async with conn.cursor(row_factory=class_row(MoveRow)) as cur:
        await cur.execute(
            """
            select number, at, kind, source, target, pallets, person
            from report.depot_move order by number desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()
