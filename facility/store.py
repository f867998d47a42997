"""Rows of the facility schema that every package needs: mode, bay use, audit.

Functions take a connection and never commit; the edge opens the unit of work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from facility.errors import Missing
from facility.fact_store import write_fact
from facility.mode import Mode, ModeEvent
from facility.mode import advance as advance_mode


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeRow:
    """The mode in force and how it came to be."""

    mode: Mode
    changed_at: datetime
    changed_by: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", Mode(self.mode))


@dataclass(frozen=True, slots=True, kw_only=True)
class BayUse:
    """What a bay is for: parking, clearing, clear or storage."""

    bay_id: str
    use: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what, when."""

    id: int
    at: datetime
    person_id: UUID | None
    person_name: str
    act: str
    subject: str
    detail: dict[str, Any]


async def read_mode(conn: AsyncConnection[Any]) -> ModeRow:
    """The mode in force."""
    async with conn.cursor(row_factory=class_row(ModeRow)) as cur:
        await cur.execute(
            "select mode, changed_at, changed_by, reason from facility.mode_change order by id desc limit 1"
        )
        row = await cur.fetchone()
    if row is None:
        raise Missing("facility.mode_change holds no row: the schema steps have not run")
    return row


async def write_mode(
    conn: AsyncConnection[Any], event: ModeEvent, *, by: str, reason: str, now: datetime
) -> Mode:
    """Move the mode by an event of the table, under a lock, and tell everyone.

    Raises:
        ModeConflict: the event is not possible now.
    """
    await conn.execute("select pg_advisory_xact_lock(hashtext('facility.mode'))")
    mode = advance_mode((await read_mode(conn)).mode, event)
    await conn.execute(
        """
        insert into facility.mode_change (mode, changed_at, changed_by, reason)
        values (%(mode)s, %(now)s, %(by)s, %(reason)s)
        """,
        {"mode": mode, "now": now, "by": by, "reason": reason},
    )
    await write_fact(conn, "mode.changed", "site", {"mode": mode, "reason": reason}, now=now)
    return mode


async def read_bay_uses(conn: AsyncConnection[Any]) -> dict[str, BayUse]:
    """Every bay whose use was ever set; a bay without a row is for parking."""
    async with conn.cursor(row_factory=class_row(BayUse)) as cur:
        await cur.execute("select bay_id, use, changed_at, changed_by from facility.bay_use")
        return {row.bay_id: row for row in await cur.fetchall()}


async def write_bay_use(conn: AsyncConnection[Any], bay_id: str, use: str, *, by: str, now: datetime) -> None:
    """Say what a bay is for from now on."""
    await conn.execute(
        """
        insert into facility.bay_use (bay_id, use, changed_at, changed_by)
        values (%(bay_id)s, %(use)s, %(now)s, %(by)s)
        on conflict (bay_id) do update
        set use = excluded.use, changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """,
        {"bay_id": bay_id, "use": use, "now": now, "by": by},
    )
    await write_fact(conn, "bay.changed", bay_id, {"use": use}, now=now)
    # The same words from every bay of one unit of work reach a listener once.
    await conn.execute("select pg_notify('bay_use', '')")


async def write_audit(
    conn: AsyncConnection[Any],
    *,
    person_id: UUID | None,
    person_name: str,
    act: str,
    subject: str,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    """Append one act to the audit record."""
    await conn.execute(
        """
        insert into facility.audit (at, person_id, person_name, act, subject, detail)
        values (%(now)s, %(person_id)s, %(person_name)s, %(act)s, %(subject)s, %(detail)s)
        """,
        {
            "now": now,
            "person_id": person_id,
            "person_name": person_name,
            "act": act,
            "subject": subject,
            "detail": Jsonb(detail),
        },
    )


async def read_audit(
    conn: AsyncConnection[Any], *, before_id: int | None = None, limit: int = 200
) -> list[AuditRow]:
    """The newest acts first, before a row already seen."""
    async with conn.cursor(row_factory=class_row(AuditRow)) as cur:
        await cur.execute(
            """
            select id, at, person_id, person_name, act, subject, detail from facility.audit
            where %(before_id)s::bigint is null or id < %(before_id)s
            order by id desc limit %(limit)s
            """,
            {"before_id": before_id, "limit": limit},
        )
        return await cur.fetchall()
