"""Rows of the site's calendar: the dates that do not behave like their weekday, and every change of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """A date that does not behave like its weekday."""

    day: date
    kind: str
    name: str
    set_by: str
    set_at: datetime


async def read_calendar_days(conn: Conn) -> list[CalendarDay]:
    """Every date that does not behave like its weekday."""
    async with conn.cursor(row_factory=class_row(CalendarDay)) as cur:
        await cur.execute("select day, kind, name, set_by, set_at from parking.calendar_day order by day")
        return await cur.fetchall()


async def read_calendar_days_as_of(conn: Conn, at: datetime) -> list[CalendarDay]:
    """Every date that did not behave like its weekday as the calendar stood at a moment."""
    async with conn.cursor(row_factory=class_row(CalendarDay)) as cur:
        await cur.execute(
            """
            select day, kind, name, set_by, set_at from (
                select distinct on (day) day, kind, name, set_by, set_at from parking.calendar_change
                where set_at <= %(at)s order by day, set_at desc, id desc
            ) stood where kind is not null order by day
            """,
            {"at": at},
        )
        return await cur.fetchall()


async def write_calendar_day(conn: Conn, row: CalendarDay) -> None:
    """Say what a date behaves like, and keep that it was said."""
    await conn.execute(
        """
        with said as (
            insert into parking.calendar_change (day, kind, name, set_by, set_at)
            values (%(day)s, %(kind)s, %(name)s, %(set_by)s, %(set_at)s)
            returning day, kind, name, set_by, set_at
        )
        insert into parking.calendar_day (day, kind, name, set_by, set_at) select * from said
        on conflict (day) do update
        set kind = excluded.kind, name = excluded.name, set_by = excluded.set_by, set_at = excluded.set_at
        """,
        {"day": row.day, "kind": row.kind, "name": row.name, "set_by": row.set_by, "set_at": row.set_at},
    )


async def delete_calendar_day(conn: Conn, day: date, *, by: str, now: datetime) -> bool:
    """Let a date behave like its weekday again, and keep that it was said; returns False where it did."""
    return (
        await conn.execute(
            """
            with gone as (delete from parking.calendar_day where day = %(day)s returning day, name)
            insert into parking.calendar_change (day, kind, name, set_by, set_at)
            select day, null, name, %(by)s, %(now)s from gone
            """,
            {"day": day, "by": by, "now": now},
        )
    ).rowcount == 1
