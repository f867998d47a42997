"""Rows of published plan versions and drafts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from facility.errors import Missing

Conn = AsyncConnection[Any]


class PlanVersionMissing(Missing):
    """No published plan version matches."""

    code = "conversion.plan_version_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersion:
    """A published plan version; `source` is the file as published, `sha256` its fingerprint."""

    id: UUID
    plan_id: str
    number: int
    title_zh: str
    title_en: str
    source: str
    sha256: str
    note: str
    published_at: datetime
    published_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """A plan being edited; `revision` counts the saves, so that two editors cannot overwrite one another."""

    plan_id: str
    source: str
    base_number: int
    revision: int
    changed_at: datetime
    changed_by: str


async def insert_version(conn: Conn, version: PlanVersion) -> None:
    """Publish a version; the row never changes afterwards."""
    await conn.execute(
        """
        insert into conversion.plan_version
            (id, plan_id, number, title_zh, title_en, source, sha256, note, published_at, published_by)
        values (%(id)s, %(plan_id)s, %(number)s, %(title_zh)s, %(title_en)s, %(source)s, %(sha256)s, %(note)s,
            %(published_at)s, %(published_by)s)
        """,
        {name: getattr(version, name) for name in PlanVersion.__slots__},
    )


async def read_versions(conn: Conn) -> list[PlanVersion]:
    """Read every published version, newest first within a plan."""
    async with conn.cursor(row_factory=class_row(PlanVersion)) as cur:
        await cur.execute("select * from conversion.plan_version order by plan_id, number desc")
        return await cur.fetchall()


async def read_version(conn: Conn, version_id: UUID) -> PlanVersion:
    """Read one version.

    Raises:
        PlanVersionMissing: no version has this id.
    """
    async with conn.cursor(row_factory=class_row(PlanVersion)) as cur:
        await cur.execute("select * from conversion.plan_version where id = %(id)s", {"id": version_id})
        row = await cur.fetchone()
    if row is None:
        raise PlanVersionMissing(f"no plan version {version_id}")
    return row


async def read_newest(conn: Conn, plan_id: str) -> PlanVersion | None:
    """Read the newest version of a plan, under a lock that keeps the next number free."""
    await conn.execute(
        "select pg_advisory_xact_lock(hashtext('conversion.plan'), hashtext(%(id)s))", {"id": plan_id}
    )
    async with conn.cursor(row_factory=class_row(PlanVersion)) as cur:
        await cur.execute(
            "select * from conversion.plan_version where plan_id = %(id)s order by number desc limit 1",
            {"id": plan_id},
        )
        return await cur.fetchone()


async def read_draft(conn: Conn, plan_id: str) -> PlanDraft | None:
    """Read the draft of a plan."""
    async with conn.cursor(row_factory=class_row(PlanDraft)) as cur:
        await cur.execute("select * from conversion.plan_draft where plan_id = %(id)s", {"id": plan_id})
        return await cur.fetchone()


async def write_draft(conn: Conn, draft: PlanDraft) -> bool:
    """Save a draft over the revision before it; says whether it was still that one."""
    written = await conn.execute(
        """
        insert into conversion.plan_draft (plan_id, source, base_number, revision, changed_at, changed_by)
        values (%(plan_id)s, %(source)s, %(base_number)s, %(revision)s, %(changed_at)s, %(changed_by)s)
        on conflict (plan_id) do update
        set source = excluded.source, base_number = excluded.base_number, revision = excluded.revision,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by
        where conversion.plan_draft.revision = excluded.revision - 1
        """,
        {name: getattr(draft, name) for name in PlanDraft.__slots__},
    )
    return bool(written.rowcount)


async def delete_draft(conn: Conn, plan_id: str) -> None:
    """Forget a draft."""
    await conn.execute("delete from conversion.plan_draft where plan_id = %(id)s", {"id": plan_id})
