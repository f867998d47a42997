"""Rows of alarms: raised, acknowledged, cleared.

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
from facility.ids import new_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A trouble that wants a person, until it is cleared."""

    id: UUID
    kind: str
    subject: str
    severity: str
    detail: dict[str, Any]
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None


async def raise_alarm(
    conn: AsyncConnection[Any],
    kind: str,
    subject: str,
    severity: str,
    detail: dict[str, Any],
    *,
    now: datetime,
) -> bool:
    """Raise an alarm once until it is cleared; returns whether it is new."""
    raised = await conn.execute(
        """
        insert into facility.alarm (id, kind, subject, severity, detail, raised_at)
        values (%(id)s, %(kind)s, %(subject)s, %(severity)s, %(detail)s, %(now)s)
        on conflict (kind, subject) where cleared_at is null do nothing
        """,
        {
            "id": new_uuid(),
            "kind": kind,
            "subject": subject,
            "severity": severity,
            "detail": Jsonb(detail),
            "now": now,
        },
    )
    if raised.rowcount:
        await write_fact(conn, "alarm.raised", subject, {"kind": kind, "severity": severity}, now=now)
    return bool(raised.rowcount)


async def clear_alarm(conn: AsyncConnection[Any], kind: str, subject: str, *, now: datetime) -> bool:
    """Clear an alarm whose cause is gone; returns whether one was open."""
    cleared = await conn.execute(
        """
        update facility.alarm set cleared_at = %(now)s
        where kind = %(kind)s and subject = %(subject)s and cleared_at is null
        """,
        {"kind": kind, "subject": subject, "now": now},
    )
    if cleared.rowcount:
        await write_fact(conn, "alarm.cleared", subject, {"kind": kind}, now=now)
    return bool(cleared.rowcount)


async def acknowledge_alarm(conn: AsyncConnection[Any], alarm_id: UUID, *, by: str, now: datetime) -> Alarm:
    """Say that a person has seen an alarm.

    Raises:
        Missing: no open alarm has this id.
    """
    async with conn.cursor(row_factory=class_row(Alarm)) as cur:
        await cur.execute(
            """
            update facility.alarm
            set acknowledged_at = coalesce(acknowledged_at, %(now)s),
                acknowledged_by = coalesce(acknowledged_by, %(by)s)
            where id = %(id)s and cleared_at is null
            returning id, kind, subject, severity, detail, raised_at, acknowledged_at, acknowledged_by, cleared_at
            """,
            {"id": alarm_id, "now": now, "by": by},
        )
        row = await cur.fetchone()
    if row is None:
        raise Missing(f"no open alarm {alarm_id}")
    await write_fact(conn, "alarm.acknowledged", row.subject, {"kind": row.kind, "by": by}, now=now)
    return row


async def read_open_alarms(conn: AsyncConnection[Any]) -> list[Alarm]:
    """Alarms not cleared, the gravest and oldest first."""
    async with conn.cursor(row_factory=class_row(Alarm)) as cur:
        await cur.execute(
            """
            select id, kind, subject, severity, detail, raised_at, acknowledged_at, acknowledged_by, cleared_at
            from facility.alarm where cleared_at is null
            order by array_position(array['critical', 'warning', 'info'], severity), raised_at
            """
        )
        return await cur.fetchall()
