"""Rows of the demonstration: the cars it made up."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

Conn = AsyncConnection[Any]


async def has_simulated_car(conn: Conn, plate: str) -> bool:
    """Whether the demonstration made this car up."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select exists (select 1 from parking.simulated_car where plate = %(plate)s)", {"plate": plate}
        )
        return bool(await cur.fetchone())
