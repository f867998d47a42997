"""Rows of sirens that sounded in a run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """A siren sounded: `what` is a signal or a timetable of the plan; `is_zero` says that drill time counts from it."""

    run_id: UUID
    number: int
    what: str
    sounded_at: datetime
    is_zero: bool
    said_by: str
    said_at: datetime


async def insert_sounding(conn: Conn, sounding: Sounding) -> None:
    """Keep that a siren sounded."""
    await conn.execute(
        """
        insert into conversion.siren (run_id, number, what, sounded_at, is_zero, said_by, said_at)
        values (%(run_id)s, %(number)s, %(what)s, %(sounded_at)s, %(is_zero)s, %(said_by)s, %(said_at)s)
        """,
        {name: getattr(sounding, name) for name in Sounding.__slots__},
    )


async def read_soundings(conn: Conn, run_id: UUID) -> list[Sounding]:
    """Read a run's sirens in the order in which they were told."""
    async with conn.cursor(row_factory=class_row(Sounding)) as cur:
        await cur.execute(
            "select * from conversion.siren where run_id = %(run_id)s order by number", {"run_id": run_id}
        )
        return await cur.fetchall()
