"""What a run does to the building: lockouts on the equipment board and the use of bays, and nothing else.

A drill moves its shadow board; bays, mode and real equipment stay as they are.
"""

from datetime import datetime
from typing import Any

from facility.alarm_store import read_open_alarms
from facility.board import EquipmentKind, Source
from facility.board_store import lift_lockout, place_lockout, read_lockouts
from facility.errors import Conflict
from facility.layout import Site
from facility.store import write_bay_use
from wartime_conversion import record
from wartime_conversion.depot.store import count_pallets, delete_slot, read_slots
from wartime_conversion.rules.plan import Effect
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn, Run


class StockLeft(Conflict):
    """Bays cannot be given back while the depot's ledger holds goods."""

    code = "conversion.stock_left"


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
        if run.is_actual and effect in (Effect.STORAGE_EMPTY, Effect.BAYS_TO_PARKING):
            await _close_slots(conn)
        changed = await set_bays(conn, run, unit_bays(site), uses[effect], by=by, now=now)
    return {"effect": str(effect), "changed": changed, "board": "real" if run.is_actual else "shadow"}


async def _close_slots(conn: Conn) -> None:
    """Close the depot's slots.

    Raises:
        StockLeft: the ledger still holds goods; the task that carries the effect is refused before it comes to this.
    """
    pallets = await count_pallets(conn)
    if pallets:
        raise StockLeft(f"{pallets} pallets are still on the ledger", pallets=pallets)
    for slot in await read_slots(conn):
        await delete_slot(conn, slot.bay_id)


async def set_bays(conn: Conn, run: Run, bays: list[str], use: str, *, by: str, now: datetime) -> int:
    """Say what bays are for; a drill says it only in its record. Returns how many."""
    if run.is_actual:
        for bay in bays:
            await write_bay_use(conn, bay, use, by=by, now=now)
    return len(bays)


async def keep_entries_locked(conn: Conn, scene: Scene) -> int:
    """Place the entry gates' lockouts again that a fire signal lifted, once the signal is over; returns how many.

    Only an actual conversion under way wants them; the ways out are never placed again by themselves.
    """
    run = scene.run
    if not run.is_actual or run.purpose != "conversion":
        return 0
    held = {lock.equipment_id for lock in await read_lockouts(conn) if lock.source == Source.CONVERSION}
    if all(lane in held for _, lane in entry_lanes(scene.site)):
        return 0
    if any(alarm.kind == "fire" for alarm in await read_open_alarms(conn)):
        return 0
    placed = await _place(conn, run, entry_lanes(scene.site), Effect.ENTRY_GATES_REFUSE, "system", scene.now)
    scene.run = await record.append(
        conn, run, "entries.locked_again", by="system", now=scene.now, lanes=placed
    )
    return placed


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
