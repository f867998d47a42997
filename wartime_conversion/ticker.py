"""What falls due by the clock alone: a lag that has run out frees a task, and what waited for it is judged again."""

import asyncio
from uuid import UUID

import psycopg
import structlog

from facility.context import Context
from facility.db import unit_of_work
from facility.errors import Unavailable
from wartime_conversion.drills import play_due
from wartime_conversion.effects import keep_entries_locked
from wartime_conversion.exits import free_if_needed
from wartime_conversion.phone.entries import settle
from wartime_conversion.scene import load_scene
from wartime_conversion.store import lock_run, read_runs

SWEEP_EVERY_S = 2.0

log = structlog.get_logger(__name__)


async def tick(ctx: Context) -> None:
    """Go once through the running runs."""
    async with unit_of_work(ctx.pool) as conn:
        running = [run.id for run in await read_runs(conn) if run.state == "running"]
    for run_id in running:
        await _tick_one(ctx, run_id)


async def _tick_one(ctx: Context, run_id: UUID) -> None:
    async with unit_of_work(ctx.pool) as conn:
        run = await lock_run(conn, run_id)
        if run.state == "running":
            scene = await load_scene(conn, ctx.site, run, ctx.clock.now())
            await settle(conn, scene)
            await free_if_needed(conn, scene)
            await keep_entries_locked(conn, scene)
            await play_due(conn, scene)


async def run(ctx: Context) -> None:
    """Sweep until cancelled; trouble is logged when it begins and when it ends."""
    is_away = False
    while True:
        try:
            await tick(ctx)
            if is_away:
                log.info("conversion_clock.back")
            is_away = False
        except (Unavailable, psycopg.OperationalError) as fault:
            if not is_away:
                log.warning("conversion_clock.away", reason=str(fault))
            is_away = True
        await asyncio.sleep(SWEEP_EVERY_S)
