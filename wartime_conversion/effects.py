"""What a run does to the building: lockouts on the equipment board and the use of bays, and nothing else.

A drill moves its shadow board; bays, mode and real equipment stay as they are.
"""

from datetime import datetime
from typing import Any

from facility.board import EquipmentKind, Source
from facility.layout import Site
from facility.store import lift_lockout, place_lockout, read_lockouts, write_bay_use
from wartime_conversion.rules.plan import Effect
from wartime_conversion.store import Conn, Run

Equipment = tuple[EquipmentKind, str]


def entry_lanes(site: Site) -> list[Equipment]:
    """The gates by which cars come into the protective unit; the ways out are never among them."""
    return [
        (EquipmentKind.LANE, lane.id)
        for lane in site.lanes.values()
        if lane.area == "basement" and lane.direction == "in"
    ]


def chargers(site: Site) -> list[Equipment]:
    """The EVSEs of the protective unit."""
    level = site.protective_unit.level
    return [
        (EquipmentKind.EVSE, evse.id) for evse in site.evses.values() if site.bays[evse.bay].level == level
    ]


def zones(site: Site) -> list[Equipment]:
    """The zones of the protective unit."""
    return [(EquipmentKind.ZONE, z.id) for z in site.zones.values() if z.level == site.protective_unit.level]


def unit_bays(site: Site) -> list[str]:
    """The bays of the protective unit."""
    return [bay.id for bay in site.bays.values() if bay.level == site.protective_unit.level]


async def apply(
    conn: Conn, site: Site, run: Run, effect: Effect, *, by: str, now: datetime
) -> dict[str, Any]:
    """Carry out one effect; carrying it out again changes nothing.

    Returns:
        What changed, for the record: `{"effect", "changed", "board": "real"|"shadow"}`.
    """
    placed = {
        Effect.ENTRY_GATES_REFUSE: entry_lanes,
        Effect.CHARGERS_OUT: chargers,
        Effect.SUPPLY_TO_ZERO: zones,
    }
    lifted = {
        Effect.CHARGERS_BACK: lambda place: chargers(place) + zones(place),
        Effect.GATES_ADMIT: entry_lanes,
    }
    uses = {
        Effect.BAYS_CLEAR: "clear",
        Effect.BAYS_TO_STORAGE: "storage",
        Effect.STORAGE_EMPTY: "clear",
        Effect.BAYS_TO_PARKING: "parking",
    }
    if effect in placed:
        changed = await _place(conn, run, placed[effect](site), effect, by, now)
    elif effect in lifted:
        changed = await _lift(conn, run, lifted[effect](site), by, now)
    else:
        changed = await set_bays(conn, run, unit_bays(site), uses[effect], by=by, now=now)
    return {"effect": str(effect), "changed": changed, "board": "real" if run.is_actual else "shadow"}


async def set_bays(conn: Conn, run: Run, bays: list[str], use: str, *, by: str, now: datetime) -> int:
    """Say what bays are for; a drill says it only in its record. Returns how many."""
    if run.is_actual:
        for bay in bays:
            await write_bay_use(conn, bay, use, by=by, now=now)
    return len(bays)


async def lift_all(conn: Conn, run: Run, *, by: str, now: datetime) -> int:
    """Lift every lockout that conversion placed; maintenance and safety keep theirs. Returns how many."""
    standing = await read_lockouts(conn, shadow_run=run.shadow)
    ours = [(lock.kind, lock.equipment_id) for lock in standing if lock.source == Source.CONVERSION]
    return await _lift(conn, run, ours, by, now)


async def _place(conn: Conn, run: Run, items: list[Equipment], effect: Effect, by: str, now: datetime) -> int:
    count = 0
    for kind, equipment_id in items:
        count += await place_lockout(
            conn,
            kind=kind,
            equipment_id=equipment_id,
            source=Source.CONVERSION,
            reason=f"{run.code}: {effect}",
            by=by,
            now=now,
            shadow_run=run.shadow,
        )
    return count


async def _lift(conn: Conn, run: Run, items: list[Equipment], by: str, now: datetime) -> int:
    count = 0
    for kind, equipment_id in items:
        count += await lift_lockout(
            conn,
            kind=kind,
            equipment_id=equipment_id,
            source=Source.CONVERSION,
            by=by,
            now=now,
            shadow_run=run.shadow,
        )
    return count
