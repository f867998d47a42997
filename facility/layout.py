"""What the building is made of: levels, bays, lanes, cameras, EVSEs, supply limits, openings.

Lengths are metres on the plan of a level: x grows to the east (right), y to the south (down), the origin is
the north-west corner of the structure, the same on every level. Angles are degrees, clockwise on the drawing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from facility.ids import BayId, CameraId, EvseId, LaneId, LevelId, OpeningId, ZoneId
from facility.units import Watt

Area = Literal["basement", "upper"]
Direction = Literal["in", "out"]
Policy = Literal["open", "closed", "attendant"]
BayKind = Literal["standard", "accessible"]
RoomKind = Literal["room", "stair", "void", "plant", "outside"]
OpeningKind = Literal["vehicle", "door", "stair", "shaft", "valve", "small", "penetration", "drain"]
SourceKind = Literal["folder", "video", "rtsp", "push"]
LoopMoment = Literal["arrival", "passage"]
Current = Literal["ac", "dc"]
Phases = Literal["A", "B", "C", "ABC"]
Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One thing's name in the two languages of the screens."""

    zh: str
    en: str

    def said(self, language: Language) -> str:
        """The name in one language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place on the plan of a level."""

    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A rectangle parallel to the axes, by its north-west corner."""

    x_m: float
    y_m: float
    width_m: float
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A part of a level where no car stands."""

    id: str
    name: Words
    kind: RoomKind
    rect: Rect


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A ramp as drawn on one level.

    `up_deg` is the direction in which it climbs (0 east, 90 south, 180 west, 270 north).
    """

    id: str
    name: Words
    rect: Rect
    up_deg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aisle:
    """A driving aisle's centre line; cars drive on its right-hand side both ways."""

    start: Point
    end: Point
    width_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One storey that cars use. `outline` is a closed polygon without its first point repeated."""

    id: LevelId
    name: Words
    elevation_m: float
    clear_height_m: float
    outline: tuple[Point, ...]
    columns: tuple[Point, ...]
    column_size_m: float
    rooms: tuple[Room, ...]
    ramps: tuple[Ramp, ...]
    aisles: tuple[Aisle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area that is counted on its own; `capacity` is its number of bays."""

    id: ZoneId
    level: LevelId
    name: Words
    area: Area
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bay:
    """One parking space: a rectangle by its centre.

    At `angle_deg` 0 it opens to the south (greater y), at 180 to the north; `width_m` lies across the car,
    `depth_m` along it.
    """

    id: BayId
    zone: ZoneId
    level: LevelId
    row: str
    kind: BayKind
    x_m: float
    y_m: float
    width_m: float
    depth_m: float
    angle_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What a lane does by itself while something it needs is away."""

    database: Policy
    network: Policy
    camera: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusPlace:
    """Where a Modbus/TCP device answers; `unit` tells devices behind one gateway apart."""

    host: str
    port: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarrierWiring:
    """How a barrier hangs on a Modbus relay module: coils that move it, inputs that say how it stands.

    Addresses count from 0, as on the wire. Without `close_coil` the arm falls once `open_coil` is let go.
    """

    place: ModbusPlace
    open_coil: int
    close_coil: int | None
    loop_input: int
    up_input: int
    down_input: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardWiring:
    """Where a remaining-space board takes its numbers: one holding register a line from `first_register` on."""

    place: ModbusPlace
    first_register: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One path through one gate, used one way.

    `gate` is where the barrier stands, `angle_deg` the direction in which cars drive. `barrier` and `board` say how
    the real devices are reached; where one is `None` a simulated one stands in, and is shown as such.
    """

    id: LaneId
    name: Words
    level: LevelId
    area: Area
    ramp: str
    direction: Direction
    gate: Point
    angle_deg: float
    camera: CameraId
    fallback: Fallback
    barrier: BarrierWiring | None = None
    board: BoardWiring | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLine:
    """A segment drawn in a camera's picture, and a place on the side that is in.

    Places are fractions of the picture: x from the left, y from the top, 0 to 1.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    inside: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopWiring:
    """Two induction loops on a Modbus relay module: A (`arrival_input`) before the barrier, B (`exit_input`) behind it.

    `is_inverted` where an input is on while no car stands there. `said_at`: a car is said when it stands on A (a lane
    with a barrier), or when it has passed over both (a lane without one).
    """

    place: ModbusPlace
    arrival_input: int
    exit_input: int
    is_inverted: bool
    said_at: LoopMoment


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera and where its frames come from.

    `address` is a folder or file below the state directory, an RTSP address, or `None` for frames pushed
    over HTTP. `line` or `loops` say which way a car drives; both `None` where the plate's own way in the picture does.
    A camera that has given no sign for `silent_after_s` is away; `None`: silence says nothing.
    """

    id: CameraId
    lane: LaneId
    direction: Direction
    source: SourceKind
    address: str | None
    line: PictureLine | None = None
    loops: LoopWiring | None = None
    silent_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evse:
    """A unit that charges one car at a time, at a bay.

    `max_a` is the greatest current on each of its `phases` (220 V phase to neutral).
    """

    id: EvseId
    bay: BayId
    charger: str
    connector: int
    current: Current
    max_w: Watt
    max_a: int
    phases: Phases


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyLimit:
    """The greatest power that a group of EVSEs may be offered together; a limit may lie inside a `parent`."""

    id: str
    name: Words
    parent: str | None
    limit_w: Watt
    phase_voltage_v: int
    max_imbalance_a: int
    evses: tuple[EvseId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A place where the protective envelope is open in peacetime.

    `register` is its entry in the conversion plan, which may stand for several (`X1-X6`). `width_m` lies
    along the wall; `angle_deg` 0 means a wall that runs west to east. Sizes are `None` where the plan gives none.
    """

    id: OpeningId
    register: str
    kind: OpeningKind
    level: LevelId
    name: Words
    x_m: float
    y_m: float
    angle_deg: float
    width_m: float | None
    height_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectiveUnit:
    """The civil-defence work, i.e. what is converted; `partition` is the line between its blast units."""

    id: str
    name: Words
    level: LevelId
    area_m2: int
    blast_units: int
    floor_load_n_m2: int
    partition: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A figure of the site file that no drawing or deed has confirmed yet."""

    figure: str
    note: Words
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The building, read once at start; every part by its id, in the order of the file."""

    id: str
    name: Words
    is_demonstration: bool
    levels: Mapping[LevelId, Level]
    zones: Mapping[ZoneId, Zone]
    bays: Mapping[BayId, Bay]
    lanes: Mapping[LaneId, Lane]
    cameras: Mapping[CameraId, Camera]
    evses: Mapping[EvseId, Evse]
    supply_limits: Mapping[str, SupplyLimit]
    openings: Mapping[OpeningId, Opening]
    protective_unit: ProtectiveUnit
    assumptions: tuple[Assumption, ...]

    @property
    def capacity(self) -> int:
        """Bays in the whole building."""
        return len(self.bays)

    def bays_of(self, zone: ZoneId) -> tuple[Bay, ...]:
        """The bays of one zone, in the order of the file; none for an unknown zone."""
        return tuple(bay for bay in self.bays.values() if bay.zone == zone)

    def evse_at(self, bay: BayId) -> Evse | None:
        """The EVSE that serves a bay, or `None`."""
        return next((evse for evse in self.evses.values() if evse.bay == bay), None)
