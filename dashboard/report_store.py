"""What the reports are made of: days of money, stays, energy and occupancy, and who did what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.rows import class_row

from dashboard.store import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueRow:
    """Money of one day for parking or charging, in whole fen."""

    day: date
    part: str
    amount_fen: int
    has_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StayDay:
    """Cars that left on one day, and how long they had stayed on average, in whole minutes."""

    day: date
    stays: int
    mean_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyDay:
    """Charging transactions that ended on one day."""

    day: date
    transactions: int
    delivered_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakDay:
    """The fullest hour of one day: cars in the whole building."""

    day: date
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """Who did what."""

    id: int
    at: datetime
    person_name: str
    act: str
    subject: str
    detail: dict[str, Any]


async def read_revenue(conn: Conn, *, since: datetime, until: datetime) -> list[RevenueRow]:
    """Money by local day and part, oldest first."""
    async with conn.cursor(row_factory=class_row(RevenueRow)) as cur:
        await cur.execute(
            """
            select (day at time zone 'Asia/Shanghai')::date as day, part, sum(amount_fen)::bigint as amount_fen,
                   bool_or(has_simulated) as has_simulated
            from report.revenue_day where day >= %(since)s and day < %(until)s
            group by 1, 2 order by 1, 2
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_stay_days(conn: Conn, *, since: datetime, until: datetime) -> list[StayDay]:
    """Cars that left, by local day, oldest first."""
    async with conn.cursor(row_factory=class_row(StayDay)) as cur:
        await cur.execute(
            """
            select (left_at at time zone 'Asia/Shanghai')::date as day, count(*)::integer as stays,
                   round(avg(extract(epoch from left_at - entered_at)) / 60)::integer as mean_minutes
            from report.stay_closed where left_at >= %(since)s and left_at < %(until)s
            group by 1 order by 1
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_energy_days(conn: Conn, *, since: datetime, until: datetime) -> list[EnergyDay]:
    """Energy delivered, by the local day on which the transaction ended, oldest first."""
    async with conn.cursor(row_factory=class_row(EnergyDay)) as cur:
        await cur.execute(
            """
            select (stopped_at at time zone 'Asia/Shanghai')::date as day, count(*)::integer as transactions,
                   coalesce(sum(delivered_wh), 0)::bigint as delivered_wh
            from report.charging_transaction where stopped_at >= %(since)s and stopped_at < %(until)s
            group by 1 order by 1
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_peak_days(conn: Conn, *, since: datetime, until: datetime) -> list[PeakDay]:
    """The fullest hour of each local day, oldest first."""
    async with conn.cursor(row_factory=class_row(PeakDay)) as cur:
        await cur.execute(
            """
            select day, max(occupied)::double precision as peak
            from (
                select (at at time zone 'Asia/Shanghai')::date as day, at, sum(occupied) as occupied
                from report.occupancy_hour where at >= %(since)s and at < %(until)s group by at
            ) as hours
            group by day order by day
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_audit(conn: Conn, *, limit: int) -> list[AuditRow]:
    """The newest acts first."""
    async with conn.cursor(row_factory=class_row(AuditRow)) as cur:
        await cur.execute(
            "select id, at, person_name, act, subject, detail from report.audit order by id desc limit %(limit)s",
            {"limit": limit},
        )
        return await cur.fetchall()
