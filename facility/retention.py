"""Letting go of rows whose time is over: whole chunks where TimescaleDB keeps them, batches of rows elsewhere."""

import asyncio
from datetime import datetime

import psycopg

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.errors import Unavailable
from facility.logs import get_logger
from facility.retention_store import (
    BATCH_ROWS,
    KeptSeries,
    delete_batch_before,
    drop_chunks_before,
    is_hypertable,
    read_kept_series,
)

LOOK_EVERY_S = 6 * 3600.0
LOOK_AGAIN_S = 60.0


async def run(ctx: Context) -> None:
    """Trim every series now and every six hours, until cancelled; a database that is away is waited for."""
    while True:
        wait_s = LOOK_EVERY_S
        try:
            await trim_all(ctx.pool, ctx.clock.now())
        except (Unavailable, psycopg.OperationalError) as fault:
            get_logger().warning("retention.waits", fault=str(fault).splitlines()[0])
            wait_s = LOOK_AGAIN_S
        await asyncio.sleep(wait_s)


async def trim_all(pool: Pool, now: datetime) -> dict[str, int]:
    """Let go of what is older than its series is kept.

    Args:
        pool: of the database.
        now: aware UTC.

    Returns:
        By `schema.table`, how many chunks (hypertables) or rows (plain tables) went; series that lost none are absent.
    """
    async with unit_of_work(pool) as conn:
        kept = await read_kept_series(conn)
    gone: dict[str, int] = {}
    for series in kept:
        count = await _trim(pool, series, now - series.kept_for)
        if count:
            name = f"{series.schema_name}.{series.table_name}"
            gone[name] = count
            get_logger().info("series.trimmed", series=name, gone=count)
    return gone


async def _trim(pool: Pool, series: KeptSeries, before: datetime) -> int:
    async with unit_of_work(pool) as conn:
        if await is_hypertable(conn, series):
            return await drop_chunks_before(conn, series, before)
    total = 0
    while True:  # each batch a unit of work of its own, so that nobody waits long for a lock
        async with unit_of_work(pool) as conn:
            count = await delete_batch_before(conn, series, before)
        total += count
        if count < BATCH_ROWS:
            return total
