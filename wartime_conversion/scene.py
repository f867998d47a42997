"""A run with everything that an act on it is judged by, read once in a unit of work."""

import functools
from dataclasses import dataclass
from datetime import datetime

from facility.ids import PersonId
from facility.layout import Site
from wartime_conversion.amendment_store import read_amendments
from wartime_conversion.depot.store import count_pallets
from wartime_conversion.parking_store import count_cars_inside
from wartime_conversion.phone.store import Member, read_members
from wartime_conversion.plan_file import read_plan
from wartime_conversion.plan_library.store import read_version
from wartime_conversion.rules.drill_profile import DrillMode
from wartime_conversion.rules.plan import Effect, Plan, RunRole, Task
from wartime_conversion.rules.release import Progress, finish_waits, start_waits
from wartime_conversion.rules.run_plan import RunPlan, is_sample, run_plan
from wartime_conversion.rules.sign_off import Act, Post, TaskFacts
from wartime_conversion.rules.task_state import TaskState
from wartime_conversion.store import Conn, RoleRow, Run, TaskMissing, TaskRow, read_roles, read_tasks

_EMPTIES = frozenset({Effect.STORAGE_EMPTY, Effect.BAYS_TO_PARKING})


@functools.lru_cache(maxsize=8)
def pinned_plan(source: str) -> Plan:
    """The plan of a published version; parsed once a process."""
    return read_plan(source, "published plan")


@dataclass(slots=True, kw_only=True)
class Scene:
    """One run as this unit of work sees and moves it.

    `cars_inside` counts the open stays of the protective unit, `pallets` what the depot's ledger holds; neither bars
    anything in a drill.
    """

    run: Run
    plan: Plan
    layout: RunPlan
    tasks: dict[str, TaskRow]
    roles: list[RoleRow]
    members: dict[PersonId, Member]
    cars_inside: int
    pallets: int
    site: Site
    now: datetime

    def task(self, code: str) -> tuple[Task, TaskRow]:
        """A task's plan and its row.

        Raises:
            TaskMissing: the run has no such task.
        """
        if code not in self.tasks:
            raise TaskMissing(f"{self.run.code} has no task {code}", task=code)
        return self.layout.tasks[code], self.tasks[code]

    def progress(self) -> dict[str, Progress]:
        """When each task began and ended."""
        return {
            code: Progress(started_at=row.started_at, finished_at=row.finished_at)
            for code, row in self.tasks.items()
        }

    def posts_of(self, person_id: PersonId) -> frozenset[Post]:
        """The roles that a person holds in this run."""
        return frozenset(
            Post(role=RunRole(row.role), crew=row.crew) for row in self.roles if row.person_id == person_id
        )

    def barred(self, code: str, act: Act | None) -> tuple[str, ...]:
        """What forbids a task for the sake of safety: orders not yet kept, people or cars still inside."""
        task = self.layout.tasks[code]
        bars = [
            f"{first} first"
            for first in self.layout.before[code]
            if self.tasks[first].state != TaskState.DONE
        ]
        if self.layout.openings_of[code] and (self.run.people_inside or 0) > 0:
            bars.append(f"people inside: {self.run.people_inside}")
        settles = act in (Act.REPORT, Act.SECOND, Act.ACCEPT)
        if self.run.is_actual and Effect.BAYS_CLEAR in task.effects and settles and self.cars_inside:
            bars.append(f"cars inside: {self.cars_inside}")
        if self.run.is_actual and _EMPTIES & set(task.effects) and settles and self.pallets:
            bars.append(f"pallets in stock: {self.pallets}")
        return tuple(bars)

    def facts(self, code: str, act: Act) -> TaskFacts:
        """What the judgement of an act on a task looks at."""
        task, row = self.task(code)
        progress = self.progress()
        needs = self.layout.needs[code]
        return TaskFacts(
            state=row.state,
            is_two_person=task.two_person,
            is_hold_point=task.hold_point,
            sign_role=task.sign_role,
            hold_role=task.hold_role,
            crews=frozenset(task.crew),
            wanted=task.acceptance,
            is_photo_wanted=self.run.is_actual and "photo" in task.evidence,
            is_free=not start_waits(needs, progress, self.now),
            may_finish=not finish_waits(needs, progress, self.now),
            barred=self.barred(code, act),
            reported_by=row.reported_by,
            claimed_by=row.claimed_by,
            is_sample=is_sample(task, is_actual=self.run.is_actual),
            is_read_wanted=self.is_read_wanted(code),
            read_by=row.read_by,
        )

    def is_read_wanted(self, code: str) -> bool:
        """Whether a second person reads the challenges aloud: where an opening is really worked, not in a sample."""
        is_done = self.run.is_actual or self.layout.tasks[code].drill.mode is DrillMode.DO
        return bool(self.layout.openings_of[code]) and is_done


async def load_scene(conn: Conn, site: Site, run: Run, now: datetime) -> Scene:
    """Read the scene of a run that this unit of work has locked (or only looks at)."""
    tasks = await read_tasks(conn, run.id)
    plan = pinned_plan((await read_version(conn, run.plan_version)).source)
    changes = [{"task": row.task, "change": row.change} for row in await read_amendments(conn, run.id)]
    return Scene(
        run=run,
        plan=plan,
        layout=run_plan(plan, list(tasks), run.lag_scale, changes),
        tasks=tasks,
        roles=await read_roles(conn, run.id),
        members={member.person_id: member for member in await read_members(conn)},
        cars_inside=await count_cars_inside(conn, _unit_zones(site)),
        pallets=await count_pallets(conn),
        site=site,
        now=now,
    )


def _unit_zones(site: Site) -> list[str]:
    return [zone.id for zone in site.zones.values() if zone.level == site.protective_unit.level]
