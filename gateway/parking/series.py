"""The occupancy series as a chart wants it: a step that fits the window, and gaps shown as gaps."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from facility.units import local
from gateway.parking import occupancy_store as rows

Conn = AsyncConnection[Any]

# Finest first. A chart gets the finest step with which a line keeps under 1,500 points (more than a screen is wide)
# and the whole chart under 4,500.
STEPS: tuple[tuple[str, timedelta], ...] = (
    ("minute", timedelta(minutes=1)),
    ("quarter", timedelta(minutes=15)),
    ("hour", timedelta(hours=1)),
    ("quarter_day", timedelta(hours=6)),
    ("day", timedelta(days=1)),
)
MOST_A_LINE, MOST_A_CHART = 1_500, 4_500
# A step is shown only where at least half of its minutes have a sample; else it is a gap.
LEAST_MINUTES = {"quarter": 8, "hour": 30, "quarter_day": 180, "day": 720}


def step_for(window: timedelta, zones: int = 1) -> tuple[str, timedelta]:
    """The step of a chart over a window of this length with so many lines."""
    for step, width in STEPS:
        points = window / width
        if points <= MOST_A_LINE and points * zones <= MOST_A_CHART:
            return step, width
    return STEPS[-1]


def begin_of_step(moment: datetime, step: str) -> datetime:
    """The last bound of a step at or before a moment (days are local, Asia/Shanghai, which has no daylight saving)."""
    if step in ("day", "quarter_day"):
        here = local(moment).replace(minute=0, second=0, microsecond=0)
        return here.replace(hour=0 if step == "day" else here.hour - here.hour % 6)
    whole = moment.replace(second=0, microsecond=0)
    if step == "quarter":
        return whole - timedelta(minutes=whole.minute % 15)
    return whole.replace(minute=0) if step == "hour" else whole


def fill_gaps(
    points: list[rows.SeriesPoint], zones: list[str], begins_at: datetime, until: datetime, width: timedelta
) -> list[rows.SeriesPoint]:
    """One point a zone and step of [begins_at, until); a step without a row gets a point without a value."""
    by_zone: dict[str, dict[datetime, rows.SeriesPoint]] = {zone: {} for zone in zones}
    for point in points:
        by_zone[point.zone_id][point.at] = point
    steps = -((begins_at - until) // width)
    if len(points) == steps * len(zones):
        return [point for zone in zones for point in by_zone[zone].values()]
    moments = [begins_at + width * step for step in range(steps)]
    return [
        by_zone[zone].get(moment)
        or rows.SeriesPoint(zone_id=zone, at=moment, occupied=None, lowest=None, highest=None, capacity=None)
        for zone in zones
        for moment in moments
    ]


async def read_series(
    conn: Conn, zones: list[str], since: datetime, until: datetime
) -> tuple[str, list[rows.SeriesPoint]]:
    """The step chosen and one point a zone and step, gaps included."""
    step, width = step_for(until - since, len(zones))
    begins_at = begin_of_step(since, step)
    if step == "minute":
        points = await rows.read_minutes(conn, begins_at, until, zones)
    else:
        points = await rows.read_rollup(
            conn, step, begins_at, until, zones, least_minutes=LEAST_MINUTES[step]
        )
    return step, fill_gaps(points, zones, begins_at, until, width)
