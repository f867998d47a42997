"""The after-action report as values: put together from recorded facts, nothing else.

Shaped after HSEEP: overview, objectives and scores, timeline, plan against actual, waits at hold points, refusals,
evidence, injects, improvement items. Minutes count from the run's start; moments are aware UTC.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wartime_conversion.rules.plan import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What is recorded of one task; `None` where it did not happen."""

    started_at: datetime | None
    reported_at: datetime | None
    finished_at: datetime | None
    is_overridden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One signed statement and what became of it: accepted, pending, concurrent or refused."""

    task: str | None
    act: str
    signer: str
    outcome: str
    reason: str
    received_at: datetime
    photos: int
    via: str = "screen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """An evaluator's grade of an objective: P performed, S with some challenges, M with major ones, U unable."""

    objective: str
    grade: str
    note: str
    evaluator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A line of the hot wash; improvements carry an owner and a date."""

    kind: str
    words: str
    owner: str
    due_on: date | None
    said_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedInject:
    """An inject of the drill and the decision taken; `is_as_expected` is `None` until somebody judged it."""

    code: str
    played_at: datetime | None
    decision: str
    decided_at: datetime | None
    is_as_expected: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A line of the timeline, from the chained record; `entered_by` is empty for what was not signed on paper."""

    number: int
    at: datetime
    kind: str
    task: str
    person: str
    entered_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the run was."""

    code: str
    kind: str
    purpose: str
    unit: str
    profile: str
    reason: str
    plan_title: str
    plan_number: int
    started_at: datetime
    ended_at: datetime | None
    paused: timedelta
    head: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """A task against its plan, minutes from the run's start.

    `late_min` is how much later than planned it was finished (negative: earlier), `hold_wait_min` how long a reported
    hold point waited for its release.
    """

    code: str
    name: str
    planned_start_min: int
    planned_end_min: int
    actual_start_min: int | None
    actual_end_min: int | None
    late_min: int | None
    hold_wait_min: int | None
    is_overridden: bool
    statements: int
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The whole report."""

    overview: Overview
    tasks: tuple[TaskLine, ...]
    done: int
    planned_min: int
    actual_min: int | None
    scores: tuple[Score, ...]
    grades: Mapping[str, int]
    timeline: tuple[Moment, ...]
    refusals: tuple[Statement, ...]
    concurrent: tuple[Statement, ...]
    injects: tuple[PlayedInject, ...]
    strengths: tuple[Remark, ...]
    improvements: tuple[Remark, ...]
    remarks: tuple[Remark, ...]

    @property
    def longest_waits(self) -> tuple[TaskLine, ...]:
        """Hold points by how long they waited, the longest first."""
        waited = [line for line in self.tasks if line.hold_wait_min is not None]
        return tuple(sorted(waited, key=lambda line: -(line.hold_wait_min or 0)))


def _minutes(moment: datetime | None, start: datetime) -> int | None:
    return None if moment is None else round((moment - start).total_seconds() / 60)


def _line(
    task: Task, planned: tuple[int, int], actual: Actual, start: datetime, statements: Sequence[Statement]
) -> TaskLine:
    end = _minutes(actual.finished_at, start)
    waited = None
    if task.hold_point and actual.reported_at and actual.finished_at:
        waited = round((actual.finished_at - actual.reported_at).total_seconds() / 60)
    return TaskLine(
        code=task.id,
        name=task.name_zh or task.name_en,
        planned_start_min=planned[0],
        planned_end_min=planned[1],
        actual_start_min=_minutes(actual.started_at, start),
        actual_end_min=end,
        late_min=None if end is None else end - planned[1],
        hold_wait_min=waited,
        is_overridden=actual.is_overridden,
        statements=len(statements),
        photos=sum(row.photos for row in statements),
    )


def review_run(
    overview: Overview,
    tasks: Sequence[Task],
    planned: Mapping[str, tuple[int, int]],
    actuals: Mapping[str, Actual],
    statements: Sequence[Statement],
    *,
    scores: Sequence[Score],
    injects: Sequence[PlayedInject],
    remarks: Sequence[Remark],
    timeline: Sequence[Moment],
) -> Review:
    """Put the report together.

    Args:
        overview: what the run was.
        tasks: the run's tasks, in plan order.
        planned: planned start and end in minutes from the start, by task.
        actuals: what is recorded, by task; every task of `tasks` must be there.
        statements: every signed statement of the run.
        scores: evaluators' grades.
        injects: the drill's injects.
        remarks: the hot wash.
        timeline: the chained record.
    """
    by_task: dict[str, list[Statement]] = {}
    for row in statements:
        if row.task is not None and row.outcome == "accepted":
            by_task.setdefault(row.task, []).append(row)
    lines = tuple(
        _line(task, planned[task.id], actuals[task.id], overview.started_at, by_task.get(task.id, ()))
        for task in tasks
    )
    ends = [line.actual_end_min for line in lines if line.actual_end_min is not None]

    def of_kind(kind: str) -> tuple[Remark, ...]:
        return tuple(row for row in remarks if row.kind == kind)

    return Review(
        overview=overview,
        tasks=lines,
        done=len(ends),
        planned_min=max((line.planned_end_min for line in lines), default=0),
        actual_min=max(ends, default=None),
        scores=tuple(scores),
        grades=dict(Counter(score.grade for score in scores)),
        timeline=tuple(timeline),
        refusals=tuple(row for row in statements if row.outcome == "refused"),
        concurrent=tuple(row for row in statements if row.outcome == "concurrent"),
        injects=tuple(injects),
        strengths=of_kind("strength"),
        improvements=of_kind("improvement"),
        remarks=of_kind("remark"),
    )
