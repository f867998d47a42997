"""Carrying out what was judged: a task moves on, its effects follow, and what it frees is released."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from facility.ids import PersonId
from wartime_conversion import effects, record
from wartime_conversion.rules.release import released
from wartime_conversion.rules.sign_off import Value
from wartime_conversion.rules.task_state import TaskEvent, TaskState, advance
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn, TaskRow, write_task

SYSTEM = "system"

_STARTS = {TaskEvent.START}
_REPORTS = {TaskEvent.REPORT, TaskEvent.REPORT_TO_SECOND, TaskEvent.REPORT_TO_HOLD}
_SECONDS = {TaskEvent.SECOND, TaskEvent.SECOND_TO_HOLD}
_ACCEPTS = {TaskEvent.ACCEPT, TaskEvent.OVERRIDE}

_NAMES = {
    TaskEvent.CLAIM: "task.claimed",
    TaskEvent.GIVE_UP: "task.given_up",
    TaskEvent.START: "task.started",
    TaskEvent.SEND_BACK: "task.sent_back",
    TaskEvent.ACCEPT: "hold_point.released",
    TaskEvent.OVERRIDE: "hold_point.overridden",
    **dict.fromkeys(_REPORTS, "task.reported"),
    **dict.fromkeys(_SECONDS, "task.countersigned"),
}


async def move(
    conn: Conn,
    scene: Scene,
    code: str,
    event: TaskEvent,
    *,
    person_id: PersonId,
    person: str,
    at: datetime,
    values: dict[str, Value] | None = None,
    **detail: Any,
) -> None:
    """Move one task by an event that was judged to fit, record it, and carry out what its end brings.

    Args:
        conn: connection of the unit of work.
        scene: the run; its tasks and head are moved on.
        code: the task.
        event: what happens to it.
        person_id: who acts.
        person: that person's name, for the record.
        at: when it was done by the server's clock, aware UTC; at most the scene's `now`.
        values: what was entered.
        detail: more facts for the record.

    Raises:
        WrongTaskState: the event does not fit the task.
    """
    row = scene.tasks[code]
    after = _moved(row, event, person_id, at, scene.now, values)
    await _keep(conn, scene, after)
    facts: dict[str, Any] = {"state": str(after.state), "acted_at": at.isoformat(), **detail}
    if values:
        facts["values"] = values
    await _record(conn, scene, _NAMES[event], code, person, facts)
    if after.state is TaskState.DONE:
        await _finish(conn, scene, code, person)


async def note_read(
    conn: Conn, scene: Scene, code: str, *, person_id: PersonId, person: str, at: datetime, **detail: Any
) -> None:
    """Keep who read a task's challenges aloud and heard each answered; the newest reader counts."""
    row = replace(scene.tasks[code], read_by=person_id, read_at=at, changed_at=scene.now)
    await _keep(conn, scene, row)
    await _record(conn, scene, "challenge.read", code, person, {"acted_at": at.isoformat(), **detail})


async def release_free(conn: Conn, scene: Scene) -> datetime | None:
    """Release every waiting task whose needs are met; returns when the next running lag ends."""
    waiting = [code for code, row in scene.tasks.items() if row.state is TaskState.WAITING]
    free, next_at = released(waiting, scene.layout.needs, scene.progress(), scene.now)
    for code in free:
        await _release(conn, scene, code, SYSTEM, {})
    return next_at


async def release_by_command(conn: Conn, scene: Scene, code: str, person: str, reason: str) -> None:
    """Release a task before its needs are met; safety orders must have been asked before.

    Raises:
        WrongTaskState: the task does not wait.
    """
    await _release(conn, scene, code, person, {"by_command": True, "reason": reason})


async def _release(conn: Conn, scene: Scene, code: str, person: str, facts: dict[str, Any]) -> None:
    row = scene.tasks[code]
    after = replace(
        row,
        state=advance(row.state, TaskEvent.RELEASE),
        released_at=scene.now,
        changed_at=scene.now,
    )
    await _keep(conn, scene, after)
    await _record(conn, scene, "task.released", code, person, facts)


async def _finish(conn: Conn, scene: Scene, code: str, person: str) -> None:
    for effect in scene.layout.tasks[code].effects:
        done = await effects.apply(conn, scene.site, scene.run, effect, by=person, now=scene.now)
        await _record(conn, scene, "effect.applied", code, person, done)


async def _keep(conn: Conn, scene: Scene, row: TaskRow) -> None:
    await write_task(conn, row)
    scene.tasks[row.code] = row


async def _record(conn: Conn, scene: Scene, kind: str, code: str, person: str, facts: dict[str, Any]) -> None:
    scene.run = await record.append(conn, scene.run, kind, by=person, now=scene.now, task=code, **facts)


def _moved(
    row: TaskRow,
    event: TaskEvent,
    who: PersonId,
    at: datetime,
    now: datetime,
    values: dict[str, Value] | None,
) -> TaskRow:
    state = advance(row.state, event)
    after = replace(row, state=state, changed_at=now, values=row.values | dict(values or {}))
    if event is TaskEvent.CLAIM:
        after = replace(after, claimed_at=at, claimed_by=who)
    elif event is TaskEvent.GIVE_UP:
        after = replace(after, claimed_at=None, claimed_by=None)
    elif event in _STARTS:
        after = replace(after, started_at=at, started_by=who)
    elif event in _REPORTS:
        begun_at = min(row.started_at or at, at)
        after = replace(
            after, reported_at=at, reported_by=who, started_at=begun_at, started_by=row.started_by or who
        )
    elif event in _SECONDS:
        after = replace(after, second_by=who)
    elif event is TaskEvent.SEND_BACK:
        after = replace(after, reported_at=None, reported_by=None, second_by=None, read_at=None, read_by=None)
    if event in _ACCEPTS:
        after = replace(after, accepted_by=who, is_overridden=event is TaskEvent.OVERRIDE)
    if state is TaskState.DONE:
        latest = max(at, after.reported_at or at)
        after = replace(after, finished_at=latest)
    return after
