"""What the screens read of the garage: views of the schema `report`, and nothing else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeNow:
    """The mode in force."""

    mode: str
    changed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BayRow:
    """A bay as its sensor and its charger last told."""

    bay_id: str
    occupied: bool | None
    use: str
    changed_at: datetime | None
    heard_at: datetime | None
    is_simulated: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRow:
    """A zone's count."""

    zone_id: str
    occupied: int
    capacity: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """A lane, and the last car that stood in it."""

    lane_id: str
    is_closed: bool
    closed_reason: str | None
    is_open: bool
    camera_seen_at: datetime | None
    at: datetime | None
    plate: str | None
    confidence: float | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A plate read that waits for a person."""

    id: UUID
    lane_id: str
    at: datetime
    plate: str | None
    confidence: float | None
    outcome: str
    reason: str
    is_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """An alarm that is not cleared."""

    id: UUID
    kind: str
    subject: str
    severity: str
    detail: dict[str, Any]
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRow:
    """One car inside."""

    id: UUID
    plate: str | None
    plate_kind: str | None
    state: str
    entry_lane: str | None
    entered_at: datetime
    zone_id: str | None
    bay_id: str | None
    has_permit: bool
    is_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockoutRow:
    """A lockout that stands."""

    kind: str
    equipment_id: str
    source: str
    reason: str
    placed_by: str
    placed_at: datetime
    shadow_run: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyPoint:
    """A zone's count at a moment, or its mean over the step that begins there."""

    zone_id: str
    at: datetime
    occupied: float
    capacity: int


async def read_mode_now(conn: Conn) -> ModeNow | None:
    """The mode in force; `None` only before the first schema step."""
    async with conn.cursor(row_factory=class_row(ModeNow)) as cur:
        await cur.execute("select mode, changed_at, reason from report.mode_now")
        return await cur.fetchone()


async def read_bays(conn: Conn) -> list[BayRow]:
    """Every bay of which something is known; a bay set aside counts even where no sensor was heard."""
    async with conn.cursor(row_factory=class_row(BayRow)) as cur:
        await cur.execute(
            """
            select coalesce(s.bay_id, u.bay_id) as bay_id, s.occupied, coalesce(u.use, 'parking') as use,
                   s.changed_at, s.heard_at, s.is_simulated
            from report.bay_state s full join report.bay_use u on u.bay_id = s.bay_id
            """
        )
        return await cur.fetchall()


async def read_zones(conn: Conn) -> list[ZoneRow]:
    """The count of every zone."""
    async with conn.cursor(row_factory=class_row(ZoneRow)) as cur:
        await cur.execute(
            "select zone_id, occupied, capacity, changed_at from report.zone_now order by zone_id"
        )
        return await cur.fetchall()


async def read_lanes(conn: Conn) -> list[LaneRow]:
    """Every lane and its last car."""
    async with conn.cursor(row_factory=class_row(LaneRow)) as cur:
        await cur.execute(
            """
            select lane_id, is_closed, closed_reason, is_open, camera_seen_at, at, plate, confidence, outcome, reason
            from report.lane_now order by lane_id
            """
        )
        return await cur.fetchall()


async def read_reviews(conn: Conn, *, limit: int) -> list[ReviewRow]:
    """Reads that wait for a person, the oldest first."""
    async with conn.cursor(row_factory=class_row(ReviewRow)) as cur:
        await cur.execute(
            """
            select id, lane_id, at, plate, confidence, outcome, reason, is_simulated
            from report.plate_review order by at limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()


async def read_alarms(conn: Conn) -> list[AlarmRow]:
    """Alarms that are not cleared: the unseen before the seen, the gravest and oldest first."""
    async with conn.cursor(row_factory=class_row(AlarmRow)) as cur:
        await cur.execute(
            """
            select id, kind, subject, severity, detail, raised_at, acknowledged_at, acknowledged_by
            from report.alarm_open
            order by acknowledged_at is not null, array_position(array['critical', 'warning', 'info'], severity),
                     raised_at
            """
        )
        return await cur.fetchall()


async def read_stays(conn: Conn, *, limit: int) -> list[StayRow]:
    """Cars inside, the newest first."""
    async with conn.cursor(row_factory=class_row(StayRow)) as cur:
        await cur.execute(
            """
            select id, plate, plate_kind, state, entry_lane, entered_at, zone_id, bay_id, has_permit, is_simulated
            from report.stay_open order by entered_at desc limit %(limit)s
            """,
            {"limit": limit},
        )
        return await cur.fetchall()


async def read_stay_at(conn: Conn, bay_id: str) -> StayRow | None:
    """The car known to stand at a bay."""
    async with conn.cursor(row_factory=class_row(StayRow)) as cur:
        await cur.execute(
            """
            select id, plate, plate_kind, state, entry_lane, entered_at, zone_id, bay_id, has_permit, is_simulated
            from report.stay_open where bay_id = %(bay_id)s order by entered_at desc limit 1
            """,
            {"bay_id": bay_id},
        )
        return await cur.fetchone()


async def count_stays(conn: Conn) -> int:
    """Cars inside."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select count(*) from report.stay_open")
        row: int | None = await cur.fetchone()
    return row or 0


async def read_lockouts(conn: Conn) -> list[LockoutRow]:
    """Lockouts that stand, shadow ones of drills included."""
    async with conn.cursor(row_factory=class_row(LockoutRow)) as cur:
        await cur.execute(
            """
            select kind, equipment_id, source, reason, placed_by, placed_at, shadow_run
            from report.lockout_standing order by kind, equipment_id, source
            """
        )
        return await cur.fetchall()


async def read_occupancy_minutes(conn: Conn, *, since: datetime, until: datetime) -> list[OccupancyPoint]:
    """Samples of every zone between two moments, oldest first."""
    async with conn.cursor(row_factory=class_row(OccupancyPoint)) as cur:
        await cur.execute(
            """
            select zone_id, at, occupied, capacity from report.occupancy_minute
            where at >= %(since)s and at < %(until)s order by at
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_occupancy_quarters(conn: Conn, *, since: datetime, until: datetime) -> list[OccupancyPoint]:
    """Quarter-hour means of every zone between two moments, oldest first; half-measured ones are gaps."""
    async with conn.cursor(row_factory=class_row(OccupancyPoint)) as cur:
        await cur.execute(
            """
            select zone_id, at, occupied, capacity from report.occupancy_quarter
            where at >= %(since)s and at < %(until)s and minutes >= 8 order by at
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_occupancy_hours(conn: Conn, *, since: datetime, until: datetime) -> list[OccupancyPoint]:
    """Hourly means of every zone between two moments, oldest first; half-measured ones are gaps."""
    async with conn.cursor(row_factory=class_row(OccupancyPoint)) as cur:
        await cur.execute(
            """
            select zone_id, at, occupied, capacity from report.occupancy_hour
            where at >= %(since)s and at < %(until)s and minutes >= 30 order by at
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_occupancy_quarter_days(
    conn: Conn, *, since: datetime, until: datetime
) -> list[OccupancyPoint]:
    """Means over six hours from local midnight of every zone, oldest first; half-measured ones are gaps."""
    async with conn.cursor(row_factory=class_row(OccupancyPoint)) as cur:
        await cur.execute(
            """
            select zone_id, at, occupied, capacity from report.occupancy_quarter_day
            where at >= %(since)s and at < %(until)s and minutes >= 180 order by at
            """,
            {"since": since, "until": until},
        )
        return await cur.fetchall()


async def read_evse_statuses(conn: Conn) -> dict[str, str]:
    """What each EVSE last reported of itself, by its id."""
    async with conn.cursor() as cur:
        await cur.execute("select equipment_id, status from report.equipment_status where kind = 'evse'")
        return {str(evse): str(status) for evse, status in await cur.fetchall()}
