"""Schedule tiers of a plan within their working hours.

The best of many list schedules: in the order of the round-the-clock schedule, by latest start, and by latest start with
noise. It is proved shortest where it is as short as the critical path in the same hours, or as what is proven round
the clock; else only that bound is known.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facility.clock import Clock
from wartime_conversion.rules.plan import Durations, Plan
from wartime_conversion.rules.schedule_calendar import CalendarScheduler, Timed
from wartime_conversion.rules.schedule_list import priority_order
from wartime_conversion.rules.schedule_plan import capacity_key, plan_problem
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
    found = solve(problem, seconds=seconds / 2, workers=2, clock=clock, seed=seed)
    lower = max(path.end - path.begin, found.lower_bound * (problem.unit_min or 1))
    latest = problem.latest(problem.path_units)
    source = random.Random(seed)
    best = scheduler.schedule([names[i] for i in priority_order(problem, found.starts)])
    for attempt in range(_TRIES):
        if best.end - best.begin <= lower or clock.monotonic() - begin > seconds:
            break
        noise = problem.path_units * (attempt / _TRIES) / 2
        keys = [start + source.random() * noise for start in latest]
        trial = scheduler.schedule([names[i] for i in priority_order(problem, keys)])
        best = min(best, trial, key=lambda timed: timed.end - timed.begin)
    return HoursSchedule(timed=best, makespan_min=best.end - best.begin, lower_bound_min=lower)
