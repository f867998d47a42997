"""Rows of bays, zone counts and the occupancy series with its roll-ups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BayState:
    """What a bay's sensor last said, and whose car stands there where that is known."""

    bay_id: str
    zone_id: str
    is_occupied: bool
    stay_id: UUID | None
    changed_at: datetime
    heard_at: datetime
    is_simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCount:
    """Cars in a zone and the bays it has for parking."""

    zone_id: str
    occupied: int
    capacity: int
    changed_at: datetime

    @property
    def free(self) -> int:
        """Places left, never negative: a zone may hold more cars than bays."""
        return max(self.capacity - self.occupied, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """Occupied places of one zone over one step; `occupied` is `None` in a gap."""

    zone_id: str
    at: datetime
    occupied: float | None
    lowest: int | None
    highest: int | None
    capacity: int | None


async def prepare_bays(conn: Conn, bays: Sequence[tuple[str, str]], *, now: datetime) -> None:
    """Give every bay (id, zone) its first row, empty."""
    await conn.execute(
        """
        insert into parking.bay_state (bay_id, zone_id, is_occupied, changed_at, heard_at)
        select bay_id, zone_id, false, %(now)s, %(now)s
        from unnest(%(bays)s::text[], %(zones)s::text[]) as given (bay_id, zone_id)
        on conflict (bay_id) do update set zone_id = excluded.zone_id
        where parking.bay_state.zone_id <> excluded.zone_id
        """,
        {"bays": [bay for bay, _ in bays], "zones": [zone for _, zone in bays], "now": now},
    )


async def prepare_zone(conn: Conn, zone_id: str, *, capacity: int, now: datetime) -> None:
    """Give a zone its first count, or follow a change of the site file."""
    await conn.execute(
        """
        insert into parking.zone_count (zone_id, occupied, capacity, changed_at)
        values (%(zone_id)s, 0, %(capacity)s, %(now)s)
        on conflict (zone_id) do update set capacity = excluded.capacity
        """,
        {"zone_id": zone_id, "capacity": capacity, "now": now},
    )


async def lock_bay(conn: Conn, bay_id: str) -> BayState | None:
    """One bay's state, held until this unit of work ends."""
    async with conn.cursor(row_factory=class_row(BayState)) as cur:
        await cur.execute("select * from parking.bay_state where bay_id = %(id)s for update", {"id": bay_id})
        return await cur.fetchone()


async def read_bay_states(conn: Conn) -> list[BayState]:
    """Every bay's state."""
    async with conn.cursor(row_factory=class_row(BayState)) as cur:
        await cur.execute("select * from parking.bay_state order by bay_id")
        return await cur.fetchall()


async def find_bay_of_stay(conn: Conn, stay_id: UUID) -> BayState | None:
    """The bay in which a stay's car stands, where a sensor or a person said so."""
    async with conn.cursor(row_factory=class_row(BayState)) as cur:
        await cur.execute(
            """
            select * from parking.bay_state where stay_id = %(stay_id)s and is_occupied
            order by changed_at desc limit 1
            """,
            {"stay_id": stay_id},
        )
        return await cur.fetchone()


async def write_bay(
    conn: Conn, bay_id: str, *, is_occupied: bool, stay_id: UUID | None, now: datetime, is_simulated: bool
) -> None:
    """Keep what a bay's sensor says now; `changed_at` moves only when the bay filled or emptied."""
    await conn.execute(
        """
        update parking.bay_state
        set changed_at = case when is_occupied = %(is_occupied)s then changed_at else %(now)s end,
            is_occupied = %(is_occupied)s, stay_id = %(stay_id)s, heard_at = %(now)s,
            is_simulated = %(is_simulated)s
        where bay_id = %(bay_id)s
        """,
        {
            "bay_id": bay_id,
            "is_occupied": is_occupied,
            "stay_id": stay_id,
            "now": now,
            "is_simulated": is_simulated,
        },
    )


async def forget_stay_bay(conn: Conn, stay_id: UUID) -> list[str]:
    """Take a stay off its bay (the sensor still says whether the bay is occupied); returns the bays."""
    async with conn.cursor() as cur:
        await cur.execute(
            "update parking.bay_state set stay_id = null where stay_id = %(stay_id)s returning bay_id",
            {"stay_id": stay_id},
        )
        return [row[0] for row in await cur.fetchall()]


async def add_to_count(conn: Conn, zone_id: str, cars: int, *, now: datetime) -> ZoneCount | None:
    """Move a zone's count by so many cars, never below none; returns the count, `None` for an unknown zone."""
    async with conn.cursor(row_factory=class_row(ZoneCount)) as cur:
        await cur.execute(
            """
            update parking.zone_count
            set occupied = greatest(occupied + %(cars)s, 0), changed_at = %(now)s
            where zone_id = %(zone_id)s
            returning zone_id, occupied, capacity, changed_at
            """,
            {"zone_id": zone_id, "cars": cars, "now": now},
        )
        return await cur.fetchone()


async def lock_count(conn: Conn, zone_id: str) -> ZoneCount | None:
    """One zone's count, held until this unit of work ends."""
    async with conn.cursor(row_factory=class_row(ZoneCount)) as cur:
        await cur.execute(
            "select * from parking.zone_count where zone_id = %(id)s for update", {"id": zone_id}
        )
        return await cur.fetchone()


async def write_count(conn: Conn, zone_id: str, occupied: int, *, now: datetime) -> None:
    """Set a zone's count to a counted total."""
    await conn.execute(
        """
        update parking.zone_count set occupied = %(occupied)s, changed_at = %(now)s
        where zone_id = %(zone_id)s
        """,
        {"zone_id": zone_id, "occupied": occupied, "now": now},
    )


async def read_counts(conn: Conn) -> dict[str, ZoneCount]:
    """Every zone's count."""
    async with conn.cursor(row_factory=class_row(ZoneCount)) as cur:
        await cur.execute(
            "select zone_id, occupied, capacity, changed_at from parking.zone_count order by zone_id"
        )
        return {row.zone_id: row for row in await cur.fetchall()}


async def follow_bay_use(conn: Conn, *, now: datetime) -> list[ZoneCount]:
    """Let each zone's capacity follow the bays that are for parking; returns the zones that changed."""
    async with conn.cursor(row_factory=class_row(ZoneCount)) as cur:
        await cur.execute(
            """
            update parking.zone_count z set capacity = b.parking, changed_at = %(now)s
            from (
                select s.zone_id, count(*) filter (where coalesce(u.use, 'parking') = 'parking')::integer as parking
                from parking.bay_state s left join facility.bay_use u using (bay_id) group by s.zone_id
            ) b
            where b.zone_id = z.zone_id and z.capacity <> b.parking
            returning z.zone_id, z.occupied, z.capacity, z.changed_at
            """,
            {"now": now},
        )
        return await cur.fetchall()


async def sample_zones(conn: Conn, *, now: datetime) -> int:
    """Keep one sample of every zone; returns how many."""
    return (
        await conn.execute(
            """
            insert into parking.occupancy_sample (zone_id, sampled_at, occupied, capacity, cause)
            select zone_id, %(now)s, occupied, capacity, 'minute' from parking.zone_count
            """,
            {"now": now},
        )
    ).rowcount


async def insert_sample(conn: Conn, count: ZoneCount, *, cause: str) -> None:
    """Keep one sample of a zone whose count changed."""
    await conn.execute(
        """
        insert into parking.occupancy_sample (zone_id, sampled_at, occupied, capacity, cause)
        values (%(zone_id)s, %(at)s, %(occupied)s, %(capacity)s, %(cause)s)
        """,
        {
            "zone_id": count.zone_id,
            "at": count.changed_at,
            "occupied": count.occupied,
            "capacity": count.capacity,
            "cause": cause,
        },
    )


async def read_minutes(conn: Conn, since: datetime, until: datetime, zones: list[str]) -> list[SeriesPoint]:
    """The series by the minute; a minute without a sample has no row."""
    async with conn.cursor(row_factory=class_row(SeriesPoint)) as cur:
        await cur.execute(
            """
            select zone_id, date_bin('1 minute', sampled_at, 'epoch') as at,
                   avg(occupied)::double precision as occupied,
                   min(occupied) as lowest, max(occupied) as highest, max(capacity) as capacity
            from parking.occupancy_sample
            where zone_id = any(%(zones)s) and sampled_at >= %(since)s and sampled_at < %(until)s
            group by 1, 2 order by 1, 2
            """,
            {"zones": zones, "since": since, "until": until},
        )
        return await cur.fetchall()


async def read_rollup(
    conn: Conn, step: str, since: datetime, until: datetime, zones: list[str], *, least_minutes: int
) -> list[SeriesPoint]:
    """The series by quarter, hour or day; a step with fewer minutes than `least_minutes` has no row."""
    async with conn.cursor(row_factory=class_row(SeriesPoint)) as cur:
        await cur.execute(
            """
            select zone_id, begins_at as at, occupied_minutes / minutes as occupied, lowest, highest, capacity
            from parking.occupancy_rollup
            where step = %(step)s and zone_id = any(%(zones)s) and begins_at >= %(since)s and begins_at < %(until)s
              and minutes >= %(least_minutes)s
            order by zone_id, begins_at
            """,
            {"step": step, "zones": zones, "since": since, "until": until, "least_minutes": least_minutes},
        )
        return await cur.fetchall()
