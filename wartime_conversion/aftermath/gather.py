"""Read a run's recorded facts and put its report together."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

from facility.clock import SystemClock
from facility.context import Context
from wartime_conversion.aftermath import store as aftermath_store
from wartime_conversion.phone.store import EntryRow, read_entries
from wartime_conversion.plan_library.store import PlanVersion, read_version
from wartime_conversion.rules.clock import drill_elapsed
from wartime_conversion.rules.review import (
    Actual,
    Moment,
    Overview,
    PlayedInject,
    Remark,
    Review,
    Score,
    Statement,
    review_run,
)
from wartime_conversion.rules.schedule_plan import tasks_problem
from wartime_conversion.rules.schedule_run import run_tasks
from wartime_conversion.scene import Scene, load_scene
from wartime_conversion.schedule_solve import solve
from wartime_conversion.store import Conn, EventRow, Run, read_events, read_pauses, read_run

_PLAN_SECONDS = 1.0


def planned_minutes(scene: Scene) -> dict[str, tuple[int, int]]:
    """Planned start and end of each task, minutes from the start; takes up to a second."""
    tasks = run_tasks(scene.layout, is_actual=scene.run.is_actual)
    minutes = {task.id: task.spread.likely_min for task in tasks}
    problem = tasks_problem(tasks, minutes, scene.plan.capacities, unit=1)
    found = solve(problem, seconds=_PLAN_SECONDS, workers=1, clock=SystemClock())
    return {
        name: (start, start + length)
        for name, start, length in zip(problem.names, found.starts, problem.durations, strict=True)
    }


def _statement(row: EntryRow) -> Statement:
    words = json.loads(row.words)
    photos = words.get("photos", [])
    return Statement(
        task=row.task,
        act=row.act,
        signer=row.signer_name,
        outcome=row.outcome,
        reason=row.reason or "",
        received_at=row.received_at,
        photos=len(photos) if isinstance(photos, list) else 0,
        via=str(words.get("via", "screen")),
    )


def _moment(row: EventRow) -> Moment:
    detail = json.loads(row.body)["detail"]
    return Moment(
        number=row.number,
        at=row.at,
        kind=row.kind,
        task=row.task or "",
        person=row.person,
        entered_by=str(detail.get("entered_by", "")),
    )


def _overview(run: Run, version: PlanVersion, paused: timedelta) -> Overview:
    return Overview(
        code=run.code,
        kind=run.kind,
        purpose=run.purpose,
        unit=run.unit,
        profile=run.profile or "",
        reason=run.reason,
        plan_title=version.title_zh,
        plan_number=version.number,
        started_at=run.started_at,
        ended_at=run.ended_at,
        paused=paused,
        head=run.head,
        entries=run.entries,
    )


async def gather_review(conn: Conn, ctx: Context, run_id: UUID) -> tuple[Scene, Review]:
    """The report of a run, ended or not.

    Raises:
        RunMissing: no run has this id.
    """
    now = ctx.clock.now()
    run = await read_run(conn, run_id)
    scene = await load_scene(conn, ctx.site, run, now)
    tasks = list(scene.layout.tasks.values())
    end = run.ended_at or now
    paused = (end - run.started_at) - drill_elapsed(
        run.started_at, run.ended_at, await read_pauses(conn, run_id), now
    )
    entries = await read_entries(conn, run_id)
    review = review_run(
        _overview(run, await read_version(conn, run.plan_version), paused),
        tasks,
        await asyncio.to_thread(planned_minutes, scene),
        {
            code: Actual(
                started_at=row.started_at,
                reported_at=row.reported_at,
                finished_at=row.finished_at,
                is_overridden=row.is_overridden,
            )
            for code, row in scene.tasks.items()
        },
        [_statement(row) for row in entries],
        scores=[
            Score(objective=row.objective, grade=row.grade, note=row.note, evaluator=row.evaluator)
            for row in await aftermath_store.read_scores(conn, run_id)
        ],
        injects=[
            PlayedInject(
                code=row.code,
                played_at=row.played_at,
                decision=row.decision or "",
                decided_at=row.decided_at,
                is_as_expected=row.is_as_expected,
            )
            for row in await aftermath_store.read_injects(conn, run_id)
        ],
        remarks=[
            Remark(
                kind=row.kind, words=row.words, owner=row.owner or "", due_on=row.due_on, said_by=row.said_by
            )
            for row in await aftermath_store.read_remarks(conn, run_id)
        ],
        timeline=[_moment(row) for row in await read_events(conn, run_id)],
    )
    return scene, review
