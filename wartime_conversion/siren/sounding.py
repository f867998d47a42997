"""A siren sounds in a run: the first one is where a drill's time counts from."""

from dataclasses import replace
from datetime import datetime, timedelta

from facility.errors import Invalid
from facility.identity import Person
from wartime_conversion import record
from wartime_conversion.rules.plan import Plan
from wartime_conversion.scene import Scene
from wartime_conversion.siren.store import Sounding, insert_sounding, read_soundings
from wartime_conversion.store import Conn, write_anchor

TOLD_WITHIN = timedelta(minutes=30)
"""How long after a siren it may still be told; later, memory is no clock."""


class SirenUnusable(Invalid):
    """The plan has no such siren, or the moment cannot be."""

    code = "conversion.siren_unusable"


def siren_ids(plan: Plan) -> set[str]:
    """The signals and timetables of a plan."""
    return {row.id for row in plan.signals} | {row.id for row in plan.timetables}


async def sound(conn: Conn, scene: Scene, what: str, sounded_at: datetime | None, person: Person) -> Sounding:
    """Say that a siren began to sound, now or a moment ago.

    The first siren of a drill becomes the zero of its time, in place of the planned moment; later ones move nothing.

    Raises:
        SirenUnusable: the plan has no such siren, or the moment lies before the run, ahead, or too long ago.
    """
    at = sounded_at or scene.now
    if what not in siren_ids(scene.plan):
        raise SirenUnusable(f"the plan has no siren {what}", siren=what)
    if not max(scene.run.started_at, scene.now - TOLD_WITHIN) <= at <= scene.now:
        raise SirenUnusable(f"a siren cannot have sounded at {at.isoformat()}", sounded_at=at.isoformat())
    before = await read_soundings(conn, scene.run.id)
    is_zero = not scene.run.is_actual and not before
    row = Sounding(
        run_id=scene.run.id, number=len(before) + 1, what=what, sounded_at=at, is_zero=is_zero,
        said_by=person.name, said_at=scene.now,
    )  # fmt: skip
    await insert_sounding(conn, row)
    planned = scene.run.anchor_at
    if is_zero:
        await write_anchor(conn, scene.run.id, at)
        scene.run = replace(scene.run, anchor_at=at)
    scene.run = await record.append(
        conn, scene.run, "siren.sounded", by=person.name, now=scene.now, siren=what, sounded_at=at.isoformat(),
        is_zero=is_zero, planned_at=planned.isoformat() if planned else None,
    )  # fmt: skip
    return row
