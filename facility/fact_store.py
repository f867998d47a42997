"""Rows of the feed of facts: what changed, for every live screen.

Functions take a connection and never commit; the edge opens the unit of work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.errors import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row of the change feed that live screens follow."""

    id: int
    at: datetime
    kind: str
    subject: str
    detail: dict[str, Any]


async def write_fact(
    conn: AsyncConnection[Any], kind: str, subject: str, detail: dict[str, Any], *, now: datetime
) -> int:
    """Append to the change feed and notify `fact` with the row's id."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with written as (
                insert into facility.fact (at, kind, subject, detail)
                values (%(now)s, %(kind)s, %(subject)s, %(detail)s)
                returning id
            )
            select id from written, lateral (select pg_notify('fact', written.id::text)) as told
            """,
            {"now": now, "kind": kind, "subject": subject, "detail": Jsonb(detail)},
        )
        row: int | None = await cur.fetchone()
    if row is None:
        raise Missing("facility.fact returned no id")
    return row


async def read_facts(conn: AsyncConnection[Any], *, after_id: int, limit: int = 1000) -> list[Fact]:
    """Facts with a greater id, oldest first."""
    async with conn.cursor(row_factory=class_row(Fact)) as cur:
        await cur.execute(
            """
            select id, at, kind, subject, detail from facility.fact
            where id > %(after_id)s order by id limit %(limit)s
            """,
            {"after_id": after_id, "limit": limit},
        )
        return await cur.fetchall()


async def read_facts_by_id(conn: AsyncConnection[Any], ids: list[int]) -> list[Fact]:
    """The facts with these ids, oldest first."""
    async with conn.cursor(row_factory=class_row(Fact)) as cur:
        await cur.execute(
            "select id, at, kind, subject, detail from facility.fact where id = any(%(ids)s) order by id",
            {"ids": ids},
        )
        return await cur.fetchall()


async def read_latest_fact_id(conn: AsyncConnection[Any]) -> int:
    """The greatest id of a fact; 0 before the first."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select coalesce(max(id), 0) from facility.fact")
        row: int | None = await cur.fetchone()
    return row or 0


async def drop_facts_before(conn: AsyncConnection[Any], moment: datetime) -> int:
    """Forget old facts of the change feed; returns how many."""
    return (
        await conn.execute("delete from facility.fact where at < %(moment)s", {"moment": moment})
    ).rowcount
