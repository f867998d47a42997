"""Rows by which each process says that it is alive."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """One process and when it was last seen."""

    name: str
    pid: int
    started_at: datetime
    seen_at: datetime
    detail: dict[str, Any]


async def write_beat(
    conn: AsyncConnection[Any],
    *,
    name: str,
    pid: int,
    started_at: datetime,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    """Say that a process is alive."""
    await conn.execute(
        """
        insert into facility.process (name, pid, started_at, seen_at, detail)
        values (%(name)s, %(pid)s, %(started_at)s, %(now)s, %(detail)s)
        on conflict (name) do update set pid = excluded.pid, started_at = excluded.started_at,
            seen_at = excluded.seen_at, detail = excluded.detail
        """,
        {"name": name, "pid": pid, "started_at": started_at, "now": now, "detail": Jsonb(detail)},
    )


def write_beat_sync(
    conn: Connection[Any], *, name: str, pid: int, started_at: datetime, now: datetime, detail: dict[str, Any]
) -> None:
    """Say that a process is alive, from a process without an event loop."""
    conn.execute(
        """
        insert into facility.process (name, pid, started_at, seen_at, detail)
        values (%(name)s, %(pid)s, %(started_at)s, %(now)s, %(detail)s)
        on conflict (name) do update set pid = excluded.pid, started_at = excluded.started_at,
            seen_at = excluded.seen_at, detail = excluded.detail
        """,
        {"name": name, "pid": pid, "started_at": started_at, "now": now, "detail": Jsonb(detail)},
    )


async def read_processes(conn: AsyncConnection[Any]) -> list[ProcessRow]:
    """Every process that ever said it was alive."""
    async with conn.cursor(row_factory=class_row(ProcessRow)) as cur:
        await cur.execute("select name, pid, started_at, seen_at, detail from facility.process order by name")
        return await cur.fetchall()
