"""The ways out: locked by command only, only when nobody and no car is inside, and free again the moment one is.

A run never locks a way out by itself. The fire signal lifts these lockouts like every gate lockout below *safety*.
"""

from facility.alarm_store import read_open_alarms
from facility.board import EquipmentKind, Source
from facility.board_store import lift_lockout, place_lockout, read_lockouts
from facility.errors import Refused
from facility.identity import Person
from facility.layout import Site
from wartime_conversion import record
from wartime_conversion.moves import SYSTEM
from wartime_conversion.parking_store import count_counted_cars
from wartime_conversion.scene import Scene
from wartime_conversion.store import Conn


class ExitsNotClear(Refused):
    """Somebody or something may still have to come out."""

    code = "conversion.exits_not_clear"


def exit_lanes(site: Site) -> list[str]:
    """The lanes by which cars leave the protective unit."""
    return [lane.id for lane in site.lanes.values() if lane.area == "basement" and lane.direction == "out"]


async def reasons_to_stay_open(conn: Conn, scene: Scene) -> list[str]:
    """Why the ways out must stay free; empty when they may be locked.

    An actual run looks at parking's open stays, at the loops' own count and at the fire signal; people must have been
    counted, and none found, in a drill as well.
    """
    reasons: list[str] = []
    if scene.run.people_inside is None:
        reasons.append("people not counted")
    elif scene.run.people_inside:
        reasons.append(f"people inside: {scene.run.people_inside}")
    if not scene.run.is_actual:
        return reasons
    if scene.cars_inside:
        reasons.append(f"cars inside: {scene.cars_inside}")
    zones = [
        str(zone.id) for zone in scene.site.zones.values() if zone.level == scene.site.protective_unit.level
    ]
    counted = await count_counted_cars(conn, zones)
    if counted:
        reasons.append(f"cars counted by the loops: {counted}")
    if any(alarm.kind == "fire" for alarm in await read_open_alarms(conn)):
        reasons.append("fire signal stands")
    return reasons


async def locked_exits(conn: Conn, scene: Scene) -> list[str]:
    """The ways out that conversion has locked, on the real board or the drill's own."""
    own = set(exit_lanes(scene.site))
    return [
        lock.equipment_id
        for lock in await read_lockouts(conn, shadow_run=scene.run.shadow)
        if lock.kind == EquipmentKind.LANE and lock.source == Source.CONVERSION and lock.equipment_id in own
    ]


async def lock_exits(conn: Conn, scene: Scene, reason: str, person: Person) -> int:
    """Lock the ways out by command; returns how many lanes.

    Raises:
        ExitsNotClear: people were not counted or are inside, cars are inside, or a fire signal stands.
    """
    reasons = await reasons_to_stay_open(conn, scene)
    if reasons:
        raise ExitsNotClear(f"the ways out stay free: {', '.join(reasons)}", bars=reasons)
    placed = 0
    for lane in exit_lanes(scene.site):
        placed += await place_lockout(
            conn, kind=EquipmentKind.LANE, equipment_id=lane, source=Source.CONVERSION,
            reason=f"{scene.run.code}: {reason}", by=person.name, now=scene.now, shadow_run=scene.run.shadow,
        )  # fmt: skip
    scene.run = await record.append(
        conn, scene.run, "exits.locked", by=person.name, now=scene.now, lanes=exit_lanes(scene.site),
        reason=reason, people_inside=scene.run.people_inside, cars_inside=scene.cars_inside,
        board="real" if scene.run.is_actual else "shadow",
    )  # fmt: skip
    return placed


async def free_exits(conn: Conn, scene: Scene, reason: str, by: str) -> int:
    """Let the ways out serve again; returns how many lanes were locked."""
    lanes = await locked_exits(conn, scene)
    for lane in lanes:
        await lift_lockout(
            conn, kind=EquipmentKind.LANE, equipment_id=lane, source=Source.CONVERSION, by=by, now=scene.now,
            shadow_run=scene.run.shadow,
        )  # fmt: skip
    if lanes:
        scene.run = await record.append(
            conn, scene.run, "exits.freed", by=by, now=scene.now, lanes=lanes, reason=reason
        )
    return len(lanes)


async def free_if_needed(conn: Conn, scene: Scene) -> int:
    """Free locked ways out as soon as somebody or a car is found inside after all; returns how many lanes."""
    if not await locked_exits(conn, scene):
        return 0
    reasons = await reasons_to_stay_open(conn, scene)
    return await free_exits(conn, scene, ", ".join(reasons), SYSTEM) if reasons else 0
