"""Free bays by level and free chargers, as drivers and boards are shown them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from facility.board import EquipmentKind, standing
from facility.board_store import read_lockouts, read_statuses
from facility.mode import Mode
from facility.site import Level, Site
from facility.store import read_mode
from gateway.parking import gifts_store, occupancy_store
from gateway.parking.rules.decision import is_area_converted

Conn = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFree:
    """What one level has left; `is_closed` while its area is converted."""

    level: Level
    free: int
    capacity: int
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePlaces:
    """The whole building at one moment."""

    levels: tuple[LevelFree, ...]
    chargers_free: int
    chargers: int
    counted_at: datetime | None
    mode: Mode


async def read_free_places(conn: Conn, site: Site, *, now: datetime) -> FreePlaces:
    """Free bays by level (less the places kept for drivers on the way) and chargers that would serve now."""
    counts = await occupancy_store.read_counts(conn)
    mode = (await read_mode(conn)).mode
    levels = []
    for level in site.levels.values():
        zones = [zone for zone in site.zones.values() if zone.level == level.id]
        here = [counts[zone.id] for zone in zones if zone.id in counts]
        kept = await gifts_store.count_places_kept(conn, {level.id}, now=now)
        is_closed = any(is_area_converted(mode, zone.area) for zone in zones)
        free = 0 if is_closed else max(sum(count.free for count in here) - kept, 0)
        capacity = sum(count.capacity for count in here)
        levels.append(LevelFree(level=level, free=free, capacity=capacity, is_closed=is_closed))
    return FreePlaces(
        levels=tuple(levels),
        chargers_free=await _free_chargers(conn, site),
        chargers=len(site.evses),
        counted_at=max((count.changed_at for count in counts.values()), default=None),
        mode=mode,
    )


async def _free_chargers(conn: Conn, site: Site) -> int:
    lockouts = await read_lockouts(conn)
    available = {
        status.equipment_id
        for status in await read_statuses(conn)
        if status.kind == EquipmentKind.EVSE and status.status.lower() == "available"
    }
    return sum(
        1 for evse in site.evses if evse in available and not standing(lockouts, EquipmentKind.EVSE, evse)
    )
