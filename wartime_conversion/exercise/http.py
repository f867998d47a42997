"""Routes of drills: injects, scores, hot wash."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from facility.edge import Ctx, Uow
from wartime_conversion import drills
from wartime_conversion.access import Evaluator, Reader
from wartime_conversion.bodies import HotWashBody, InjectBody, ScoreBody
from wartime_conversion.exercise.store import read_hot_wash, read_injects, read_scores
from wartime_conversion.scene import Scene, load_scene
from wartime_conversion.store import lock_run, read_run

router = APIRouter(prefix="/api/v1/conversion", tags=["conversion: drills"])


async def _scene(conn: Uow, ctx: Ctx, run_id: UUID) -> Scene:
    """A run under lock; scores and the hot wash come after its end."""
    return await load_scene(conn, ctx.site, await lock_run(conn, run_id), ctx.clock.now())


@router.get("/runs/{run_id}/exercise")
async def read_exercise(run_id: UUID, conn: Uow, ctx: Ctx, _reader: Reader) -> dict[str, Any]:
    """Injects with their decisions, objectives with their grades, what was said, and the profile's milestones."""
    scene = await load_scene(conn, ctx.site, await read_run(conn, run_id), ctx.clock.now())
    rows = await read_injects(conn, run_id)
    profile = next((p for p in scene.plan.drill_profiles if p.id == scene.run.profile), None)
    crews = {crew for task in scene.layout.tasks.values() for crew in task.crew}
    return {
        "injects": [
            asdict(inject)
            | (
                {k: v for k, v in asdict(rows[inject.id]).items() if k != "run_id"}
                if inject.id in rows
                else {}
            )
            for inject in drills.injects_of(scene)
        ]
        if not scene.run.is_actual
        else [],
        "objectives": [{"id": c.id, "zh": c.zh, "en": c.en} for c in scene.plan.crews if c.id in crews],
        "scores": [asdict(score) for score in await read_scores(conn, run_id)],
        "hot_wash": [asdict(said) for said in await read_hot_wash(conn, run_id)],
        "milestones": [asdict(m) for m in profile.milestones] if profile else [],
        "profiles": [
            {"id": p.id, "zh": p.zh, "en": p.en, "minutes": p.minutes} for p in scene.plan.drill_profiles
        ],
    }


@router.post("/runs/{run_id}/injects/{code}", status_code=204)
async def play_inject(
    run_id: UUID, code: str, body: InjectBody, conn: Uow, ctx: Ctx, person: Evaluator
) -> None:
    """Schedule an inject, play it now, or log the decision on it."""
    scene = await _scene(conn, ctx, run_id)
    if body.decision is not None:
        await drills.decide(conn, scene, code, body.decision, body.is_as_expected, person)
    elif body.due_at_s is not None:
        await drills.set_due(conn, scene, code, body.due_at_s, person)
    else:
        await drills.play(conn, scene, code, person.name)


@router.put("/runs/{run_id}/scores", status_code=204)
async def put_score(run_id: UUID, body: ScoreBody, conn: Uow, ctx: Ctx, person: Evaluator) -> None:
    """Grade an objective: P, S, M or U, with a note."""
    scene = await _scene(conn, ctx, run_id)
    await drills.score(conn, scene, body.objective, body.grade, body.note, person)


@router.post("/runs/{run_id}/hot-wash", status_code=201)
async def post_hot_wash(
    run_id: UUID, body: HotWashBody, conn: Uow, ctx: Ctx, person: Reader
) -> dict[str, str]:
    """Keep something said at the hot wash."""
    scene = await _scene(conn, ctx, run_id)
    said = await drills.say(conn, scene, body.kind, body.words, body.owner, body.due_on, person)
    return {"id": str(said)}
