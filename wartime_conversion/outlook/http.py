"""Routes of what lies ahead. Solving runs in a thread and outside any unit of work."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from facility.clock import SystemClock
from facility.db import unit_of_work
from facility.edge import Ctx
from wartime_conversion.access import Reader
from wartime_conversion.commands import parse_capacities
from wartime_conversion.outlook.judge import QuestionUnusable, judge
from wartime_conversion.plan_library.publish import ensure_reference
from wartime_conversion.plan_library.store import read_version
from wartime_conversion.replan import Happening, replan
from wartime_conversion.rules.plan import Durations
from wartime_conversion.rules.schedule_plan import capacity_key
from wartime_conversion.rules.schedule_run import run_tasks
from wartime_conversion.scene import Scene, load_scene, pinned_plan
from wartime_conversion.store import read_run

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion outlook"])
_SOLVER_CLOCK = SystemClock()
"""A search is limited by the machine's own time, whatever clock the building goes by."""


class QuestionBody(BaseModel):
    """Which tiers to schedule, with which durations and changed capacities; the reference plan where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan_version: UUID | None = None
    tiers: Annotated[list[str], Field(min_length=1, max_length=10)]
    durations: Durations = Durations.LIKELY
    capacities: dict[str, Annotated[int, Field(ge=0, le=1000)]] = {}


@router.post("/outlook")
async def schedule_plan(body: QuestionBody, ctx: Ctx, _reader: Reader) -> dict[str, Any]:
    """Schedule tiers of a plan version: verdict against the limits, cheapest remedy, p50, p80 and p95."""
    async with unit_of_work(ctx.pool) as conn:
        now = ctx.clock.now()
        version = (
            await ensure_reference(conn, now)
            if body.plan_version is None
            else await read_version(conn, body.plan_version)
        )
    plan = pinned_plan(version.source)
    return await asyncio.to_thread(
        judge, plan, body.tiers, durations=body.durations, capacities=body.capacities, clock=_SOLVER_CLOCK
    )


def happenings_of(scene: Scene) -> list[Happening]:
    """What has happened in a run, for planning the rest anew; a task only reported began when it was finished."""
    return [
        Happening(task_id=code, started_at=started_at, finished_at=row.finished_at)
        for code, row in scene.tasks.items()
        if (started_at := row.started_at or row.finished_at) is not None
    ]


@router.get("/runs/{run_id}/forecast")
async def forecast_run(
    run_id: UUID,
    ctx: Ctx,
    _reader: Reader,
    capacity: Annotated[Sequence[str], Query(description="NAME=N, as crew.LOG=12")] = (),
) -> dict[str, Any]:
    """The rest of a run, planned anew from what has actually happened."""
    async with unit_of_work(ctx.pool) as conn:
        now = ctx.clock.now()
        scene = await load_scene(conn, ctx.site, await read_run(conn, run_id), now)
    try:
        changed = {
            capacity_key(scene.plan, name): count for name, count in parse_capacities(capacity).items()
        }
    except ValueError as error:
        raise QuestionUnusable(str(error)) from error
    found = await asyncio.to_thread(
        replan,
        run_tasks(scene.layout, is_actual=scene.run.is_actual),
        happenings_of(scene),
        capacities=scene.plan.capacities | changed,
        now=now,
        clock=_SOLVER_CLOCK,
    )
    return asdict(found)
