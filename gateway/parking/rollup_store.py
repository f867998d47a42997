"""Rows of the roll-ups of the occupancy series: samples into quarter hours, hours, quarter days and days."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

Conn = AsyncConnection[Any]


async def read_rollup_mark(conn: Conn) -> datetime | None:
    """Until when the roll-ups are done; held, so that one process rolls up at a time."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select done_until from parking.rollup_mark for update")
        row: datetime | None = await cur.fetchone()
        return row


async def write_rollup_mark(conn: Conn, done_until: datetime) -> None:
    """Remember until when the roll-ups are done."""
    await conn.execute(
        """
        insert into parking.rollup_mark (done_until) values (%(done_until)s)
        on conflict (only_row) do update set done_until = excluded.done_until
        """,
        {"done_until": done_until},
    )


async def read_first_sample(conn: Conn) -> datetime | None:
    """When the series begins."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select min(sampled_at) from parking.occupancy_sample")
        row: datetime | None = await cur.fetchone()
        return row


async def roll_up_quarters(conn: Conn, since: datetime, until: datetime) -> int:
    """Roll samples up into quarter hours of [since, until): each minute counts once, by the mean of its samples."""
    return (
        await conn.execute(
            """
            with per_minute as (
                select zone_id, date_bin('1 minute', sampled_at, 'epoch') as minute, avg(occupied) as occupied,
                       min(occupied) as lowest, max(occupied) as highest, max(capacity) as capacity
                from parking.occupancy_sample
                where sampled_at >= %(since)s and sampled_at < %(until)s
                group by 1, 2
            )
            insert into parking.occupancy_rollup
                (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity)
            select 'quarter', zone_id, date_bin('15 minutes', minute, 'epoch'), sum(occupied), count(*),
                   min(lowest), max(highest), max(capacity)
            from per_minute group by 2, 3
            on conflict (step, zone_id, begins_at) do update
            set occupied_minutes = excluded.occupied_minutes, minutes = excluded.minutes,
                lowest = excluded.lowest, highest = excluded.highest, capacity = excluded.capacity
            """,
            {"since": since, "until": until},
        )
    ).rowcount


async def roll_up_hours(conn: Conn, since: datetime, until: datetime) -> int:
    """Roll quarter hours up into hours of [since, until), which are whole hours."""
    return (
        await conn.execute(
            """
            insert into parking.occupancy_rollup
                (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity)
            select 'hour', zone_id, date_bin('1 hour', begins_at, 'epoch'), sum(occupied_minutes), sum(minutes),
                   min(lowest), max(highest), max(capacity)
            from parking.occupancy_rollup
            where step = 'quarter' and begins_at >= %(since)s and begins_at < %(until)s
            group by 2, 3
            on conflict (step, zone_id, begins_at) do update
            set occupied_minutes = excluded.occupied_minutes, minutes = excluded.minutes,
                lowest = excluded.lowest, highest = excluded.highest, capacity = excluded.capacity
            """,
            {"since": since, "until": until},
        )
    ).rowcount


async def roll_up_quarter_days(conn: Conn, since: datetime, until: datetime) -> int:
    """Roll hours up into six hours from local midnight, of [since, until); `since` is such a bound."""
    return (
        await conn.execute(
            """
            insert into parking.occupancy_rollup
                (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity)
            select 'quarter_day', zone_id, date_bin('6 hours', begins_at, '2000-01-01 00:00+08'),
                   sum(occupied_minutes), sum(minutes), min(lowest), max(highest), max(capacity)
            from parking.occupancy_rollup
            where step = 'hour' and begins_at >= %(since)s and begins_at < %(until)s
            group by 2, 3
            on conflict (step, zone_id, begins_at) do update
            set occupied_minutes = excluded.occupied_minutes, minutes = excluded.minutes,
                lowest = excluded.lowest, highest = excluded.highest, capacity = excluded.capacity
            """,
            {"since": since, "until": until},
        )
    ).rowcount


async def roll_up_days(conn: Conn, since: datetime, until: datetime) -> int:
    """Roll hours up into local days of [since, until), which are local midnights."""
    return (
        await conn.execute(
            """
            insert into parking.occupancy_rollup
                (step, zone_id, begins_at, occupied_minutes, minutes, lowest, highest, capacity)
            select 'day', zone_id, date_trunc('day', begins_at, 'Asia/Shanghai'), sum(occupied_minutes),
                   sum(minutes), min(lowest), max(highest), max(capacity)
            from parking.occupancy_rollup
            where step = 'hour' and begins_at >= %(since)s and begins_at < %(until)s
            group by 2, 3
            on conflict (step, zone_id, begins_at) do update
            set occupied_minutes = excluded.occupied_minutes, minutes = excluded.minutes,
                lowest = excluded.lowest, highest = excluded.highest, capacity = excluded.capacity
            """,
            {"since": since, "until": until},
        )
    ).rowcount
