"""Rows of what was last foreseen of a run; the dashboard reads them through `report.conversion_forecast`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """The rest of a run as foreseen after an entry of its record; moments aware UTC."""

    run_id: UUID
    after_entry: int
    made_at: datetime
    finish_at: datetime
    is_proved: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastTask:
    """A task in a forecast; those done keep their actual moments."""

    run_id: UUID
    code: str
    starts_at: datetime
    ends_at: datetime
    is_critical: bool


async def read_forecast(conn: Conn, run_id: UUID) -> ForecastRow | None:
    """Read what was last foreseen of a run."""
    async with conn.cursor(row_factory=class_row(ForecastRow)) as cur:
        await cur.execute(
            """
            select run_id, after_entry, made_at, finish_at, is_proved, seconds
            from conversion.forecast where run_id = %(run_id)s
            """,
            {"run_id": run_id},
        )
        return await cur.fetchone()


async def read_forecast_tasks(conn: Conn, run_id: UUID) -> list[ForecastTask]:
    """Read the tasks of a run's forecast."""
    async with conn.cursor(row_factory=class_row(ForecastTask)) as cur:
        await cur.execute(
            """
            select run_id, code, starts_at, ends_at, is_critical
            from conversion.forecast_task where run_id = %(run_id)s
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def write_forecast(conn: Conn, row: ForecastRow, tasks: Sequence[ForecastTask]) -> None:
    """Keep a forecast in place of the one before; an older one never replaces a newer."""
    kept = await conn.execute(
        """
        insert into conversion.forecast (run_id, after_entry, made_at, finish_at, is_proved, seconds)
        values (%(run_id)s, %(after_entry)s, %(made_at)s, %(finish_at)s, %(is_proved)s, %(seconds)s)
        on conflict (run_id) do update
        set after_entry = excluded.after_entry, made_at = excluded.made_at, finish_at = excluded.finish_at,
            is_proved = excluded.is_proved, seconds = excluded.seconds
        where conversion.forecast.made_at <= excluded.made_at
        """,
        {name: getattr(row, name) for name in ForecastRow.__slots__},
    )
    if not kept.rowcount:
        return
    await conn.execute(
        "delete from conversion.forecast_task where run_id = %(run_id)s", {"run_id": row.run_id}
    )
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            insert into conversion.forecast_task (run_id, code, starts_at, ends_at, is_critical)
            values (%(run_id)s, %(code)s, %(starts_at)s, %(ends_at)s, %(is_critical)s)
            """,
            [{name: getattr(task, name) for name in ForecastTask.__slots__} for task in tasks],
        )
