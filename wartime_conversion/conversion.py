"""Ordering a run and commanding it: start, roles, pauses, overrides, amendments, end."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from facility.context import Context
from facility.errors import Conflict, Invalid, Refused
from facility.identity import Person
from facility.ids import PersonId, new_uuid
from facility.mode import Mode, ModeEvent
from facility.store import read_mode, write_mode
from wartime_conversion import effects, moves, record
from wartime_conversion.amendment_store import Amendment, insert_amendment, read_amendments
from wartime_conversion.cards import write_cards
from wartime_conversion.phone.entries import settle
from wartime_conversion.plan_library.store import read_version
from wartime_conversion.rules.clock import Pause
from wartime_conversion.rules.plan import Effect, RunRole
from wartime_conversion.rules.run_plan import amended, drill_lag_scale, profile_of, tasks_of_run
from wartime_conversion.rules.sign_off import Act
from wartime_conversion.rules.task_state import TaskEvent
from wartime_conversion.scene import Scene, load_scene, pinned_plan
from wartime_conversion.store import (
    Conn,
    RoleRow,
    Run,
    close_run,
    count_runs,
    end_pause,
    end_role,
    insert_pause,
    insert_role,
    insert_run,
    insert_task,
    lock_run,
    read_pauses,
    read_running,
)


class ActualRunStands(Conflict):
    """An actual run of this protective unit is under way."""

    code = "conversion.actual_run_stands"


class RunNotRunning(Conflict):
    """The run has ended."""

    code = "conversion.run_not_running"


class LegalTimeNeverPauses(Refused):
    """Only drill time can stand still."""

    code = "conversion.legal_time_never_pauses"


class PauseStands(Conflict):
    """Drill time already stands still, or already runs."""

    code = "conversion.pause_stands"


class SafetyOrderOpen(Refused):
    """A safety order forbids it, whoever commands it."""

    code = "conversion.safety_order_open"


class TasksOpen(Conflict):
    """Tasks of the run are not done."""

    code = "conversion.tasks_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """What is ordered. `profile` only for a drill; `anchor_at` ties a drill's time to a siren (aware UTC)."""

    kind: str
    purpose: str
    plan_version: UUID
    tiers: tuple[str, ...]
    profile: str | None
    reason: str
    anchor_at: datetime | None = None


async def activate(conn: Conn, ctx: Context, order: RunOrder, person: Person) -> Run:
    """Start a run in one unit of work: mode, tasks, lockouts, record.

    A drill writes the same rows for itself and moves only its shadow board.

    Raises:
        ActualRunStands: an actual run of the unit is under way.
        Invalid: a profile in an actual run, or a plan without the profile or tiers.
        ModeConflict: the building's mode does not allow it.
    """
    if order.kind == "actual" and order.profile is not None:
        raise Invalid("a drill profile has no place in an actual run", profile=order.profile)
    if order.kind == "actual" and order.anchor_at is not None:
        raise Invalid("only a drill is tied to a siren", anchor_at=order.anchor_at.isoformat())
    plan = pinned_plan((await read_version(conn, order.plan_version)).source)
    tasks = tasks_of_run(plan, order.purpose, order.tiers, profile_of(plan, order.profile))
    now = ctx.clock.now()
    run = await _new_run(
        conn, ctx, order, person, now, 1.0 if order.kind == "actual" else drill_lag_scale(tasks)
    )
    for position, task in enumerate(tasks):
        await insert_task(conn, run.id, task.id, position, now)
    run = await record.append(
        conn, run, "run.started", by=person.name, now=now, order=order.kind, purpose=order.purpose,
        plan_version=str(order.plan_version), plan=plan.version, tiers=list(order.tiers), profile=order.profile,
        reason=order.reason, tasks=len(tasks), anchor_at=_iso(order.anchor_at),
    )  # fmt: skip
    run = await _take_role(conn, run, RunRole.COMMANDER, None, person.id, person.name, False, person, now)
    run = await _first_effects(conn, ctx, run, person, now)
    scene = await load_scene(conn, ctx.site, run, now)
    await write_cards(conn, scene)
    await _take_standing_roles(conn, scene, person)
    await moves.release_free(conn, scene)
    return scene.run


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


async def _take_standing_roles(conn: Conn, scene: Scene, person: Person) -> None:
    """Give the roles that the roster already names: crew leaders, storekeepers, evaluators."""
    by_account = {"storekeeper": RunRole.STOREKEEPER, "evaluator": RunRole.EVALUATOR}
    for member in scene.members.values():
        held: list[tuple[RunRole, str | None]] = [
            (role, None) for name, role in by_account.items() if name in member.account_roles
        ]
        if member.is_leader and member.crew is not None:
            held.append((RunRole.LEADER, member.crew))
        for role, crew in held:
            scene.run = await _take_role(
                conn, scene.run, role, crew, member.person_id, member.name, False, person, scene.now
            )


async def _new_run(
    conn: Conn, ctx: Context, order: RunOrder, person: Person, now: datetime, lag_scale: float
) -> Run:
    unit = ctx.site.protective_unit.id
    if order.kind == "actual" and (standing := await read_running(conn, "actual", unit)):
        raise ActualRunStands(f"{standing.code} is under way", run=str(standing.id), standing=standing.code)
    letter = "D" if order.kind == "drill" else ("R" if order.purpose == "restoration" else "A")
    prefix = f"{letter}-{now:%Y}-"
    run = Run(
        id=new_uuid(), code=f"{prefix}{await count_runs(conn, prefix) + 1:03d}", kind=order.kind,
        purpose=order.purpose, unit=unit, plan_version=order.plan_version, profile=order.profile,
        tiers=list(order.tiers), reason=order.reason, state="running", started_at=now, started_by=person.name,
        ended_at=None, lag_scale=lag_scale, anchor_at=order.anchor_at, head="", entries=0, people_inside=None,
    )  # fmt: skip
    await insert_run(conn, run)
    return run


async def _first_effects(conn: Conn, ctx: Context, run: Run, person: Person, now: datetime) -> Run:
    """Entry gates and chargers stop at the order itself; ways out stay free, whatever the plan says."""
    if run.is_actual:
        await _move_mode(conn, run, person, now)
    if run.purpose == "restoration":
        return run
    for effect in (Effect.ENTRY_GATES_REFUSE, Effect.CHARGERS_OUT):
        done = await effects.apply(conn, ctx.site, run, effect, by=person.name, now=now)
        run = await record.append(conn, run, "effect.applied", by=person.name, now=now, **done)
    cleared = await effects.set_bays(
        conn, run, effects.unit_bays(ctx.site), "clearing", by=person.name, now=now
    )
    return await record.append(
        conn, run, "bays.clearing", by=person.name, now=now, bays=cleared, real=run.is_actual
    )


async def _move_mode(conn: Conn, run: Run, person: Person, now: datetime) -> None:
    """Move the mode by the order; a recalled conversion is on its way back already."""
    event = ModeEvent.CONVERSION_ORDERED
    if run.purpose == "restoration":
        if (await read_mode(conn)).mode == Mode.RESTORING:
            return
        event = ModeEvent.RESTORATION_ORDERED
    await write_mode(conn, event, by=person.name, reason=f"{run.code}: {run.reason}", now=now)


async def open_scene(conn: Conn, ctx: Context, run_id: UUID) -> Scene:
    """Lock a running run and read its scene.

    Raises:
        RunMissing: no run has this id.
        RunNotRunning: it has ended.
    """
    run = await lock_run(conn, run_id)
    if run.state != "running":
        raise RunNotRunning(f"{run.code} has {run.state}", run=run.code)
    return await load_scene(conn, ctx.site, run, ctx.clock.now())


async def give_role(
    conn: Conn,
    scene: Scene,
    role: RunRole,
    crew: str | None,
    member_id: PersonId,
    is_stand_in: bool,
    person: Person,
) -> Run:
    """Give a role of the run to a person of the roster.

    Raises:
        Invalid: the person is not on the roster, or the plan has no such crew.
    """
    member = scene.members.get(member_id)
    if member is None:
        raise Invalid("this person is not on the roster", person=str(member_id))
    if crew is not None and crew not in {row.id for row in scene.plan.crews}:
        raise Invalid(f"the plan has no crew {crew}", crew=crew)
    scene.run = await _take_role(
        conn, scene.run, role, crew, member.person_id, member.name, is_stand_in, person, scene.now
    )
    return scene.run


async def take_away_role(conn: Conn, scene: Scene, role_id: UUID, person: Person) -> None:
    """End a person's role.

    Raises:
        Conflict: it does not stand.
    """
    row = await end_role(conn, scene.run.id, role_id, scene.now)
    if row is None:
        raise Conflict("this role does not stand", role=str(role_id))
    scene.run = await record.append(
        conn,
        scene.run,
        "role.ended",
        by=person.name,
        now=scene.now,
        role=row.role,
        crew=row.crew,
        who=row.person_name,
    )


async def _take_role(
    conn: Conn, run: Run, role: RunRole, crew: str | None, who: PersonId, name: str, is_stand_in: bool,
    person: Person, now: datetime,
) -> Run:  # fmt: skip
    await insert_role(
        conn,
        RoleRow(
            id=new_uuid(), run_id=run.id, role=role, crew=crew, person_id=who, person_name=name,
            is_stand_in=is_stand_in, from_at=now, to_at=None,
        ),
    )  # fmt: skip
    return await record.append(
        conn, run, "role.taken", by=person.name, now=now, role=role, crew=crew, who=name, stand_in=is_stand_in
    )


async def pause(conn: Conn, scene: Scene, reason: str, person: Person) -> None:
    """Stop drill time; legal time runs on.

    Raises:
        LegalTimeNeverPauses: the run is actual.
        PauseStands: it stands still already.
    """
    if scene.run.is_actual:
        raise LegalTimeNeverPauses("an actual run cannot be paused", run=scene.run.code)
    if any(p.resumed_at is None for p in await read_pauses(conn, scene.run.id)):
        raise PauseStands("drill time already stands still", run=scene.run.code)
    stop = Pause(paused_at=scene.now, resumed_at=None, reason=reason, person=person.name)
    await insert_pause(conn, scene.run.id, stop)
    scene.run = await record.append(
        conn, scene.run, "drill.paused", by=person.name, now=scene.now, reason=reason
    )


async def resume(conn: Conn, scene: Scene, person: Person) -> None:
    """Let drill time run again.

    Raises:
        PauseStands: it runs already.
    """
    if not await end_pause(conn, scene.run.id, scene.now):
        raise PauseStands("drill time is running", run=scene.run.code)
    scene.run = await record.append(conn, scene.run, "drill.resumed", by=person.name, now=scene.now)


async def override(conn: Conn, scene: Scene, code: str, reason: str, person: Person) -> None:
    """Pass a hold point, or free a task before its needs are met, by command and with a reason.

    Raises:
        SafetyOrderOpen: a safety order, people or cars inside forbid it; no command lifts those.
        WrongTaskState: the task neither holds nor waits.
    """
    _, row = scene.task(code)
    bars = scene.barred(code, Act.ACCEPT if row.state == "holding" else None)
    if bars:
        raise SafetyOrderOpen(f"{code}: {', '.join(bars)}", task=code, bars=list(bars))
    if row.state == "waiting":
        await moves.release_by_command(conn, scene, code, person.name, reason)
    else:
        await moves.move(
            conn, scene, code, TaskEvent.OVERRIDE, person_id=person.id, person=person.name,
            at=scene.now, reason=reason,
        )  # fmt: skip
    await settle(conn, scene)


async def amend(
    conn: Conn, scene: Scene, code: str, change: dict[str, Any], reason: str, person: Person
) -> int:
    """Append a change to the running plan; the published version stays as it is. Returns its number.

    Raises:
        AmendmentUnreadable: the change touches what may not change.
    """
    task, _ = scene.task(code)
    amended(task, change)
    number = len(await read_amendments(conn, scene.run.id)) + 1
    await insert_amendment(
        conn,
        Amendment(
            run_id=scene.run.id, number=number, task=code, change=change, reason=reason, ordered_by=person.name,
            ordered_at=scene.now,
        ),
    )  # fmt: skip
    scene.run = await record.append(
        conn, scene.run, "plan.amended", by=person.name, now=scene.now, task=code, number=number, change=change,
        reason=reason,
    )  # fmt: skip
    await write_cards(conn, await load_scene(conn, scene.site, scene.run, scene.now))
    return number


async def end(conn: Conn, scene: Scene, reason: str, person: Person) -> Run:
    """End a run that has done its work; an actual conversion makes the building a depot.

    Raises:
        TasksOpen: an actual run with open tasks; recall it instead.
    """
    open_tasks = [code for code, row in scene.tasks.items() if row.finished_at is None]
    if scene.run.is_actual and open_tasks:
        raise TasksOpen(f"{len(open_tasks)} tasks are open", tasks=open_tasks[:20])
    if not scene.run.is_actual:
        await effects.lift_all(conn, scene.run, by=person.name, now=scene.now)
    elif scene.run.purpose == "conversion":
        why = f"{scene.run.code}: {reason}"
        await write_mode(conn, ModeEvent.CONVERSION_ENDED, by=person.name, reason=why, now=scene.now)
    return await close(conn, scene, "ended", reason, person)


async def recall(conn: Conn, scene: Scene, reason: str, person: Person) -> Run:
    """Recall an actual conversion; the building goes into restoration, whose own plan leads it back.

    Raises:
        Conflict: the run is no actual conversion.
    """
    if not scene.run.is_actual or scene.run.purpose != "conversion":
        raise Conflict("only an actual conversion can be recalled", run=scene.run.code)
    why = f"{scene.run.code}: {reason}"
    await write_mode(conn, ModeEvent.CONVERSION_RECALLED, by=person.name, reason=why, now=scene.now)
    return await close(conn, scene, "recalled", reason, person)


async def close(conn: Conn, scene: Scene, state: str, reason: str, person: Person) -> Run:
    """Close a run's record and its clocks."""
    await close_run(conn, scene.run.id, state, scene.now)
    run = await record.append(conn, scene.run, f"run.{state}", by=person.name, now=scene.now, reason=reason)
    return replace(run, state=state, ended_at=scene.now)
