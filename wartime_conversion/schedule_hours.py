"""Schedule tiers of a plan within their working hours.

The best of many list schedules: in the order of the round-the-clock schedule, by latest start, and by latest start with
noise. It is proved shortest where it is as short as the critical path in the same hours, or as what is proven round
the clock; where all tasks keep the same hours an exact model takes what time is left (`schedule_shift`). Else only a
bound is known.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facility.clock import Clock
from wartime_conversion.rules.plan import Calendar, Durations, Plan, Task
from wartime_conversion.rules.schedule_calendar import CalendarScheduler, Timed
from wartime_conversion.rules.schedule_list import priority_order
from wartime_conversion.rules.schedule_plan import capacity_key, plan_problem
from wartime_conversion.schedule_shift import solve_shift
from wartime_conversion.schedule_solve import solve

_TRIES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSchedule:
    """A schedule in working hours, minutes from midnight of the first day; `lower_bound_min` is proven."""

    timed: Timed
    makespan_min: int
    lower_bound_min: int

    @property
    def proved(self) -> bool:
        """Whether no shorter schedule exists in these hours."""
        return self.makespan_min == self.lower_bound_min


def schedule_hours(
    plan: Plan,
    tiers: Sequence[str],
    *,
    clock: Clock,
    durations: Durations = Durations.LIKELY,
    capacities: Mapping[str, int] | None = None,
    seconds: float = 5.0,
    seed: int = 1,
) -> HoursSchedule:
    """Schedule some tiers within their calendars; elapsed minutes count nights and hours off.

    Raises:
        ValueError: a tier or a capacity the plan does not have.
        Unschedulable: no schedule can exist.
    """
    begin = clock.monotonic()
    problem = plan_problem(plan, tiers=tiers, durations=durations, capacities=capacities)
    tasks = plan.tasks_of(tiers)
    changed = {capacity_key(plan, name): count for name, count in (capacities or {}).items()}
    scheduler = CalendarScheduler(
        tasks,
        {task.id: task.spread.of(durations) for task in tasks},
        plan.capacities | changed,
        {tier.id: tier.calendar for tier in plan.tiers},
    )
    names = problem.names
    path = scheduler.schedule([names[i] for i in problem.order], with_capacities=False)
    found = solve(problem, seconds=seconds / 4, workers=2, clock=clock, seed=seed)
    lower = max(path.end - path.begin, found.lower_bound * (problem.unit_min or 1))
    latest = problem.latest(problem.path_units)
    source = random.Random(seed)
    best = scheduler.schedule([names[i] for i in priority_order(problem, found.starts)])
    for attempt in range(_TRIES):
        if best.end - best.begin <= lower or clock.monotonic() - begin > seconds / 2:
            break
        noise = problem.path_units * (attempt / _TRIES) / 2
        keys = [start + source.random() * noise for start in latest]
        trial = scheduler.schedule([names[i] for i in priority_order(problem, keys)])
        best = min(best, trial, key=lambda timed: timed.end - timed.begin)
    calendar = _one_calendar(plan, tasks)
    left = seconds - (clock.monotonic() - begin)
    if calendar is not None and best.end - best.begin > lower and left > 0:
        capacities_now = plan.capacities | changed
        exact = solve_shift(
            tasks, scheduler.minutes, capacities_now, calendar, best, lower_min=lower, seconds=left
        )
        lower = exact.lower_bound_min
        if exact.timed is not None:
            # The order found goes through the list scheduler, which knows hours, links and capacities by itself.
            order = priority_order(problem, [exact.timed.starts[name] for name in names])
            trial = scheduler.schedule([names[i] for i in order])
            best = min(best, trial, key=lambda timed: timed.end - timed.begin)
    return HoursSchedule(timed=best, makespan_min=best.end - best.begin, lower_bound_min=lower)


def _one_calendar(plan: Plan, tasks: Sequence[Task]) -> Calendar | None:
    """The hours that all these tasks keep; `None` where they differ or run round the clock."""
    calendars = {tier.id: tier.calendar for tier in plan.tiers}
    found = {calendars[task.tier] for task in tasks}
    only = found.pop() if len(found) == 1 else None
    return None if only is None or only.is_round_the_clock else only
