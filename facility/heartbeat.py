"""A process says every two seconds that it is alive; `/readyz` and the supervisor read it."""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Unavailable
from facility.heartbeat_store import write_beat
from facility.logs import get_logger

BEAT_EVERY_S = 2.0
STALE_AFTER = timedelta(seconds=10)


def is_alive(seen_at: datetime, now: datetime) -> bool:
    """Whether a process that was last seen then still counts as alive."""
    return now - seen_at <= STALE_AFTER


async def beat(ctx: Context, name: str, detail: Callable[[], dict[str, Any]] = dict) -> None:
    """Write this process's row every two seconds, for as long as the process lives."""
    started_at = ctx.clock.now()
    is_away = False
    while True:
        try:
            async with unit_of_work(ctx.pool) as conn:
                await write_beat(
                    conn,
                    name=name,
                    pid=os.getpid(),
                    started_at=started_at,
                    now=ctx.clock.now(),
                    detail=detail(),
                )
            if is_away:
                get_logger().info("database.returned")
            is_away = False
        except (Unavailable, psycopg.OperationalError) as fault:
            if not is_away:
                get_logger().warning("database.away", fault=str(fault))
            is_away = True
        await asyncio.sleep(BEAT_EVERY_S)
