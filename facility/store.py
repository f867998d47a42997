"""Rows of the facility schema: mode, bay use, lockouts, status, facts, alarms, audit.

Functions take a connection and never commit; the edge opens the unit of work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from facility.board import EquipmentKind, Lockout, Source, Status
from facility.errors import Missing
from facility.ids import new_uuid
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
class Fact:
    """One row of the change feed that live screens follow."""

    id: int
    at: datetime
    kind: str
    subject: str
    detail: dict[str, Any]


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


async def place_lockout(
    conn: AsyncConnection[Any],
    *,
    kind: EquipmentKind,
    equipment_id: str,
    source: Source,
    reason: str,
    by: str,
    now: datetime,
    shadow_run: UUID | None = None,
) -> bool:
    """Place one source's lockout; placing it again changes nothing.

    Returns:
        Whether a new lockout now stands.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into facility.lockout
                (id, kind, equipment_id, source, reason, placed_by, placed_at, shadow_run)
            values
                (%(id)s, %(kind)s, %(equipment_id)s, %(source)s, %(reason)s, %(by)s, %(now)s, %(shadow_run)s)
            on conflict (kind, equipment_id, source,
                         coalesce(shadow_run, '00000000-0000-0000-0000-000000000000'))
                where lifted_at is null do nothing
            returning id
            """,
            {
                "id": new_uuid(),
                "kind": kind,
                "equipment_id": equipment_id,
                "source": source,
                "reason": reason,
                "by": by,
                "now": now,
                "shadow_run": shadow_run,
            },
        )
        placed = await cur.fetchone() is not None
    if placed:
        await _tell_board_changed(conn, kind, equipment_id, shadow_run, now)
    return placed


async def lift_lockout(
    conn: AsyncConnection[Any],
    *,
    kind: EquipmentKind,
    equipment_id: str,
    source: Source,
    by: str,
    now: datetime,
    shadow_run: UUID | None = None,
) -> bool:
    """Lift one source's lockout; the lockouts of other sources stay.

    Returns:
        Whether one stood.
    """
    lifted = await conn.execute(
        """
        update facility.lockout set lifted_at = %(now)s, lifted_by = %(by)s
        where kind = %(kind)s and equipment_id = %(equipment_id)s and source = %(source)s
          and lifted_at is null and shadow_run is not distinct from %(shadow_run)s
        """,
        {
            "kind": kind,
            "equipment_id": equipment_id,
            "source": source,
            "by": by,
            "now": now,
            "shadow_run": shadow_run,
        },
    )
    if lifted.rowcount:
        await _tell_board_changed(conn, kind, equipment_id, shadow_run, now)
    return bool(lifted.rowcount)


async def _tell_board_changed(
    conn: AsyncConnection[Any], kind: EquipmentKind, equipment_id: str, shadow_run: UUID | None, now: datetime
) -> None:
    detail = {"kind": kind, "shadow": shadow_run is not None}
    await write_fact(conn, "board.changed", equipment_id, detail, now=now)
    await conn.execute(
        "select pg_notify('board', %(payload)s)", {"payload": f"{EquipmentKind(kind).value}/{equipment_id}"}
    )


async def read_lockouts(conn: AsyncConnection[Any], *, shadow_run: UUID | None = None) -> tuple[Lockout, ...]:
    """The lockouts that stand on the real board, or on a drill's shadow board."""
    async with conn.cursor(row_factory=class_row(Lockout)) as cur:
        await cur.execute(
            """
            select id, kind, equipment_id, source, reason, placed_by, placed_at, lifted_by, lifted_at, shadow_run
            from facility.lockout
            where lifted_at is null and shadow_run is not distinct from %(shadow_run)s
            order by placed_at, id
            """,
            {"shadow_run": shadow_run},
        )
        return tuple(await cur.fetchall())


async def report_status(
    conn: AsyncConnection[Any], kind: EquipmentKind, equipment_id: str, status: str, *, now: datetime
) -> None:
    """Keep what a piece of equipment reported of itself; an older report never replaces a newer one."""
    await conn.execute(
        """
        insert into facility.equipment_status (kind, equipment_id, status, reported_at)
        values (%(kind)s, %(equipment_id)s, %(status)s, %(now)s)
        on conflict (kind, equipment_id) do update
        set status = excluded.status, reported_at = excluded.reported_at
        where facility.equipment_status.reported_at <= excluded.reported_at
        """,
        {"kind": kind, "equipment_id": equipment_id, "status": status, "now": now},
    )


async def read_statuses(conn: AsyncConnection[Any]) -> tuple[Status, ...]:
    """What every piece of equipment last reported."""
    async with conn.cursor(row_factory=class_row(Status)) as cur:
        await cur.execute("select kind, equipment_id, status, reported_at from facility.equipment_status")
        return tuple(await cur.fetchall())


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
