"""Rows of charging processes, and the writing off of sockets whose process is gone."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

Connection = AsyncConnection[Any]

GONE_AFTER: Final = timedelta(seconds=30)
"""A process says every 5 s that it lives; after six missed times its sockets are taken to be gone."""


async def enter_process(conn: Connection, process: UUID, place: str, now: datetime) -> None:
    """Say that a process begins at a place; whoever was there before is gone."""
    await conn.execute("delete from charging.process where place = %(place)s", {"place": place})
    await conn.execute(
        """
        insert into charging.process (id, place, started_at, seen_at)
        values (%(id)s, %(place)s, %(now)s, %(now)s)
        """,
        {"id": process, "place": place, "now": now},
    )


async def note_process(conn: Connection, process: UUID, now: datetime) -> bool:
    """Say that a process lives and forget those that do not; False where it had been taken to be gone itself."""
    noted = await conn.execute(
        "update charging.process set seen_at = %(now)s where id = %(id)s", {"id": process, "now": now}
    )
    await conn.execute(
        "delete from charging.process where seen_at < %(before)s", {"before": now - GONE_AFTER}
    )
    return bool(noted.rowcount)


async def write_off_sockets(conn: Connection, now: datetime) -> list[int]:
    """Write off the sockets that no living process holds; returns their chargers."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            update charging.charger
            set socket = null, held_by = null, disconnected_at = greatest(%(now)s, connected_at)
            where socket is not null
              and (held_by is null or held_by not in (select id from charging.process))
            returning id
            """,
            {"now": now},
        )
        return await cur.fetchall()
