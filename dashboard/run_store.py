"""What the screens read of conversion runs: views of the schema `report`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from dashboard.store import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A conversion or restoration, real or drilled. `paused` is how long drill time has stood still so far."""

    id: UUID
    code: str
    kind: str
    purpose: str
    state: str
    reason: str
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    plan_number: int
    tasks: int
    tasks_done: int
    tasks_holding: int
    paused: timedelta
    entries: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """A task of a run, as planned and as it stands."""

    code: str
    position: int
    tier: str
    zone: str
    zh: str
    en: str
    lead_crew: str | None
    crews: dict[str, int]
    duration_min: int
    needs: list[dict[str, Any]]
    openings: list[str]
    is_hold_point: bool
    is_two_person: bool
    hold_role: str | None
    state: str
    started_at: datetime | None
    reported_at: datetime | None
    finished_at: datetime | None
    is_overridden: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRow:
    """A stage of a run and its limit, `None` where no limit is known."""

    id: str
    zh: str
    en: str
    limit_s: int | None
    limit_source: str
    is_confirmed: bool
    clock_task: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewRow:
    """A crew of a run's plan."""

    id: str
    zh: str
    en: str
    persons: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An entry of a run's chained record."""

    number: int
    at: datetime
    kind: str
    task: str | None
    person: str


async def read_runs(conn: Conn, *, limit: int) -> list[RunRow]:
    """Runs: an actual one under way first, then drills under way, then the newest."""
    async with conn.cursor(row_factory=class_row(RunRow)) as cur:
        await cur.execute(
            """
            select id, code, kind, purpose, state, reason, started_at, started_by, ended_at, plan_number, tasks,
                   tasks_done, tasks_holding, paused, entries, head
            from report.conversion_run
            order by state <> 'running', kind <> 'actual', started_at desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()


async def read_cards(conn: Conn, run_id: UUID) -> list[CardRow]:
    """A run's tasks in plan order."""
    async with conn.cursor(row_factory=class_row(CardRow)) as cur:
        await cur.execute(
            """
            select code, position, tier, zone, zh, en, lead_crew, crews, duration_min, needs, openings,
                   is_hold_point, is_two_person, hold_role, state, started_at, reported_at, finished_at,
                   is_overridden, changed_at
            from report.conversion_task_card where run_id = %(run_id)s order by position
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def read_tiers(conn: Conn, run_id: UUID) -> list[TierRow]:
    """A run's stages in plan order."""
    async with conn.cursor(row_factory=class_row(TierRow)) as cur:
        await cur.execute(
            """
            select id, zh, en, limit_s, limit_source, is_confirmed, clock_task
            from report.conversion_tier where run_id = %(run_id)s order by position
            """,
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def read_crews(conn: Conn, run_id: UUID) -> list[CrewRow]:
    """The crews of a run's plan."""
    async with conn.cursor(row_factory=class_row(CrewRow)) as cur:
        await cur.execute(
            "select id, zh, en, persons from report.conversion_crew where run_id = %(run_id)s order by position",
            {"run_id": run_id},
        )
        return await cur.fetchall()


async def is_paused(conn: Conn, run_id: UUID) -> bool:
    """Whether drill time stands still now."""
    cur = await conn.execute(
        "select 1 from report.conversion_pause where run_id = %(run_id)s and resumed_at is null",
        {"run_id": run_id},
    )
    return await cur.fetchone() is not None


async def read_events(conn: Conn, run_id: UUID, *, limit: int) -> list[EventRow]:
    """The newest entries of a run's record, the newest first."""
    async with conn.cursor(row_factory=class_row(EventRow)) as cur:
        await cur.execute(
            """
            select number, at, kind, task, person from report.conversion_event
            where run_id = %(run_id)s order by number desc limit %(limit)s
            """,
            {"run_id": run_id, "limit": limit},
        )
        return await cur.fetchall()


async def count_cars_inside(conn: Conn, zones: list[str]) -> int:
    """Cars whose stay is open in some zones."""
    cur = await conn.execute(
        "select count(*) from report.stay_open where zone_id = any(%(zones)s)", {"zones": zones}
    )
    row = await cur.fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSpan:
    """A task as the scheduler last foresaw it, crews and machines levelled."""

    code: str
    starts_at: datetime
    ends_at: datetime
    is_critical: bool


async def read_forecast(conn: Conn, run_id: UUID, *, since: datetime) -> list[ForecastSpan]:
    """What the scheduler last foresaw of a run; empty where it has not since that moment."""
    async with conn.cursor(row_factory=class_row(ForecastSpan)) as cur:
        await cur.execute(
            """
            select t.code, t.starts_at, t.ends_at, t.is_critical
            from report.conversion_forecast_task t join report.conversion_forecast f on f.run_id = t.run_id
            where t.run_id = %(run_id)s and f.made_at >= %(since)s
            """,
            {"run_id": run_id, "since": since},
        )
        return await cur.fetchall()
