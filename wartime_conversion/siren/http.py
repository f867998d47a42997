"""Routes of sirens."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from facility.edge import Ctx, Uow
from wartime_conversion.access import Evaluator, Reader
from wartime_conversion.bodies import SirenBody
from wartime_conversion.commanding import commanded
from wartime_conversion.scene import load_scene
from wartime_conversion.siren.sounding import sound
from wartime_conversion.siren.store import read_soundings
from wartime_conversion.siren.view import run_sirens
from wartime_conversion.store import read_run

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion: sirens"])


@router.get("/runs/{run_id}/sirens")
async def read_sirens(run_id: UUID, conn: Uow, ctx: Ctx, _reader: Reader) -> dict[str, Any]:
    """Siren signals and timetables of the run's plan, as exact edges, and what sounded when."""
    scene = await load_scene(conn, ctx.site, await read_run(conn, run_id), ctx.clock.now())
    return run_sirens(scene, await read_soundings(conn, run_id))


@router.post("/runs/{run_id}/sirens", status_code=201)
async def siren_sounded(
    run_id: UUID, body: SirenBody, conn: Uow, ctx: Ctx, person: Evaluator
) -> dict[str, Any]:
    """Say that a siren began to sound, now or a moment ago; a drill's time counts from the first one."""
    async with commanded(conn, ctx, run_id) as scene:
        row = await sound(conn, scene, body.what, body.sounded_at, person)
    return {"number": row.number, "sounded_at": row.sounded_at.isoformat(), "is_zero": row.is_zero}
