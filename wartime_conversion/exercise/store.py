"""Rows of injects, evaluators' scores and what was said at the hot wash."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectRow:
    """An inject of a drill: when it is due (drill seconds), when it was played, and what was decided."""

    run_id: UUID
    code: str
    due_at_s: int | None
    played_at: datetime | None
    played_by: str | None
    decision: str | None
    decided_at: datetime | None
    decided_by: str | None
    is_as_expected: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One evaluator's grade of one objective: P performed, S with some, M with major challenges, U unable."""

    id: UUID
    run_id: UUID
    objective: str
    grade: str
    note: str
    evaluator: str
    scored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HotWash:
    """Something said right after the drill; an improvement has an owner and a day."""

    id: UUID
    run_id: UUID
    kind: str
    words: str
    owner: str | None
    due_on: date | None
    said_by: str
    said_at: datetime


async def read_injects(conn: Conn, run_id: UUID) -> dict[str, InjectRow]:
    """Read a run's injects by code."""
    async with conn.cursor(row_factory=class_row(InjectRow)) as cur:
        await cur.execute("select * from conversion.inject where run_id = %(run_id)s", {"run_id": run_id})
        return {row.code: row for row in await cur.fetchall()}


async def write_inject(conn: Conn, inject: InjectRow) -> None:
    """Write an inject as it now stands."""
    await conn.execute(
        """
        insert into conversion.inject (run_id, code, due_at_s, played_at, played_by, decision, decided_at, decided_by,
            is_as_expected)
        values (%(run_id)s, %(code)s, %(due_at_s)s, %(played_at)s, %(played_by)s, %(decision)s, %(decided_at)s,
            %(decided_by)s, %(is_as_expected)s)
        on conflict (run_id, code) do update set due_at_s = excluded.due_at_s, played_at = excluded.played_at,
            played_by = excluded.played_by, decision = excluded.decision, decided_at = excluded.decided_at,
            decided_by = excluded.decided_by, is_as_expected = excluded.is_as_expected
        """,
        {name: getattr(inject, name) for name in InjectRow.__slots__},
    )


async def write_score(conn: Conn, score: Score) -> None:
    """Keep an evaluator's grade; the newest of an objective stands."""
    await conn.execute(
        """
        insert into conversion.score (id, run_id, objective, grade, note, evaluator, scored_at)
        values (%(id)s, %(run_id)s, %(objective)s, %(grade)s, %(note)s, %(evaluator)s, %(scored_at)s)
        on conflict (run_id, objective, evaluator) do update
        set grade = excluded.grade, note = excluded.note, scored_at = excluded.scored_at
        """,
        {name: getattr(score, name) for name in Score.__slots__},
    )


async def read_scores(conn: Conn, run_id: UUID) -> list[Score]:
    """Read a run's grades."""
    async with conn.cursor(row_factory=class_row(Score)) as cur:
        await cur.execute(
            "select * from conversion.score where run_id = %(run_id)s order by objective, evaluator",
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def insert_hot_wash(conn: Conn, said: HotWash) -> None:
    """Keep what was said."""
    await conn.execute(
        """
        insert into conversion.hot_wash (id, run_id, kind, words, owner, due_on, said_by, said_at)
        values (%(id)s, %(run_id)s, %(kind)s, %(words)s, %(owner)s, %(due_on)s, %(said_by)s, %(said_at)s)
        """,
        {name: getattr(said, name) for name in HotWash.__slots__},
    )


async def read_hot_wash(conn: Conn, run_id: UUID) -> list[HotWash]:
    """Read what was said at a run's hot wash."""
    async with conn.cursor(row_factory=class_row(HotWash)) as cur:
        await cur.execute(
            "select * from conversion.hot_wash where run_id = %(run_id)s order by said_at", {"run_id": run_id}
        )
        return await cur.fetchall()
