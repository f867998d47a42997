"""Rows of runs, tasks, entries and the chained record. Functions take `conn` and never commit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.errors import Missing
from facility.ids import PersonId
from wartime_conversion.rules.clock import Pause
from wartime_conversion.rules.task_state import TaskState

Conn = AsyncConnection[Any]


class RunMissing(Missing):
    """No run has this id."""

    code = "conversion.run_missing"


class TaskMissing(Missing):
    """The run has no such task."""

    code = "conversion.task_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a plan version; moments aware UTC. `people_inside` is `None` until somebody counted."""

    id: UUID
    code: str
    kind: str
    purpose: str
    unit: str
    plan_version: UUID
    profile: str | None
    tiers: list[str]
    reason: str
    state: str
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    lag_scale: float
    anchor_at: datetime | None
    head: str
    entries: int
    people_inside: int | None

    @property
    def is_actual(self) -> bool:
        """Whether real equipment moves."""
        return self.kind == "actual"

    @property
    def shadow(self) -> UUID | None:
        """The shadow board of a drill; `None` is the real board."""
        return None if self.is_actual else self.id

    @property
    def zero_at(self) -> datetime:
        """Where drill time counts from: the siren that the drill is tied to, else the start."""
        return self.anchor_at or self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task of a run as it stands."""

    run_id: UUID
    code: str
    position: int
    state: TaskState
    released_at: datetime | None
    claimed_at: datetime | None
    claimed_by: PersonId | None
    started_at: datetime | None
    started_by: PersonId | None
    reported_at: datetime | None
    reported_by: PersonId | None
    read_at: datetime | None
    read_by: PersonId | None
    second_by: PersonId | None
    accepted_by: PersonId | None
    finished_at: datetime | None
    is_overridden: bool
    values: dict[str, Any]
    changed_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", TaskState(self.state))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One entry of the chained record; `body` is the canonical JSON that was hashed."""

    run_id: UUID
    number: int
    at: datetime
    kind: str
    task: str | None
    person: str
    body: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """A role taken by name."""

    id: UUID
    run_id: UUID
    role: str
    crew: str | None
    person_id: PersonId
    person_name: str
    is_stand_in: bool
    from_at: datetime
    to_at: datetime | None


async def insert_run(conn: Conn, run: Run) -> None:
    """Write a new run."""
    await conn.execute(
        """
        insert into conversion.run (id, code, kind, purpose, unit, plan_version, profile, tiers, reason, state,
            started_at, started_by, lag_scale, anchor_at, head, entries)
        values (%(id)s, %(code)s, %(kind)s, %(purpose)s, %(unit)s, %(plan_version)s, %(profile)s, %(tiers)s,
            %(reason)s, %(state)s, %(started_at)s, %(started_by)s, %(lag_scale)s, %(anchor_at)s, %(head)s,
            %(entries)s)
        """,
        {name: getattr(run, name) for name in Run.__slots__},
    )


async def count_runs(conn: Conn, prefix: str) -> int:
    """Count the runs whose code begins so, under a lock that keeps the next number free."""
    await conn.execute("select pg_advisory_xact_lock(hashtext('conversion.run'))")
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select count(*) from conversion.run where starts_with(code, %(prefix)s)", {"prefix": prefix}
        )
        return int(await cur.fetchone() or 0)


async def read_run(conn: Conn, run_id: UUID) -> Run:
    """Read a run.

    Raises:
        RunMissing: no run has this id.
    """
    return await _one_run(conn, "select * from conversion.run where id = %(id)s", run_id)


async def lock_run(conn: Conn, run_id: UUID) -> Run:
    """Read a run and keep it for this unit of work: a run's acts follow one another.

    Raises:
        RunMissing: no run has this id.
    """
    return await _one_run(conn, "select * from conversion.run where id = %(id)s for update", run_id)


async def _one_run(conn: Conn, statement: LiteralString, run_id: UUID) -> Run:
    async with conn.cursor(row_factory=class_row(Run)) as cur:
        await cur.execute(statement, {"id": run_id})
        row = await cur.fetchone()
    if row is None:
        raise RunMissing(f"no run {run_id}", run=str(run_id))
    return row


async def read_runs(conn: Conn, *, limit: int = 50) -> list[Run]:
    """Read the newest runs."""
    async with conn.cursor(row_factory=class_row(Run)) as cur:
        await cur.execute(
            "select * from conversion.run order by (state = 'running') desc, started_at desc limit %(limit)s",
            {"limit": limit},
        )
        return await cur.fetchall()


async def read_running(conn: Conn, kind: str, unit: str) -> Run | None:
    """Read the running run of a kind in a protective unit."""
    async with conn.cursor(row_factory=class_row(Run)) as cur:
        await cur.execute(
            """
            select * from conversion.run
            where kind = %(kind)s and unit = %(unit)s and state = 'running' order by started_at limit 1
            """,
            {"kind": kind, "unit": unit},
        )
        return await cur.fetchone()


async def close_run(conn: Conn, run_id: UUID, state: str, now: datetime) -> None:
    """End a run and any pause that still stands."""
    await conn.execute(
        "update conversion.run set state = %(state)s, ended_at = %(now)s where id = %(id)s",
        {"id": run_id, "state": state, "now": now},
    )
    await conn.execute(
        "update conversion.pause set resumed_at = %(now)s where run_id = %(id)s and resumed_at is null",
        {"id": run_id, "now": now},
    )


async def write_head(conn: Conn, run_id: UUID, head: str, entries: int) -> None:
    """Keep the newest hash of a run's record."""
    await conn.execute(
        "update conversion.run set head = %(head)s, entries = %(entries)s where id = %(id)s",
        {"id": run_id, "head": head, "entries": entries},
    )


async def write_anchor(conn: Conn, run_id: UUID, anchor_at: datetime) -> None:
    """Tie drill time to the moment at which the siren sounded."""
    await conn.execute(
        "update conversion.run set anchor_at = %(anchor_at)s where id = %(id)s",
        {"id": run_id, "anchor_at": anchor_at},
    )


async def write_people_inside(conn: Conn, run_id: UUID, people: int) -> None:
    """Keep a head count of people who do not belong inside."""
    await conn.execute(
        "update conversion.run set people_inside = %(people)s where id = %(id)s",
        {"id": run_id, "people": people},
    )


async def insert_task(conn: Conn, run_id: UUID, code: str, position: int, now: datetime) -> None:
    """Write a waiting task."""
    await conn.execute(
        """
        insert into conversion.task (run_id, code, position, state, changed_at)
        values (%(run_id)s, %(code)s, %(position)s, 'waiting', %(now)s)
        """,
        {"run_id": run_id, "code": code, "position": position, "now": now},
    )


async def read_tasks(conn: Conn, run_id: UUID) -> dict[str, TaskRow]:
    """Read a run's tasks by code, in plan order."""
    async with conn.cursor(row_factory=class_row(TaskRow)) as cur:
        await cur.execute(
            """
            select run_id, code, position, state, released_at, claimed_at, claimed_by, started_at, started_by,
                   reported_at, reported_by, read_at, read_by, second_by, accepted_by, finished_at, is_overridden,
                   "values", changed_at
            from conversion.task where run_id = %(run_id)s order by position
            """,
            {"run_id": run_id},
        )
        return {row.code: row for row in await cur.fetchall()}


async def write_task(conn: Conn, task: TaskRow) -> None:
    """Write a task as it now stands."""
    await conn.execute(
        """
        update conversion.task set state = %(state)s, released_at = %(released_at)s, claimed_at = %(claimed_at)s,
            claimed_by = %(claimed_by)s, started_at = %(started_at)s, started_by = %(started_by)s,
            reported_at = %(reported_at)s, reported_by = %(reported_by)s, read_at = %(read_at)s,
            read_by = %(read_by)s, second_by = %(second_by)s,
            accepted_by = %(accepted_by)s, finished_at = %(finished_at)s, is_overridden = %(is_overridden)s,
            "values" = %(jvalues)s, changed_at = %(changed_at)s
        where run_id = %(run_id)s and code = %(code)s
        """,
        {name: getattr(task, name) for name in TaskRow.__slots__ if name != "values"}
        | {"jvalues": Jsonb(task.values)},
    )


async def insert_event(conn: Conn, event: EventRow) -> None:
    """Append to a run's record."""
    await conn.execute(
        """
        insert into conversion.event (run_id, number, at, kind, task, person, body, previous_hash, hash)
        values (%(run_id)s, %(number)s, %(at)s, %(kind)s, %(task)s, %(person)s, %(body)s, %(previous_hash)s,
            %(hash)s)
        """,
        {name: getattr(event, name) for name in EventRow.__slots__},
    )


async def read_events(conn: Conn, run_id: UUID, *, after: int = 0) -> list[EventRow]:
    """Read a run's record in order."""
    async with conn.cursor(row_factory=class_row(EventRow)) as cur:
        await cur.execute(
            """
            select run_id, number, at, kind, task, person, body, previous_hash, hash
            from conversion.event where run_id = %(run_id)s and number > %(after)s order by number
            """,
            {"run_id": run_id, "after": after},
        )
        return await cur.fetchall()


async def read_pauses(conn: Conn, run_id: UUID) -> list[Pause]:
    """Read the pauses of drill time."""
    async with conn.cursor(row_factory=class_row(Pause)) as cur:
        await cur.execute(
            """
            select paused_at, resumed_at, reason, person from conversion.pause
            where run_id = %(run_id)s order by paused_at
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def insert_pause(conn: Conn, run_id: UUID, pause: Pause) -> None:
    """Begin a pause."""
    await conn.execute(
        """
        insert into conversion.pause (run_id, paused_at, reason, person)
        values (%(run_id)s, %(paused_at)s, %(reason)s, %(person)s)
        """,
        {"run_id": run_id, "paused_at": pause.paused_at, "reason": pause.reason, "person": pause.person},
    )


async def end_pause(conn: Conn, run_id: UUID, now: datetime) -> bool:
    """End the standing pause; says whether there was one."""
    ended = await conn.execute(
        "update conversion.pause set resumed_at = %(now)s where run_id = %(run_id)s and resumed_at is null",
        {"run_id": run_id, "now": now},
    )
    return bool(ended.rowcount)


async def insert_role(conn: Conn, role: RoleRow) -> None:
    """Give a role to a person; the same role twice changes nothing."""
    await conn.execute(
        """
        insert into conversion.role (id, run_id, role, crew, person_id, person_name, is_stand_in, from_at, to_at)
        values (%(id)s, %(run_id)s, %(role)s, %(crew)s, %(person_id)s, %(person_name)s, %(is_stand_in)s,
            %(from_at)s, %(to_at)s)
        on conflict do nothing
        """,
        {name: getattr(role, name) for name in RoleRow.__slots__},
    )


async def end_role(conn: Conn, run_id: UUID, role_id: UUID, now: datetime) -> RoleRow | None:
    """End a person's role; `None` where none stood."""
    async with conn.cursor(row_factory=class_row(RoleRow)) as cur:
        await cur.execute(
            """
            update conversion.role set to_at = %(now)s
            where run_id = %(run_id)s and id = %(id)s and to_at is null returning *
            """,
            {"run_id": run_id, "id": role_id, "now": now},
        )
        return await cur.fetchone()


async def read_roles(conn: Conn, run_id: UUID) -> list[RoleRow]:
    """Read the roles that stand."""
    async with conn.cursor(row_factory=class_row(RoleRow)) as cur:
        await cur.execute(
            "select * from conversion.role where run_id = %(run_id)s and to_at is null order by from_at, role",
            {"run_id": run_id},
        )
        return await cur.fetchall()


def scaled(lag: timedelta, scale: float) -> timedelta:
    """Shorten a lag for a drill, to whole seconds."""
    return timedelta(seconds=round(lag.total_seconds() * scale))
