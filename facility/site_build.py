"""How a site file expands into the site: rows into bays, runs into EVSEs, every reference checked."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from facility.camera_build import build_camera
from facility.ids import BayId, CameraId, EvseId, LaneId, LevelId, OpeningId, ZoneId
from facility.layout import (
    Aisle,
    Assumption,
    BarrierWiring,
    Bay,
    BoardWiring,
    Evse,
    Fallback,
    Lane,
    Level,
    ModbusPlace,
    Opening,
    Phases,
    Point,
    ProtectiveUnit,
    Ramp,
    Rect,
    Room,
    Site,
    SupplyLimit,
    Words,
    Zone,
)
from facility.site_file import (
    LanePart,
    LevelPart,
    ModbusPart,
    OpeningPart,
    ProtectiveUnitPart,
    RowPart,
    SiteFile,
    SupplyLimitPart,
    WordsPart,
    ZonePart,
)
from facility.units import Watt

Key = TypeVar("Key", bound=Hashable)
Part = TypeVar("Part")


def build_site(file: SiteFile) -> Site:
    """Expand a site file and check that its parts fit together.

    Raises:
        ValueError: an id is used twice or points to nothing, with the place named.
    """
    levels = _by_id("levels", (_level(part) for part in file.levels), lambda part: part.id)
    zone_levels = {
        ZoneId(part.id): LevelId(_known("zones", part.id, part.level, levels)) for part in file.zones
    }
    bays = _by_id("rows", _bays(file.rows, zone_levels), lambda bay: bay.id)
    zones = _by_id("zones", (_zone(part, bays) for part in file.zones), lambda zone: zone.id)
    lanes = _by_id("lanes", (_lane(part, levels) for part in file.lanes), lambda lane: lane.id)
    cameras = _by_id(
        "cameras", (build_camera(part, lanes) for part in file.cameras), lambda camera: camera.id
    )
    for lane in lanes.values():
        _known("lanes", lane.id, lane.camera, cameras)
    evses = _by_id("evses", _evses(file, bays), lambda evse: evse.id)
    limits = _by_id(
        "supply_limits", (_limit(part, evses) for part in file.supply_limits), lambda limit: limit.id
    )
    for limit in limits.values():
        if limit.parent is not None:
            _known("supply_limits", limit.id, limit.parent, limits)
    openings = (opening for part in file.openings for opening in _openings(part, levels))
    return Site(
        id=file.site,
        name=_words(file.name),
        is_demonstration=file.is_demonstration,
        levels=levels,
        zones=zones,
        bays=bays,
        lanes=lanes,
        cameras=cameras,
        evses=evses,
        supply_limits=limits,
        openings=_by_id("openings", openings, lambda opening: opening.id),
        protective_unit=_protective_unit(file.protective_unit, levels),
        assumptions=tuple(
            Assumption(figure=part.figure, note=_words(part.note), source=part.source)
            for part in file.assumptions
        ),
    )


def _by_id(place: str, parts: Iterable[Part], key: Callable[[Part], Key]) -> dict[Key, Part]:
    found: dict[Key, Part] = {}
    for part in parts:
        if key(part) in found:
            raise ValueError(f"{place}.{key(part)}: this id is used twice")
        found[key(part)] = part
    return found


def _known(place: str, owner: str, wanted: str, known: Iterable[str]) -> str:
    if wanted not in set(known):
        raise ValueError(f"{place}.{owner}: {wanted} is not in this file")
    return wanted


def _words(part: WordsPart) -> Words:
    return Words(zh=part.zh, en=part.en)


def _point(place: tuple[float, float]) -> Point:
    return Point(x_m=place[0], y_m=place[1])


def _rect(sides: tuple[float, float, float, float]) -> Rect:
    return Rect(x_m=sides[0], y_m=sides[1], width_m=sides[2], height_m=sides[3])


def _level(part: LevelPart) -> Level:
    return Level(
        id=LevelId(part.id),
        name=_words(part.name),
        elevation_m=part.elevation_m,
        clear_height_m=part.clear_height_m,
        outline=tuple(_point(place) for place in part.outline),
        columns=tuple(Point(x_m=x, y_m=y) for y in part.grid.y_m for x in part.grid.x_m),
        column_size_m=part.grid.size_m,
        rooms=tuple(
            Room(id=room.id, name=_words(room.name), kind=room.kind, rect=_rect(room.rect))
            for room in part.rooms
        ),
        ramps=tuple(
            Ramp(id=ramp.id, name=_words(ramp.name), rect=_rect(ramp.rect), up_deg=ramp.up_deg)
            for ramp in part.ramps
        ),
        aisles=tuple(
            Aisle(start=_point(aisle.start), end=_point(aisle.end), width_m=aisle.width_m)
            for aisle in part.aisles
        ),
    )


def _bays(rows: list[RowPart], zone_levels: dict[ZoneId, LevelId]) -> Iterable[Bay]:
    for row in rows:
        level = zone_levels[ZoneId(_known("rows", row.row, row.zone, zone_levels))]
        width_m = (row.module_m - 2 * row.column_margin_m) / row.bays_per_module
        for place in range(len(row.modules) * row.bays_per_module):
            module, side = row.modules[place // row.bays_per_module], place % row.bays_per_module
            west_m = module * row.module_m + row.column_margin_m + side * width_m
            yield Bay(
                id=BayId(f"{level}-{row.first_number + place:03d}"),
                zone=ZoneId(row.zone),
                level=level,
                row=row.row,
                kind=row.kind,
                x_m=round(west_m + width_m / 2, 3),
                y_m=row.y_m,
                width_m=round(width_m, 3),
                depth_m=row.depth_m,
                angle_deg=row.angle_deg,
            )


def _zone(part: ZonePart, bays: dict[BayId, Bay]) -> Zone:
    return Zone(
        id=ZoneId(part.id),
        level=LevelId(part.level),
        name=_words(part.name),
        area=part.area,
        capacity=sum(bay.zone == part.id for bay in bays.values()),
    )


def _lane(part: LanePart, levels: dict[LevelId, Level]) -> Lane:
    level = levels[LevelId(_known("lanes", part.id, part.level, levels))]
    _known("lanes", part.id, part.ramp, [ramp.id for ramp in level.ramps])
    return Lane(
        id=LaneId(part.id),
        name=_words(part.name),
        level=level.id,
        area=part.area,
        ramp=part.ramp,
        direction=part.direction,
        gate=_point(part.gate),
        angle_deg=part.angle_deg,
        camera=CameraId(part.camera),
        fallback=Fallback(
            database=part.fallback.database, network=part.fallback.network, camera=part.fallback.camera
        ),
        barrier=_barrier(part),
        board=_board(part),
    )


def _barrier(part: LanePart) -> BarrierWiring | None:
    if part.barrier is None:
        return None
    wired = part.barrier
    inputs = (wired.loop_input, wired.up_input, wired.down_input)
    if len(set(inputs)) < len(inputs) or wired.open_coil == wired.close_coil:
        raise ValueError(f"lanes.{part.id}.barrier: one address stands for two things")
    return BarrierWiring(
        place=_modbus(wired),
        open_coil=wired.open_coil,
        close_coil=wired.close_coil,
        loop_input=wired.loop_input,
        up_input=wired.up_input,
        down_input=wired.down_input,
    )


def _board(part: LanePart) -> BoardWiring | None:
    if part.board is None:
        return None
    if part.direction != "in":
        raise ValueError(f"lanes.{part.id}.board: only an entry has a board")
    return BoardWiring(place=_modbus(part.board), first_register=part.board.first_register)


def _modbus(part: ModbusPart) -> ModbusPlace:
    return ModbusPlace(host=part.host, port=part.port, unit=part.unit)


def _evses(file: SiteFile, bays: dict[BayId, Bay]) -> Iterable[Evse]:
    order = list(bays)
    rotation: list[Phases] = ["A", "B", "C"]
    for run in file.evses:
        first = order.index(BayId(_known("evses", str(run.first_number), run.first_bay, bays)))
        if first + run.count > len(order):
            raise ValueError(f"evses.{run.first_number}: {run.count} EVSEs run past the last bay")
        for step in range(run.count):
            number = run.first_number + step
            yield Evse(
                id=EvseId(f"E{number:02d}"),
                bay=order[first + step],
                charger=f"{file.charger_prefix}-E{number:02d}",
                connector=1,
                current=run.current,
                max_w=Watt(run.max_w),
                max_a=run.max_a,
                phases="ABC" if run.phases == 3 else rotation[(number - 1) % 3],
            )


def _limit(part: SupplyLimitPart, evses: dict[EvseId, Evse]) -> SupplyLimit:
    named = list(evses) if part.evses is None else part.evses
    return SupplyLimit(
        id=part.id,
        name=_words(part.name),
        parent=part.parent,
        limit_w=Watt(part.limit_w),
        phase_voltage_v=part.phase_voltage_v,
        max_imbalance_a=part.max_imbalance_a,
        evses=tuple(EvseId(_known("supply_limits", part.id, evse, evses)) for evse in named),
    )


def _openings(part: OpeningPart, levels: dict[LevelId, Level]) -> Iterable[Opening]:
    if (part.at is None) == (part.at_each is None):
        raise ValueError(f"openings.{part.id}: give either at or at_each")
    places = [part.at] if part.at is not None else part.at_each or []
    for step, place in enumerate(places):
        number = "" if part.at is not None else f"{part.first_number + step:0{part.digits}d}"
        yield Opening(
            id=OpeningId(f"{part.id}{number}"),
            register=part.register_id,
            kind=part.kind,
            level=LevelId(_known("openings", part.id, part.level, levels)),
            name=_words(part.name),
            x_m=place[0],
            y_m=place[1],
            angle_deg=part.angle_deg,
            width_m=part.width_m,
            height_m=part.height_m,
        )


def _protective_unit(part: ProtectiveUnitPart, levels: dict[LevelId, Level]) -> ProtectiveUnit:
    return ProtectiveUnit(
        id=part.id,
        name=_words(part.name),
        level=LevelId(_known("protective_unit", part.id, part.level, levels)),
        area_m2=part.area_m2,
        blast_units=part.blast_units,
        floor_load_n_m2=part.floor_load_n_m2,
        partition=tuple(_point(place) for place in part.partition),
    )
