"""What parking publishes about the cars inside; read only, through its report views."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row, scalar_row

from wartime_conversion.store import Conn


@dataclass(frozen=True, slots=True, kw_only=True)
class CarInside:
    """A car that has not left; `bay_id` is `None` where no sensor knows its place, `plate` where none was read.

    `owner` is whom to notify, `None` where parking knows nobody; `owner_relation` is `permit_holder` or `visitor_host`.
    """

    id: UUID
    plate: str | None
    plate_kind: str | None
    entered_at: datetime
    zone_id: str | None
    bay_id: str | None
    has_permit: bool
    owner: str | None
    owner_relation: str | None


async def count_cars_inside(conn: Conn, zones: list[str]) -> int:
    """Count the open stays of some zones."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select count(*) from report.stay_open where zone_id = any(%(zones)s)", {"zones": zones}
        )
        return int(await cur.fetchone() or 0)


async def count_counted_cars(conn: Conn, zones: list[str]) -> int:
    """Count the cars that the loops have counted into some zones, whether anybody knows them or not."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select coalesce(sum(occupied), 0) from report.zone_now where zone_id = any(%(zones)s)",
            {"zones": zones},
        )
        return int(await cur.fetchone() or 0)


async def read_cars_inside(conn: Conn, zones: list[str]) -> list[CarInside]:
    """Read the cars of some zones, electric ones first (they are cleared first), then by bay."""
    async with conn.cursor(row_factory=class_row(CarInside)) as cur:
        await cur.execute(
            """
            select s.id, s.plate, s.plate_kind, s.entered_at, s.zone_id, s.bay_id, s.has_permit, o.owner,
                   o.relation as owner_relation
            from report.stay_open s left join report.stay_owner o on o.stay_id = s.id
            where s.zone_id = any(%(zones)s)
            order by (plate_kind = 'green') desc nulls last, bay_id nulls last, entered_at
            """,
            {"zones": zones},
        )
        return await cur.fetchall()
