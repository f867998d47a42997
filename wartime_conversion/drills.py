"""What makes a run a drill: injects with their decisions, evaluators' scores, the hot wash."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from facility.errors import Conflict, Invalid, Missing
from facility.identity import Person
from facility.ids import new_uuid
from wartime_conversion import record
from wartime_conversion.exercise.store import (
    HotWash,
    InjectRow,
    Score,
    insert_hot_wash,
    read_injects,
    write_inject,
    write_score,
)
from wartime_conversion.rules.clock import drill_elapsed
from wartime_conversion.rules.drill_profile import Inject
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn, read_pauses


class InjectMissing(Missing):
    """The plan has no such inject."""

    code = "conversion.inject_missing"


class OnlyInDrills(Conflict):
    """An actual run has no injects."""

    code = "conversion.only_in_drills"


class InjectNotPlayed(Conflict):
    """A decision about an inject nobody has played yet."""

    code = "conversion.inject_not_played"


class ImprovementIncomplete(Invalid):
    """An improvement without an owner and a day feeds nothing."""

    code = "conversion.improvement_incomplete"


def injects_of(scene: Scene) -> list[Inject]:
    """The plan's injects whose task is part of this run."""
    return [inject for inject in scene.plan.injects if inject.at_task in scene.tasks]


async def _row(conn: Conn, scene: Scene, code: str) -> InjectRow:
    if scene.run.is_actual:
        raise OnlyInDrills("an actual run has no injects", run=scene.run.code)
    if code not in {inject.id for inject in injects_of(scene)}:
        raise InjectMissing(f"{scene.run.code} has no inject {code}", inject=code)
    known = (await read_injects(conn, scene.run.id)).get(code)
    return known or InjectRow(
        run_id=scene.run.id, code=code, due_at_s=None, played_at=None, played_by=None, decision=None,
        decided_at=None, decided_by=None, is_as_expected=None,
    )  # fmt: skip


async def set_due(conn: Conn, scene: Scene, code: str, due_at_s: int, person: Person) -> None:
    """Have an inject played by the clock, at a second of drill time."""
    row = await _row(conn, scene, code)
    await write_inject(conn, replace(row, due_at_s=due_at_s))
    scene.run = await record.append(
        conn, scene.run, "inject.scheduled", by=person.name, now=scene.now, inject=code, due_at_s=due_at_s
    )


async def play(conn: Conn, scene: Scene, code: str, by: str) -> None:
    """Play an inject now; playing it again changes nothing."""
    row = await _row(conn, scene, code)
    if row.played_at is not None:
        return
    await write_inject(conn, replace(row, played_at=scene.now, played_by=by))
    text = next(inject for inject in scene.plan.injects if inject.id == code)
    scene.run = await record.append(
        conn, scene.run, "inject.played", by=by, now=scene.now, task=text.at_task, inject=code, zh=text.zh
    )


async def play_due(conn: Conn, scene: Scene) -> None:
    """Play what is due by drill time."""
    if scene.run.is_actual:
        return
    waiting = [
        row
        for row in (await read_injects(conn, scene.run.id)).values()
        if row.due_at_s is not None and row.played_at is None
    ]
    if not waiting:
        return
    pauses = await read_pauses(conn, scene.run.id)
    elapsed_s = drill_elapsed(scene.run.zero_at, None, pauses, scene.now).total_seconds()
    for row in waiting:
        if row.due_at_s is not None and row.due_at_s <= elapsed_s:
            await play(conn, scene, row.code, "system")


async def decide(
    conn: Conn, scene: Scene, code: str, decision: str, is_as_expected: bool | None, person: Person
) -> None:
    """Log what was decided on an inject; a later decision is appended to the record as well.

    Raises:
        InjectNotPlayed: it has not been played.
    """
    row = await _row(conn, scene, code)
    if row.played_at is None:
        raise InjectNotPlayed(f"{code} has not been played", inject=code)
    await write_inject(
        conn,
        replace(
            row,
            decision=decision,
            decided_at=scene.now,
            decided_by=person.name,
            is_as_expected=is_as_expected,
        ),
    )
    scene.run = await record.append(
        conn, scene.run, "inject.decided", by=person.name, now=scene.now, inject=code, decision=decision,
        as_expected=is_as_expected, after_s=(scene.now - row.played_at).total_seconds(),
    )  # fmt: skip


async def score(conn: Conn, scene: Scene, objective: str, grade: str, note: str, person: Person) -> None:
    """Keep an evaluator's grade of an objective."""
    await write_score(
        conn,
        Score(
            id=new_uuid(), run_id=scene.run.id, objective=objective, grade=grade, note=note, evaluator=person.name,
            scored_at=scene.now,
        ),
    )  # fmt: skip
    scene.run = await record.append(
        conn,
        scene.run,
        "objective.scored",
        by=person.name,
        now=scene.now,
        objective=objective,
        grade=grade,
        note=note,
    )


async def say(
    conn: Conn, scene: Scene, kind: str, words: str, owner: str | None, due_on: date | None, person: Person
) -> UUID:
    """Keep something said at the hot wash.

    Raises:
        ImprovementIncomplete: an improvement lacks owner or day.
    """
    if kind == "improvement" and (not owner or due_on is None):
        raise ImprovementIncomplete("an improvement needs an owner and a day")
    said = HotWash(
        id=new_uuid(), run_id=scene.run.id, kind=kind, words=words, owner=owner, due_on=due_on, said_by=person.name,
        said_at=scene.now,
    )  # fmt: skip
    await insert_hot_wash(conn, said)
    scene.run = await record.append(
        conn, scene.run, "hot_wash.said", by=person.name, now=scene.now, said=kind, words=words, owner=owner,
        due_on=str(due_on) if due_on else None,
    )  # fmt: skip
    return said.id
