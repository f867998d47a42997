"""Rows of permits, allow and deny lists, visitor passes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Missing

Conn = AsyncConnection[Any]


class ListRowMissing(Missing):
    """No such permit, list entry or pass stands."""

    code = "parking.list_row_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A right to park between two local dates, both included, with `max_inside` of its plates at once."""

    id: UUID
    kind: str
    holder: str
    bay_id: str | None
    max_inside: int
    valid_from: date
    valid_to: date
    fee_fen: int
    made_at: datetime
    made_by: str
    ended_at: datetime | None
    ended_by: str | None
    plates: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A plate on the allow or the deny list; `valid_until` is `None` for good."""

    id: UUID
    list: str
    plate: str
    reason: str
    valid_from: datetime
    valid_until: datetime | None
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorPass:
    """A plate let in for a host within a window."""

    id: UUID
    plate: str
    host: str
    valid_from: datetime
    valid_until: datetime
    is_free: bool
    made_at: datetime
    made_by: str


async def insert_permit(conn: Conn, permit: Permit) -> None:
    """Keep a permit and its plates."""
    await conn.execute(
        """
        insert into parking.permit (id, kind, holder, bay_id, max_inside, valid_from, valid_to, fee_fen, made_at,
                                    made_by)
        values (%(id)s, %(kind)s, %(holder)s, %(bay_id)s, %(max_inside)s, %(valid_from)s, %(valid_to)s,
                %(fee_fen)s, %(made_at)s, %(made_by)s)
        """,
        {
            "id": permit.id,
            "kind": permit.kind,
            "holder": permit.holder,
            "bay_id": permit.bay_id,
            "max_inside": permit.max_inside,
            "valid_from": permit.valid_from,
            "valid_to": permit.valid_to,
            "fee_fen": permit.fee_fen,
            "made_at": permit.made_at,
            "made_by": permit.made_by,
        },
    )
    await write_permit_plates(conn, permit.id, permit.plates)


async def write_permit_plates(conn: Conn, permit_id: UUID, plates: list[str]) -> None:
    """Set the plates that share a permit."""
    await conn.execute("delete from parking.permit_plate where permit_id = %(id)s", {"id": permit_id})
    await conn.execute(
        """
        insert into parking.permit_plate (permit_id, plate)
        select %(id)s, plate from unnest(%(plates)s::text[]) as plate
        """,
        {"id": permit_id, "plates": plates},
    )


async def read_permits(conn: Conn, *, plate: str | None, limit: int = 200) -> list[Permit]:
    """Permits not ended, those that run out first, of one plate or of all."""
    async with conn.cursor(row_factory=class_row(Permit)) as cur:
        await cur.execute(
            """
            select p.*, array(select plate from parking.permit_plate pp where pp.permit_id = p.id order by plate)
                   as plates
            from parking.permit p
            where p.ended_at is null
              and (%(plate)s::text is null or exists (
                  select 1 from parking.permit_plate pp where pp.permit_id = p.id and pp.plate = %(plate)s))
            order by p.valid_to, p.id limit %(limit)s
            """,
            {"plate": plate, "limit": limit},
        )
        return await cur.fetchall()


async def read_permit(conn: Conn, permit_id: UUID) -> Permit:
    """One permit.

    Raises:
        ListRowMissing: there is none.
    """
    async with conn.cursor(row_factory=class_row(Permit)) as cur:
        await cur.execute(
            """
            select p.*, array(select plate from parking.permit_plate pp where pp.permit_id = p.id order by plate)
                   as plates
            from parking.permit p where p.id = %(id)s
            """,
            {"id": permit_id},
        )
        row = await cur.fetchone()
    if row is None:
        raise ListRowMissing(f"no permit {permit_id}")
    return row


async def extend_permit(conn: Conn, permit_id: UUID, valid_to: date) -> bool:
    """Let a permit run until another date; returns False where it has ended."""
    return (
        await conn.execute(
            "update parking.permit set valid_to = %(valid_to)s where id = %(id)s and ended_at is null",
            {"id": permit_id, "valid_to": valid_to},
        )
    ).rowcount == 1


async def end_permit(conn: Conn, permit_id: UUID, *, by: str, now: datetime) -> bool:
    """End a permit before its time; returns False where it had ended."""
    return (
        await conn.execute(
            "update parking.permit set ended_at = %(now)s, ended_by = %(by)s where id = %(id)s and ended_at is null",
            {"id": permit_id, "by": by, "now": now},
        )
    ).rowcount == 1


async def insert_list_entry(conn: Conn, entry: ListEntry) -> bool:
    """Put a plate on a list; returns False where it stands there already."""
    return (
        await conn.execute(
            """
            insert into parking.list_entry (id, list, plate, reason, valid_from, valid_until, made_at, made_by)
            values (%(id)s, %(list)s, %(plate)s, %(reason)s, %(valid_from)s, %(valid_until)s, %(made_at)s,
                    %(made_by)s)
            on conflict (list, plate) where ended_at is null do nothing
            """,
            {
                "id": entry.id,
                "list": entry.list,
                "plate": entry.plate,
                "reason": entry.reason,
                "valid_from": entry.valid_from,
                "valid_until": entry.valid_until,
                "made_at": entry.made_at,
                "made_by": entry.made_by,
            },
        )
    ).rowcount == 1


async def read_list(conn: Conn, list_name: str) -> list[ListEntry]:
    """Who stands on a list."""
    async with conn.cursor(row_factory=class_row(ListEntry)) as cur:
        await cur.execute(
            """
            select id, list, plate, reason, valid_from, valid_until, made_at, made_by from parking.list_entry
            where list = %(list)s and ended_at is null order by made_at desc
            """,
            {"list": list_name},
        )
        return await cur.fetchall()


async def end_list_entry(conn: Conn, entry_id: UUID, *, by: str, now: datetime) -> bool:
    """Take a plate off a list; returns False where it was off."""
    return (
        await conn.execute(
            """
            update parking.list_entry set ended_at = %(now)s, ended_by = %(by)s
            where id = %(id)s and ended_at is null
            """,
            {"id": entry_id, "by": by, "now": now},
        )
    ).rowcount == 1


async def insert_visitor_pass(conn: Conn, visitor: VisitorPass) -> None:
    """Let a plate in for a host within a window."""
    await conn.execute(
        """
        insert into parking.visitor_pass (id, plate, host, valid_from, valid_until, is_free, made_at, made_by)
        values (%(id)s, %(plate)s, %(host)s, %(valid_from)s, %(valid_until)s, %(is_free)s, %(made_at)s, %(made_by)s)
        """,
        {
            "id": visitor.id,
            "plate": visitor.plate,
            "host": visitor.host,
            "valid_from": visitor.valid_from,
            "valid_until": visitor.valid_until,
            "is_free": visitor.is_free,
            "made_at": visitor.made_at,
            "made_by": visitor.made_by,
        },
    )


async def read_visitor_passes(conn: Conn, *, now: datetime) -> list[VisitorPass]:
    """Passes not ended and not run out."""
    async with conn.cursor(row_factory=class_row(VisitorPass)) as cur:
        await cur.execute(
            """
            select id, plate, host, valid_from, valid_until, is_free, made_at, made_by from parking.visitor_pass
            where ended_at is null and valid_until > %(now)s order by valid_from
            """,
            {"now": now},
        )
        return await cur.fetchall()


async def end_visitor_pass(conn: Conn, pass_id: UUID, *, by: str, now: datetime) -> bool:
    """End a pass before its time; returns False where it had ended."""
    return (
        await conn.execute(
            """
            update parking.visitor_pass set ended_at = %(now)s, ended_by = %(by)s
            where id = %(id)s and ended_at is null
            """,
            {"id": pass_id, "by": by, "now": now},
        )
    ).rowcount == 1
