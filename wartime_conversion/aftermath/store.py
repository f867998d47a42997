"""Rows that only the report reads. Functions take `conn` and never commit."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """An evaluator's grade."""

    objective: str
    grade: str
    note: str
    evaluator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkRow:
    """A line of the hot wash."""

    kind: str
    words: str
    owner: str | None
    due_on: date | None
    said_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectRow:
    """An inject as played."""

    code: str
    played_at: datetime | None
    decision: str | None
    decided_at: datetime | None
    is_as_expected: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One run among others of its kind; minutes of the whole, `None` while it runs."""

    code: str
    kind: str
    profile: str | None
    started_at: datetime
    minutes: float | None
    tasks: int
    tasks_done: int
    refused: int
    improvements: int


async def read_scores(conn: Conn, run_id: UUID) -> list[ScoreRow]:
    """The grades of a run."""
    async with conn.cursor(row_factory=class_row(ScoreRow)) as cur:
        await cur.execute(
            """
            select objective, grade, note, evaluator from conversion.score
            where run_id = %(run_id)s order by objective, evaluator
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def read_remarks(conn: Conn, run_id: UUID) -> list[RemarkRow]:
    """The hot wash of a run, as it was said."""
    async with conn.cursor(row_factory=class_row(RemarkRow)) as cur:
        await cur.execute(
            """
            select kind, words, owner, due_on, said_by from conversion.hot_wash
            where run_id = %(run_id)s order by said_at
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def read_injects(conn: Conn, run_id: UUID) -> list[InjectRow]:
    """The injects of a run."""
    async with conn.cursor(row_factory=class_row(InjectRow)) as cur:
        await cur.execute(
            """
            select code, played_at, decision, decided_at, is_as_expected from conversion.inject
            where run_id = %(run_id)s order by code
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def read_compared_runs(conn: Conn, *, limit: int) -> list[ComparedRun]:
    """Runs side by side, the oldest first."""
    async with conn.cursor(row_factory=class_row(ComparedRun)) as cur:
        await cur.execute(
            """
            select r.code, r.kind, r.profile, r.started_at,
                   (extract(epoch from r.ended_at - r.started_at) / 60)::double precision as minutes,
                   (select count(*) from conversion.task t where t.run_id = r.id) as tasks,
                   (select count(*) from conversion.task t where t.run_id = r.id and t.state = 'done') as tasks_done,
                   (select count(*) from conversion.entry e
                    where e.run_id = r.id and e.outcome = 'refused') as refused,
                   (select count(*) from conversion.hot_wash h
                    where h.run_id = r.id and h.kind = 'improvement') as improvements
            from conversion.run r order by r.started_at desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return list(reversed(await cur.fetchall()))
