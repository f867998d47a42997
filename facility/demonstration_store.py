"""The row that says which simulated past was written."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import scalar_row


async def claim_history(conn: AsyncConnection[Any], *, since: datetime, until: datetime, seed: int) -> bool:
    """Claim the writing of the simulated past; a second claimant waits, then learns that it is done.

    Returns:
        Whether the caller is to write it, in this same unit of work.
    """
    claimed = await conn.execute(
        """
        insert into facility.demonstration (since, until, seed) values (%(since)s, %(until)s, %(seed)s)
        on conflict (is_one) do nothing
        """,
        {"since": since, "until": until, "seed": seed},
    )
    return bool(claimed.rowcount)


async def read_history_end(conn: AsyncConnection[Any]) -> datetime | None:
    """Until when the simulated past was written, or None where there is none."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select until from facility.demonstration")
        row: datetime | None = await cur.fetchone()
    return row
