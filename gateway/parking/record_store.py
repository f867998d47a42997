"""Rows of what happened: a car's way between zones, and every correction by a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from facility.errors import Missing

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A car went from one zone to another; `None` is outside."""

    at: datetime
    from_zone: str | None
    to_zone: str | None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person changed about a row, and why."""

    id: int
    at: datetime
    by_person: str
    subject_kind: str
    subject: str
    field: str
    before: str | None
    after: str | None
    reason: str


async def insert_movement(
    conn: Conn, stay_id: UUID, *, at: datetime, from_zone: str | None, to_zone: str | None, cause: str
) -> None:
    """Keep that a car went from one zone to another (`None` is outside)."""
    await conn.execute(
        """
        insert into parking.movement (stay_id, at, from_zone, to_zone, cause)
        values (%(stay_id)s, %(at)s, %(from_zone)s, %(to_zone)s, %(cause)s)
        """,
        {"stay_id": stay_id, "at": at, "from_zone": from_zone, "to_zone": to_zone, "cause": cause},
    )


async def insert_correction(
    conn: Conn,
    *,
    at: datetime,
    by_person: str,
    subject_kind: str,
    subject: str,
    field: str,
    before: str | None,
    after: str | None,
    reason: str,
) -> int:
    """Keep what a person changed and why."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into parking.correction (at, by_person, subject_kind, subject, field, before, after, reason)
            values (%(at)s, %(by_person)s, %(subject_kind)s, %(subject)s, %(field)s, %(before)s, %(after)s,
                    %(reason)s)
            returning id
            """,
            {
                "at": at,
                "by_person": by_person,
                "subject_kind": subject_kind,
                "subject": subject,
                "field": field,
                "before": before,
                "after": after,
                "reason": reason,
            },
        )
        row: int | None = await cur.fetchone()
    if row is None:
        raise Missing("parking.correction returned no id")
    return row


async def read_corrections(conn: Conn, subject_kind: str, subject: str) -> list[Correction]:
    """What was ever corrected about one row, oldest first."""
    async with conn.cursor(row_factory=class_row(Correction)) as cur:
        await cur.execute(
            """
            select id, at, by_person, subject_kind, subject, field, before, after, reason from parking.correction
            where subject_kind = %(subject_kind)s and subject = %(subject)s order by at, id
            """,
            {"subject_kind": subject_kind, "subject": subject},
        )
        return await cur.fetchall()


async def read_movements(conn: Conn, stay_id: UUID) -> list[Movement]:
    """A car's way through the zones, oldest first."""
    async with conn.cursor(row_factory=class_row(Movement)) as cur:
        await cur.execute(
            """
            select at, from_zone, to_zone, cause from parking.movement
            where stay_id = %(stay_id)s order by at, id
            """,
            {"stay_id": stay_id},
        )
        return await cur.fetchall()
