"""The conversion plan as values: openings, components, tasks, crews, tiers, drills.

A plan is a template; a run pins one published version of it. Everything here is immutable and without I/O; the
file form lives in `plan_file`. Durations are whole minutes of elapsed work for the whole quantity with the crew shown.
Every figure carries its sources: codes of `Plan.sources`, where `A` marks an engineering assumption and `M` a
recollection not re-read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from wartime_conversion.rules.drill_profile import Drill, DrillProfile, Inject, Signal, SirenTimetable


class LinkKind(StrEnum):
    """How two tasks are tied: finish-start, start-start, finish-finish."""

    FS = "FS"
    SS = "SS"
    FF = "FF"


class Durations(StrEnum):
    """Which of a task's three durations a calculation uses."""

    OPTIMISTIC = "optimistic"
    LIKELY = "likely"
    PESSIMISTIC = "pessimistic"


class ValueKind(StrEnum):
    """What a signer enters to show that a task meets its acceptance."""

    NUMBER = "number"
    COUNT = "count"
    TIME = "time"
    TEXT = "text"
    CONFIRM = "confirm"


class RunRole(StrEnum):
    """Roles of a run; people take them by name, with stand-ins."""

    COMMANDER = "commander"
    LEADER = "leader"
    SAFETY = "safety"
    INSPECTOR = "inspector"
    STOREKEEPER = "storekeeper"
    RECORDER = "recorder"
    EVALUATOR = "evaluator"


class Effect(StrEnum):
    """What accepting a task does on the equipment board and the bays (a drill moves the shadow board)."""

    ENTRY_GATES_REFUSE = "entry_gates_refuse"
    CHARGERS_OUT = "chargers_out"
    SUPPLY_TO_ZERO = "supply_to_zero"
    BAYS_CLEAR = "bays_clear"
    BAYS_TO_STORAGE = "bays_to_storage"
    STORAGE_EMPTY = "storage_empty"
    CHARGERS_BACK = "chargers_back"
    GATES_ADMIT = "gates_admit"
    BAYS_TO_PARKING = "bays_to_parking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One line of a register: an id with its Chinese and English name.

    `capacity` counts persons (crews) or pieces (equipment) and is `None` where the register has none; `unit` is empty
    where nothing is counted.
    """

    id: str
    zh: str
    en: str
    capacity: int | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Optimistic, likely and pessimistic duration in whole minutes."""

    optimistic_min: int
    likely_min: int
    pessimistic_min: int

    def of(self, durations: Durations) -> int:
        """The duration in minutes that `durations` names."""
        if durations is Durations.OPTIMISTIC:
            return self.optimistic_min
        return self.likely_min if durations is Durations.LIKELY else self.pessimistic_min


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A need of a task: `task_id` is the predecessor; `lag_min` whole minutes, may be negative."""

    task_id: str
    kind: LinkKind
    lag_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceValue:
    """One value the signer enters, with its bounds.

    `least` and `most` are inclusive, in `unit`, `None` where that side is open. `CONFIRM` takes yes or no and only yes
    passes; `TEXT` must not be empty; `TIME` is a moment and carries no bounds.
    """

    id: str
    zh: str
    en: str
    kind: ValueKind
    unit: str = ""
    least: float | None = None
    most: float | None = None
    source: str = ""

    def is_met(self, value: float | str | bool) -> bool:
        """Whether an entered value passes; a value of the wrong kind does not."""
        if self.kind is ValueKind.CONFIRM:
            return value is True
        if self.kind in (ValueKind.TEXT, ValueKind.TIME):
            return isinstance(value, str) and bool(value.strip())
        if isinstance(value, bool | str) or (self.kind is ValueKind.COUNT and value != int(value)):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A unit of work.

    `crew` and `equipment` map register ids to numbers wanted at once; `materials` to quantities in their unit.
    `lead_crew` is the crew whose leader answers for the task (`None`: an external wait without a crew).
    `sign_role` signs; where `two_person` is set a different account counter-signs, and where `hold_point` is set
    nothing behind it starts before `hold_role` has released it.
    """

    id: str
    tier: str
    zone: str
    name_zh: str
    name_en: str
    quantity: int
    unit: str
    spread: Spread
    links: tuple[Link, ...]
    crew: Mapping[str, int]
    equipment: Mapping[str, int]
    materials: Mapping[str, int]
    acceptance_zh: str
    acceptance_en: str
    acceptance: tuple[AcceptanceValue, ...]
    hazards: tuple[str, ...]
    evidence: tuple[str, ...]
    hold_point: bool
    two_person: bool
    sign_role: RunRole
    hold_role: RunRole | None
    effects: tuple[Effect, ...]
    drill: Drill
    sources: tuple[str, ...]

    @property
    def lead_crew(self) -> str | None:
        """The crew with most people on the task, the first named of equals."""
        return max(self.crew, key=lambda crew: self.crew[crew]) if self.crew else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Daily working time: `hours_per_day` from `starts_at_min` minutes after midnight, Asia/Shanghai."""

    hours_per_day: int
    starts_at_min: int

    @property
    def is_round_the_clock(self) -> bool:
        """Whether work never stops."""
        return self.hours_per_day == 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A stage of conversion.

    `limit_days` is `None` where no limit is known; `limit_source` says where the limit comes from and
    `limit_confirmed` whether the owner has confirmed it (until then screens say *owner to confirm*). The clock starts
    when `clock_task` is done, `None` where the plan does not say.
    """

    id: str
    zh: str
    en: str
    limit_days: int | None
    limit_source: str
    limit_confirmed: bool
    calendar: Calendar
    calendar_text: str
    clock_text: str
    clock_task: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A line of the opening register; `closed_by` are the tasks that bring it into its wartime state.

    The Chinese of both states is empty where nobody translated it.
    """

    id: str
    zh: str
    en: str
    size_m: str
    peacetime: str
    wartime: str
    closed_by: tuple[str, ...]
    reopened_by: tuple[str, ...]
    measure: str
    zone: str
    peacetime_zh: str = ""
    wartime_zh: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A line of the component ledger: something stored in peace that closes `opening_id` in war.

    `quantity` pieces wanted; `condition` is `unknown` until an inspection says otherwise; `last_fitted` is the day it
    was last trial-fitted, `None` where that is not on record.
    """

    id: str
    opening_id: str
    zh: str
    en: str
    kind: str
    quantity: int
    stored_at: str
    condition: str
    last_fitted: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A recurring round of readiness: due every `every_days` days on `subject`."""

    id: str
    zh: str
    en: str
    subject: str
    every_days: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyOrder:
    """`first` must be accepted before `then` may start, whatever else changes in the plan."""

    id: str
    first: str
    then: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole plan version; registers keep the order of the file.

    `meta`, `facility_assumptions` and `checks` are kept as read: they inform people and tests, no rule depends on them.
    """

    title_zh: str
    title_en: str
    version: str
    meta: Mapping[str, object]
    sources: Mapping[str, str]
    facility_assumptions: Mapping[str, object]
    tiers: tuple[Tier, ...]
    zones: tuple[Named, ...]
    crews: tuple[Named, ...]
    equipment: tuple[Named, ...]
    materials: tuple[Named, ...]
    hazards: tuple[Named, ...]
    openings: tuple[Opening, ...]
    components: tuple[Component, ...]
    inspections: tuple[Inspection, ...]
    safety_orders: tuple[SafetyOrder, ...]
    tasks: tuple[Task, ...]
    restore_tasks: tuple[Task, ...]
    signals: tuple[Signal, ...]
    timetables: tuple[SirenTimetable, ...]
    siren_source: str
    drill_profiles: tuple[DrillProfile, ...]
    injects: tuple[Inject, ...]
    checks: Mapping[str, object]

    @property
    def all_tasks(self) -> tuple[Task, ...]:
        """Tasks of conversion and of restoration."""
        return self.tasks + self.restore_tasks

    def task(self, task_id: str) -> Task:
        """The task of that id; raises `KeyError` where the plan has none."""
        for task in self.all_tasks:
            if task.id == task_id:
                return task
        raise KeyError(task_id)

    def tasks_of(self, tier_ids: Iterable[str]) -> tuple[Task, ...]:
        """The tasks of some tiers, in file order."""
        wanted = set(tier_ids)
        return tuple(task for task in self.all_tasks if task.tier in wanted)

    @property
    def capacities(self) -> dict[str, int]:
        """Crew and equipment capacities under keys `crew.ID` and `equipment.ID`.

        The two registers share ids in no plan seen so far, but nothing forbids it, so the key names the register.
        """
        crews = {f"crew.{row.id}": row.capacity for row in self.crews}
        pieces = {f"equipment.{row.id}": row.capacity for row in self.equipment}
        return {key: capacity for key, capacity in (crews | pieces).items() if capacity is not None}


def drill_tasks(plan: Plan, profile: DrillProfile) -> tuple[Task, ...]:
    """The tasks a drill profile covers, in plan order.

    A profile that goes by drill mode covers the forward tasks only: restoration has drills of its own.
    """
    if profile.modes:
        return tuple(task for task in plan.tasks if task.drill.mode in profile.modes)
    wanted = set(profile.task_ids)
    return tuple(task for task in plan.all_tasks if task.id in wanted)
