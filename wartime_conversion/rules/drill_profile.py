"""Drill profiles, injects and siren timetables, as a plan carries them."""

from dataclasses import dataclass
from enum import StrEnum


class DrillMode(StrEnum):
    """What a drill does with a task: really do it, do a sample of it, or talk it through."""

    DO = "do"
    SAMPLE = "sample"
    SIMULATE = "simulate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What a drill does with a task, and for how many whole minutes."""

    mode: DrillMode
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A siren pattern: `repeats` times `on_s` seconds of sound and `off_s` of silence, `total_s` in all."""

    id: str
    zh: str
    on_s: int
    off_s: int
    repeats: int
    total_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a siren timetable, seconds from its start; `signal` is a signal id or `silence`."""

    signal: str
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SirenTimetable:
    """A day's siren programme: local wall-clock start and its segments in order."""

    id: str
    date_rule: str
    start_local: str
    end_local: str
    timezone: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """What a drill expects `at_s` seconds after its anchor; `expect_zh` is empty where nobody translated it."""

    at_s: int
    expect: str
    expect_zh: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillProfile:
    """A kind of drill: its tasks by name, or all tasks whose drill mode is in `modes`.

    `minutes` is the length planned, `minutes_per_task` replaces the tasks' own drill minutes where given,
    `anchor` names a siren timetable and `start_before_anchor_min` how long before it the drill starts.
    """

    id: str
    zh: str
    en: str
    minutes: int
    task_ids: tuple[str, ...]
    modes: tuple[DrillMode, ...]
    minutes_per_task: float | None
    anchor: str | None
    start_before_anchor_min: int | None
    expected_makespan_min: int | None
    milestones: tuple[Milestone, ...]
    scale: str
    repeat: str
    tasks_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """A scripted surprise in a drill: given at a task, or `at_min` minutes after the start (`None`: at the task)."""

    id: str
    zh: str
    en: str
    at_task: str
    at_min: int | None
    expect: str
    expect_zh: str = ""
