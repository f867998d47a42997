"""Rows of the occupancy forecast, its fits, and the site's calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """What is expected of one zone at one moment; bays."""

    zone_id: str
    horizon: str
    target_at: datetime
    made_at: datetime
    expected: float
    low: float
    high: float
    capacity: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterRow:
    """Mean share of capacity that was taken in one quarter hour."""

    zone_id: str
    begins_at: datetime
    share: float


async def read_quarters(
    conn: Conn, zones: list[str], since: datetime, until: datetime, *, least_minutes: int
) -> list[QuarterRow]:
    """The series of some zones by quarter hour; one with fewer minutes than `least_minutes` is a gap."""
    async with conn.cursor(row_factory=class_row(QuarterRow)) as cur:
        await cur.execute(
            """
            select zone_id, begins_at, occupied_minutes / minutes / capacity as share
            from parking.occupancy_rollup
            where step = 'quarter' and zone_id = any(%(zones)s) and begins_at >= %(since)s and begins_at < %(until)s
              and minutes >= %(least_minutes)s and capacity > 0
            """,
            {"zones": zones, "since": since, "until": until, "least_minutes": least_minutes},
        )
        return await cur.fetchall()


async def write_forecasts(conn: Conn, rows: Sequence[ForecastRow]) -> None:
    """Keep forecasts; a later one of the same target takes the place of the earlier."""
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            insert into parking.occupancy_forecast
                (zone_id, horizon, target_at, made_at, expected, low, high, capacity, method)
            values (%(zone_id)s, %(horizon)s, %(target_at)s, %(made_at)s, %(expected)s, %(low)s, %(high)s,
                    %(capacity)s, %(method)s)
            on conflict (zone_id, horizon, target_at) do update
            set made_at = excluded.made_at, expected = excluded.expected, low = excluded.low, high = excluded.high,
                capacity = excluded.capacity, method = excluded.method
            """,
            [
                {
                    "zone_id": row.zone_id,
                    "horizon": row.horizon,
                    "target_at": row.target_at,
                    "made_at": row.made_at,
                    "expected": row.expected,
                    "low": row.low,
                    "high": row.high,
                    "capacity": row.capacity,
                    "method": row.method,
                }
                for row in rows
            ],
        )


async def read_latest_forecasts(conn: Conn) -> list[ForecastRow]:
    """The newest forecast of each zone and horizon."""
    async with conn.cursor(row_factory=class_row(ForecastRow)) as cur:
        await cur.execute(
            """
            select distinct on (zone_id, horizon)
                   zone_id, horizon, target_at, made_at, expected, low, high, capacity, method
            from parking.occupancy_forecast order by zone_id, horizon, target_at desc
            """
        )
        return await cur.fetchall()


async def drop_forecasts(conn: Conn, *, before: datetime) -> int:
    """Forget forecasts of targets before a moment; returns how many."""
    return (
        await conn.execute(
            "delete from parking.occupancy_forecast where target_at < %(before)s", {"before": before}
        )
    ).rowcount


async def insert_fit(conn: Conn, *, fitted_at: datetime, method: str, rows: int, seconds: float) -> None:
    """Keep when and on how much history a forecast was fitted."""
    await conn.execute(
        """
        insert into parking.forecast_fit (fitted_at, method, history_rows, seconds)
        values (%(fitted_at)s, %(method)s, %(rows)s, %(seconds)s) on conflict do nothing
        """,
        {"fitted_at": fitted_at, "method": method, "rows": rows, "seconds": seconds},
    )


async def read_last_fit(conn: Conn) -> datetime | None:
    """When the forecast was last fitted."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select max(fitted_at) from parking.forecast_fit")
        row: datetime | None = await cur.fetchone()
        return row
