"""Rows of the equipment board: lockouts and reported statuses.

Functions take a connection and never commit; the edge opens the unit of work.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from facility.board import EquipmentKind, Lockout, Source, Status
from facility.fact_store import write_fact
from facility.ids import new_uuid


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
