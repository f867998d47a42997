"""Foreseeing the rest of a running run, and keeping it: for the commander's page and for the dashboard.

The work process does it whenever the record has grown, and each minute while it has not; the search sets out from what
was foreseen before, in a process whose solver is loaded already.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog

from facility.clock import SystemClock
from facility.context import Context
from facility.db import unit_of_work
from facility.errors import OpsError, Unavailable
from wartime_conversion.outlook.store import (
    ForecastRow,
    ForecastTask,
    read_forecast,
    read_forecast_tasks,
    write_forecast,
)
from wartime_conversion.replan import Forecast, Happening, replan
from wartime_conversion.rules.schedule_run import run_tasks
from wartime_conversion.scene import Scene, load_scene
from wartime_conversion.store import read_run, read_runs

GOOD_FOR = timedelta(seconds=60)
SWEEP_EVERY_S = 5.0
SOLVER_CLOCK = SystemClock()
"""A search is limited by the machine's own time, whatever clock the building goes by."""

log = structlog.get_logger(__name__)


def happenings_of(scene: Scene) -> list[Happening]:
    """What has happened in a run, for planning the rest anew; a task only reported began when it was finished."""
    return [
        Happening(task_id=code, started_at=started_at, finished_at=row.finished_at)
        for code, row in scene.tasks.items()
        if (started_at := row.started_at or row.finished_at) is not None
    ]


async def foresee(
    ctx: Context, run_id: UUID, capacities: Mapping[str, int] | None = None
) -> tuple[Scene, Forecast]:
    """Plan the rest of a run anew and keep it, unless it was asked with other capacities than the plan's.

    Raises:
        RunMissing: no run has this id.
        Unschedulable: no schedule can exist.
    """
    async with unit_of_work(ctx.pool) as conn:
        scene = await load_scene(conn, ctx.site, await read_run(conn, run_id), ctx.clock.now())
        before = {row.code: row.starts_at for row in await read_forecast_tasks(conn, run_id)}
    found = await asyncio.to_thread(
        replan,
        run_tasks(scene.layout, is_actual=scene.run.is_actual),
        happenings_of(scene),
        capacities=scene.plan.capacities | dict(capacities or {}),
        now=scene.now,
        clock=SOLVER_CLOCK,
        foreseen=before,
    )
    if not capacities:
        await _keep(ctx, scene, found)
    return scene, found


async def _keep(ctx: Context, scene: Scene, found: Forecast) -> None:
    row = ForecastRow(
        run_id=scene.run.id, after_entry=scene.run.entries, made_at=scene.now, finish_at=found.finish_at,
        is_proved=found.proved, seconds=found.seconds,
    )  # fmt: skip
    tasks = [
        ForecastTask(
            run_id=scene.run.id, code=code, starts_at=found.starts[code], ends_at=ends_at,
            is_critical=code in found.critical,
        )
        for code, ends_at in found.finishes.items()
    ]  # fmt: skip
    async with unit_of_work(ctx.pool) as conn:
        await write_forecast(conn, row, tasks)


async def foresee_stale(ctx: Context) -> int:
    """Foresee every running run whose forecast is old or behind its record; returns how many."""
    async with unit_of_work(ctx.pool) as conn:
        running = [run for run in await read_runs(conn) if run.state == "running"]
        known = {run.id: await read_forecast(conn, run.id) for run in running}
    now, done = ctx.clock.now(), 0
    for run in running:
        last = known[run.id]
        if last is None or last.after_entry != run.entries or now - last.made_at >= GOOD_FOR:
            await foresee(ctx, run.id)
            done += 1
    return done


async def run(ctx: Context) -> None:
    """Sweep until cancelled; trouble is logged when it begins and when it ends."""
    is_away = False
    while True:
        try:
            await foresee_stale(ctx)
            if is_away:
                log.info("forecast.back")
            is_away = False
        except (Unavailable, psycopg.OperationalError, OpsError) as fault:
            if not is_away:
                log.warning("forecast.away", reason=str(fault))
            is_away = True
        await asyncio.sleep(SWEEP_EVERY_S)
