"""The form of a site file: what may stand in it, checked as it is read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from facility.layout import (
    Area,
    BayKind,
    Current,
    Direction,
    LoopMoment,
    OpeningKind,
    Policy,
    RoomKind,
    SourceKind,
)

Metres = Annotated[float, Field(allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Place = tuple[Metres, Metres]
WireAddress = Annotated[int, Field(ge=0, le=65535)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Share = tuple[Fraction, Fraction]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WordsPart(_Part):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class RoomPart(_Part):
    id: str
    name: WordsPart
    kind: RoomKind
    rect: tuple[Metres, Metres, Length, Length]


class RampPart(_Part):
    id: str
    name: WordsPart
    rect: tuple[Metres, Metres, Length, Length]
    up_deg: int = Field(ge=0, lt=360)


class AislePart(_Part):
    start: Place
    end: Place
    width_m: Length


class GridPart(_Part):
    """Columns stand where the lines cross."""

    x_m: list[Metres]
    y_m: list[Metres]
    size_m: Length


class LevelPart(_Part):
    id: str
    name: WordsPart
    elevation_m: Metres
    clear_height_m: Length
    outline: list[Place] = Field(min_length=3)
    grid: GridPart
    rooms: list[RoomPart] = []
    ramps: list[RampPart] = []
    aisles: list[AislePart] = []


class ZonePart(_Part):
    id: str
    level: str
    name: WordsPart
    area: Area


class RowPart(_Part):
    """A row of bays: `modules` are fields of the column grid counted from the west, filled with bays."""

    row: str
    zone: str
    y_m: Metres
    angle_deg: float = Field(ge=0, lt=360)
    depth_m: Length
    first_number: int = Field(ge=1)
    modules: list[int]
    module_m: Length
    column_margin_m: float = Field(ge=0)
    bays_per_module: int = Field(ge=1)
    kind: BayKind = "standard"


class FallbackPart(_Part):
    database: Policy
    network: Policy
    camera: Policy


class ModbusPart(_Part):
    """A device that speaks Modbus/TCP."""

    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=255)


class BarrierPart(ModbusPart):
    """A barrier on a relay module; without `close_coil` its arm falls when `open_coil` is let go."""

    open_coil: WireAddress
    close_coil: WireAddress | None = None
    loop_input: WireAddress
    up_input: WireAddress
    down_input: WireAddress


class BoardPart(ModbusPart):
    """A board of numbers: one holding register a line."""

    first_register: WireAddress = 0


class LanePart(_Part):
    id: str
    name: WordsPart
    level: str
    area: Area
    ramp: str
    direction: Direction
    gate: Place
    angle_deg: float
    camera: str
    fallback: FallbackPart
    barrier: BarrierPart | None = None
    board: BoardPart | None = None


class LinePart(_Part):
    """A line in the picture; places are fractions of its width and height."""

    start: Share
    end: Share
    inside: Share


class LoopsPart(ModbusPart):
    """Loops A (`arrival_input`) and B (`exit_input`) on the inputs of a relay module."""

    arrival_input: WireAddress
    exit_input: WireAddress
    inverted: bool = False
    said_at: LoopMoment = "arrival"


class CameraPart(_Part):
    id: str
    source: SourceKind
    address: str | None = None
    line: LinePart | None = None
    loops: LoopsPart | None = None
    silent_after_s: float | None = Field(default=None, ge=5, allow_inf_nan=False)


class EvseRowPart(_Part):
    """A run of EVSEs numbered in order, one at each bay from `first_bay` on; single phases rotate A, B, C."""

    first_number: int = Field(ge=1)
    first_bay: str
    count: int = Field(ge=1)
    current: Current
    max_w: int = Field(gt=0)
    max_a: int = Field(gt=0)
    phases: int = Field(ge=1, le=3)


class SupplyLimitPart(_Part):
    id: str
    name: WordsPart
    parent: str | None = None
    limit_w: int = Field(gt=0)
    phase_voltage_v: int = Field(gt=0)
    max_imbalance_a: int = Field(gt=0)
    evses: list[str] | None = None


class OpeningPart(_Part):
    """One opening at `at`, or several of one entry, numbered, one at each of `at_each`."""

    id: str
    register_id: str
    kind: OpeningKind
    level: str
    name: WordsPart
    at: Place | None = None
    at_each: list[Place] | None = None
    digits: int = 1
    first_number: int = 1
    angle_deg: float = 0
    width_m: Length | None = None
    height_m: Length | None = None


class ProtectiveUnitPart(_Part):
    id: str
    name: WordsPart
    level: str
    area_m2: int = Field(gt=0)
    blast_units: int = Field(ge=1)
    floor_load_n_m2: int = Field(gt=0)
    partition: list[Place]


class AssumptionPart(_Part):
    figure: str
    note: WordsPart
    source: str


class SiteFile(_Part):
    """The whole file."""

    site: str
    name: WordsPart
    is_demonstration: bool = False
    charger_prefix: str
    levels: list[LevelPart]
    zones: list[ZonePart]
    rows: list[RowPart]
    lanes: list[LanePart]
    cameras: list[CameraPart]
    evses: list[EvseRowPart]
    supply_limits: list[SupplyLimitPart]
    openings: list[OpeningPart]
    protective_unit: ProtectiveUnitPart
    assumptions: list[AssumptionPart] = []
