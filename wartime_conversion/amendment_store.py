"""Rows of a run's amendments: appended, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from wartime_conversion.store import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """One ordered change to a task of a running plan."""

    run_id: UUID
    number: int
    task: str
    change: dict[str, Any]
    reason: str
    ordered_by: str
    ordered_at: datetime


async def insert_amendment(conn: Conn, amendment: Amendment) -> None:
    """Append an amendment."""
    await conn.execute(
        """
        insert into conversion.amendment (run_id, number, task, change, reason, ordered_by, ordered_at)
        values (%(run_id)s, %(number)s, %(task)s, %(jchange)s, %(reason)s, %(ordered_by)s, %(ordered_at)s)
        """,
        {name: getattr(amendment, name) for name in Amendment.__slots__ if name != "change"}
        | {"jchange": Jsonb(amendment.change)},
    )


async def read_amendments(conn: Conn, run_id: UUID) -> list[Amendment]:
    """Read a run's amendments, oldest first."""
    async with conn.cursor(row_factory=class_row(Amendment)) as cur:
        await cur.execute(
            """
            select run_id, number, task, change, reason, ordered_by, ordered_at
            from conversion.amendment where run_id = %(run_id)s order by number
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()
