"""Routes of what lies ahead. Solving runs in a thread and outside any unit of work."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from facility.db import unit_of_work
from facility.edge import Ctx
from wartime_conversion.access import Reader
from wartime_conversion.commands import parse_capacities
from wartime_conversion.outlook.foresee import GOOD_FOR, SOLVER_CLOCK, foresee
from wartime_conversion.outlook.judge import QuestionUnusable, judge, judge_hours
from wartime_conversion.outlook.store import ForecastTask, read_forecast, read_forecast_tasks
from wartime_conversion.plan_library.publish import ensure_reference
from wartime_conversion.plan_library.store import read_version
from wartime_conversion.rules.plan import Durations
from wartime_conversion.rules.schedule_plan import capacity_key
from wartime_conversion.scene import pinned_plan
from wartime_conversion.store import read_run

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion outlook"])


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
        judge, plan, body.tiers, durations=body.durations, capacities=body.capacities, clock=SOLVER_CLOCK
    )


@router.post("/outlook/hours")
async def schedule_in_hours(body: QuestionBody, ctx: Ctx, _reader: Reader) -> list[dict[str, Any]]:
    """Each tier of a plan version by itself in its working hours, with a proven bound."""
    async with unit_of_work(ctx.pool) as conn:
        version = (
            await ensure_reference(conn, ctx.clock.now())
            if body.plan_version is None
            else await read_version(conn, body.plan_version)
        )
    return await asyncio.to_thread(
        judge_hours,
        pinned_plan(version.source),
        body.tiers,
        durations=body.durations,
        capacities=body.capacities,
        clock=SOLVER_CLOCK,
    )


@router.get("/runs/{run_id}/forecast")
async def forecast_run(
    run_id: UUID,
    ctx: Ctx,
    _reader: Reader,
    capacity: Annotated[Sequence[str], Query(description="NAME=N, as crew.LOG=12")] = (),
) -> dict[str, Any]:
    """The rest of a run, planned anew from what has actually happened; the kept one where nothing happened since."""
    async with unit_of_work(ctx.pool) as conn:
        run = await read_run(conn, run_id)
        plan = pinned_plan((await read_version(conn, run.plan_version)).source)
        kept = await read_forecast(conn, run_id)
        rows = await read_forecast_tasks(conn, run_id) if kept else []
    try:
        changed = {capacity_key(plan, name): count for name, count in parse_capacities(capacity).items()}
    except ValueError as error:
        raise QuestionUnusable(str(error)) from error
    is_good = (
        kept is not None and kept.after_entry == run.entries and ctx.clock.now() - kept.made_at < GOOD_FOR
    )
    if kept is not None and is_good and not changed:
        return {
            "starts": {row.code: row.starts_at for row in rows},
            "finishes": {row.code: row.ends_at for row in rows},
            "critical": [row.code for row in sorted(rows, key=_start) if row.is_critical],
            "finish_at": kept.finish_at,
            "proved": kept.is_proved,
            "seconds": kept.seconds,
            "made_at": kept.made_at,
        }
    scene, found = await foresee(ctx, run_id, changed)
    return asdict(found) | {"made_at": scene.now}


def _start(row: ForecastTask) -> datetime:
    return row.starts_at
