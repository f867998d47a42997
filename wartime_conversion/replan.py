"""Plan the rest of a run anew from what has actually happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from facility.clock import Clock
from facility.errors import Invalid
from wartime_conversion.rules.plan import Durations, LinkKind, Task
from wartime_conversion.rules.schedule import Lag, Problem
from wartime_conversion.rules.schedule_list import list_scheduler, priority_order
from wartime_conversion.rules.schedule_plan import task_demands
from wartime_conversion.schedule_solve import solve


class HappeningUnusable(Invalid):
    """Something reported of a run that cannot be: a finish before its start, a start after now, an unknown task."""

    code = "happening_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What is known of one task of a running plan; moments are aware UTC.

    `finished_at` is `None` while it runs; `remaining_min` is the crew's own estimate of what is left, `None` where
    nobody gave one.
    """

    task_id: str
    started_at: datetime
    finished_at: datetime | None = None
    remaining_min: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The rest of a run as now foreseen; moments are aware UTC, tasks done keep their actual ones.

    `critical` are the tasks not yet done that hold up the end; `proved` says that no earlier end exists for these
    durations; `seconds` is what the planning took.
    """

    starts: Mapping[str, datetime]
    finishes: Mapping[str, datetime]
    critical: tuple[str, ...]
    finish_at: datetime
    proved: bool
    seconds: float


def _refuse_impossible(tasks: Mapping[str, Task], happenings: Sequence[Happening], now: datetime) -> None:
    for row in happenings:
        if row.task_id not in tasks:
            raise HappeningUnusable(f"no task {row.task_id} in what is planned", task=row.task_id)
        if row.started_at > now or (
            row.finished_at is not None and not row.started_at <= row.finished_at <= now
        ):
            raise HappeningUnusable(
                f"task {row.task_id}: started, finished and now are out of order", task=row.task_id
            )


def _remaining_min(task: Task, row: Happening, durations: Durations, now: datetime) -> int:
    """Minutes left of a running task: the crew's estimate, else the plan's minutes less those gone, at least 1."""
    if row.remaining_min is not None:
        return max(1, row.remaining_min)
    gone = (now - row.started_at) // timedelta(minutes=1)
    return max(1, task.spread.of(durations) - gone)


def _minute(moment: datetime, now: datetime) -> int:
    """Whole minutes from now, rounded up, so that nothing is planned too early."""
    return -((now - moment) // timedelta(minutes=1))


def _rest_problem(
    tasks: Sequence[Task],
    happened: Mapping[str, Happening],
    capacities: Mapping[str, int],
    durations: Durations,
    now: datetime,
) -> Problem:
    """The problem of what is not finished, in minutes from now; tasks under way are pinned to 0 with what is left.

    Where tasks under way together use more than a capacity, reality overrules it: the capacity counts as what they use.
    """
    rest = [task for task in tasks if task.id not in happened or happened[task.id].finished_at is None]
    position = {task.id: at for at, task in enumerate(rest)}
    minutes = [
        _remaining_min(task, happened[task.id], durations, now)
        if task.id in happened
        else task.spread.of(durations)
        for task in rest
    ]
    releases, lags = [0] * len(rest), []
    for at, task in enumerate(rest):
        if task.id in happened:
            continue
        for link in task.links:
            before = position.get(link.task_id)
            row = happened.get(link.task_id)
            tail = minutes[at] if link.kind is LinkKind.FF else 0
            if row is not None and (link.kind is LinkKind.SS or row.finished_at is not None):
                since = row.started_at if link.kind is LinkKind.SS else row.finished_at
                assert since is not None
                releases[at] = max(releases[at], _minute(since, now) + link.lag_min - tail)
            elif before is not None:
                lead = 0 if link.kind is LinkKind.SS else minutes[before]
                lags.append(Lag(before=before, after=at, units=lead + link.lag_min - tail))
    keys = list(capacities)
    running = [task for task in rest if task.id in happened]
    used = {key: sum(task_demands(task).get(key, 0) for task in running) for key in keys}
    return Problem(
        names=tuple(task.id for task in rest),
        durations=tuple(minutes),
        demands=tuple({keys.index(key): count for key, count in task_demands(task).items()} for task in rest),
        lags=tuple(lags),
        capacities=tuple(max(capacities[key], used[key]) for key in keys),
        resources=tuple(keys),
        releases=tuple(releases),
        pinned=frozenset(position[task.id] for task in running),
        unit_min=1,
    )


def _hint(problem: Problem, foreseen: Mapping[str, datetime], now: datetime) -> tuple[int, ...] | None:
    """A schedule that holds, in the order in which the tasks were last foreseen; `None` where nothing was."""
    if not foreseen:
        return None
    last = max(foreseen.values())
    keys = [(foreseen.get(name, last) - now).total_seconds() for name in problem.names]
    horizon = (
        sum(problem.durations)
        + max(problem.releases, default=0)
        + sum(max(0, lag.units) for lag in problem.lags)
    )
    try:
        found = list_scheduler(problem, horizon=horizon).starts(priority_order(problem, keys))
    except ValueError:  # no schedule can exist; the solver says so in its own words
        return None
    return None if found is None else tuple(found)


def replan(
    tasks: Sequence[Task],
    happenings: Sequence[Happening],
    *,
    capacities: Mapping[str, int],
    now: datetime,
    clock: Clock,
    durations: Durations = Durations.LIKELY,
    seconds: float = 1.5,
    workers: int = 1,
    foreseen: Mapping[str, datetime] | None = None,
) -> Forecast:
    """Foresee the rest of a run.

    Args:
        tasks: the run's tasks (`rules.schedule_run.run_tasks`); links to others are passed over.
        happenings: one for each task that has started.
        capacities: what there is now, as `Plan.capacities`.
        now: aware UTC.
        clock: for the time limit.
        durations: which durations the tasks not yet begun are given.
        seconds: wall-clock limit of the search.
        workers: cores to use; a second one costs the start of a process, which the rest of a run seldom repays.
        foreseen: starts as last foreseen, from which the search sets out; aware UTC.

    Raises:
        HappeningUnusable: a happening that cannot be.
        Unschedulable: no schedule can exist.
    """
    _refuse_impossible({task.id: task for task in tasks}, happenings, now)
    happened = {row.task_id: row for row in happenings}
    problem = _rest_problem(tasks, happened, capacities, durations, now)
    hint = _hint(problem, foreseen or {}, now)
    found = solve(problem, seconds=seconds, workers=workers, clock=clock, hint=hint)
    starts = {row.task_id: row.started_at for row in happenings}
    finishes = {row.task_id: row.finished_at for row in happenings if row.finished_at is not None}
    for name, start, minutes in zip(problem.names, found.starts, problem.durations, strict=True):
        starts.setdefault(name, now + timedelta(minutes=start))
        finishes[name] = now + timedelta(minutes=start + minutes)
    return Forecast(
        starts=starts,
        finishes=finishes,
        critical=tuple(problem.names[i] for i in found.critical),
        finish_at=max(finishes.values(), default=now),
        proved=found.proved,
        seconds=found.seconds,
    )
