"""The plan file as pydantic models: what a plan file may say, key by key.

Nothing here decides anything; `plan_file` turns these into `rules.plan` values and back. A key that is not named here
is an error, so that a misspelt key never passes in silence. Defaults are the values a file may leave out.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from wartime_conversion.rules.drill_profile import DrillMode
from wartime_conversion.rules.plan import Effect, LinkKind, RunRole, ValueKind

Count = Annotated[StrictInt, Field(ge=0)]
Minutes = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=40, pattern=r"^[^\s:]+$")]


class Strict(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Meta(Strict):
    """Head of the file."""

    title_zh: StrictStr = ""
    title_en: StrictStr = ""
    version: StrictStr = ""
    date: StrictStr = ""
    status: StrictStr = ""
    time_unit: StrictStr = ""
    provenance_rule: StrictStr = ""


class NamedEntry(Strict):
    """An entry of a register of names."""

    zh: StrictStr
    en: StrictStr


class CrewEntry(NamedEntry):
    """A crew and how many persons it has."""

    capacity_persons: Count


class EquipmentEntry(NamedEntry):
    """Equipment and how many pieces there are."""

    capacity: Count


class MaterialEntry(NamedEntry):
    """A material and its unit."""

    unit: StrictStr


class TierEntry(Strict):
    """A stage with its limit, calendar and clock."""

    id: Name
    zh: StrictStr
    en: StrictStr
    limit_days: Annotated[StrictInt, Field(gt=0)] | None
    limit_source: StrictStr = ""
    limit_confirmed: StrictBool = False
    calendar: StrictStr
    hours_per_day: Annotated[StrictInt, Field(ge=1, le=24)] | None = None
    starts_at: Annotated[StrictStr, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "08:00"
    clock: StrictStr = ""
    clock_task: Name | None = None


class OpeningEntry(Strict):
    """A line of the opening register."""

    id: Name
    zh: StrictStr
    en: StrictStr
    size_m: StrictStr
    peacetime: StrictStr
    wartime: StrictStr
    peacetime_zh: StrictStr = ""
    wartime_zh: StrictStr = ""
    closed_by: tuple[Name, ...] = ()
    reopened_by: tuple[Name, ...] = ()
    measure: StrictStr = ""
    zone: StrictStr = ""


class ComponentEntry(Strict):
    """A line of the component ledger."""

    id: Name
    opening: Name
    zh: StrictStr
    en: StrictStr
    kind: StrictStr
    quantity: Annotated[StrictInt, Field(gt=0)]
    stored_at: StrictStr = ""
    condition: StrictStr = "unknown"
    last_fitted: date | None = None
    source: StrictStr = "A"


class InspectionEntry(Strict):
    """A recurring inspection round."""

    id: Name
    zh: StrictStr
    en: StrictStr
    subject: StrictStr
    every_days: Annotated[StrictInt, Field(gt=0)]
    source: StrictStr = "A"


class SafetyOrderEntry(Strict):
    """An order of two tasks that must hold whatever else changes."""

    id: Name
    first: Name
    then: Name
    zh: StrictStr
    en: StrictStr


class DurationEntry(Strict):
    """Three durations; their order is checked by the lint, not by the reader."""

    optimistic: Minutes
    likely: Minutes
    pessimistic: Minutes


class LinkEntry(Strict):
    """A need of a task."""

    id: Name
    type: LinkKind = LinkKind.FS
    lag_min: Annotated[StrictInt, Field(ge=-100_000, le=100_000)] = 0


class ValueEntry(Strict):
    """A value to enter with its bounds."""

    id: Name
    zh: StrictStr
    en: StrictStr
    kind: ValueKind
    unit: StrictStr = ""
    least: StrictInt | float | None = None
    most: StrictInt | float | None = None
    source: StrictStr = ""

    @model_validator(mode="after")
    def bounds_fit(self) -> "ValueEntry":
        """Bounds only on numbers, and in order."""
        bounds = [bound for bound in (self.least, self.most) if bound is not None]
        if bounds and self.kind not in (ValueKind.NUMBER, ValueKind.COUNT):
            raise ValueError(f"a {self.kind} value takes no bounds")
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise ValueError("least is above most")
        return self


class DrillEntry(Strict):
    """What a drill does with a task."""

    mode: DrillMode
    minutes: Minutes


class TaskEntry(Strict):
    """A task."""

    id: Name
    tier: Name
    zone: StrictStr = ""
    name_zh: StrictStr = ""
    name_en: StrictStr = ""
    qty: Count = 1
    unit: StrictStr = ""
    duration_min: DurationEntry
    predecessors: tuple[LinkEntry, ...] = ()
    crew: dict[str, Annotated[StrictInt, Field(gt=0)]] = {}
    equipment: dict[str, Annotated[StrictInt, Field(gt=0)]] = {}
    materials: dict[str, Annotated[StrictInt, Field(gt=0)]] = {}
    acceptance_zh: StrictStr = ""
    acceptance_en: StrictStr = ""
    acceptance: tuple[ValueEntry, ...] | None = None
    hazards: tuple[Name, ...] = ()
    evidence: tuple[Name, ...] = ()
    hold_point: StrictBool = False
    two_person: StrictBool = False
    sign_role: RunRole | None = None
    hold_role: RunRole | None = None
    effects: tuple[Effect, ...] = ()
    drill: DrillEntry = DrillEntry(mode=DrillMode.SIMULATE, minutes=5)
    sources: tuple[StrictStr, ...] = ()


class SignalEntry(Strict):
    """A siren pattern."""

    zh: StrictStr
    on_s: Annotated[StrictInt, Field(gt=0)]
    off_s: Count
    repeats: Annotated[StrictInt, Field(gt=0)]
    total_s: Annotated[StrictInt, Field(gt=0)]

    @model_validator(mode="after")
    def adds_up(self) -> "SignalEntry":
        """The pattern fills its length."""
        if self.repeats * (self.on_s + self.off_s) != self.total_s:
            raise ValueError("repeats x (on_s + off_s) is not total_s")
        return self


class SegmentEntry(Strict):
    """A stretch of a siren timetable."""

    signal: Name
    start_s: Count
    end_s: Count


class TimetableEntry(Strict):
    """A day's siren programme."""

    date: StrictStr
    start_local: Annotated[StrictStr, Field(pattern=r"^\d\d:\d\d:\d\d$")]
    timezone: StrictStr
    segments: tuple[SegmentEntry, ...]
    end_local: Annotated[StrictStr, Field(pattern=r"^\d\d:\d\d:\d\d$")]


class MilestoneEntry(Strict):
    """What a drill expects at a moment."""

    at_s: StrictInt
    expect: StrictStr
    expect_zh: StrictStr = ""


class ProfileEntry(Strict):
    """A kind of drill."""

    id: Name
    zh: StrictStr
    en: StrictStr
    minutes: Annotated[StrictInt, Field(gt=0)]
    tasks: tuple[Name, ...] | StrictStr
    minutes_per_task: float | None = None
    anchor: Name | None = None
    start_before_anchor_min: Count | None = None
    expected_makespan_min: Count | None = None
    milestones: tuple[MilestoneEntry, ...] = ()
    scale: StrictStr = ""
    repeat: StrictStr = ""


class InjectEntry(Strict):
    """A scripted surprise."""

    id: Name
    zh: StrictStr
    en: StrictStr
    at_task: Name
    at_min: Count | None = None
    expect: StrictStr
    expect_zh: StrictStr = ""


class PlanEntry(Strict):
    """The whole file."""

    meta: Meta = Meta()
    sources: dict[str, StrictStr] = {}
    facility_assumptions: dict[str, object] = {}
    tiers: tuple[TierEntry, ...]
    zones: dict[str, NamedEntry] = {}
    crews: dict[str, CrewEntry] = {}
    equipment: dict[str, EquipmentEntry] = {}
    materials: dict[str, MaterialEntry] = {}
    hazards: dict[str, NamedEntry] = {}
    openings: tuple[OpeningEntry, ...] = ()
    components: tuple[ComponentEntry, ...] = ()
    inspections: tuple[InspectionEntry, ...] = ()
    safety_orders: tuple[SafetyOrderEntry, ...] = ()
    tasks: tuple[TaskEntry, ...]
    restore_tasks: tuple[TaskEntry, ...] = ()
    siren_signals: dict[str, SignalEntry | TimetableEntry | StrictStr] = {}
    drill_profiles: tuple[ProfileEntry, ...] = ()
    injects: tuple[InjectEntry, ...] = ()
    checks: dict[str, object] = {}
