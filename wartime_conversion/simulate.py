"""How long a plan may take: p50, p80 and p95 over the spread of its tasks' durations.

Each sample draws every task's minutes from a beta-PERT distribution between optimistic and pessimistic with its mode at
likely, independently of the others, and schedules them in the order of the plan's own schedule. Same seed, same result.
Independence is an assumption that makes the spread narrower than one bad week would.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wartime_conversion.rules.plan import Plan, Spread, Task
from wartime_conversion.rules.schedule import critical_activities, makespan_of
from wartime_conversion.rules.schedule_events import EventScheduler
from wartime_conversion.rules.schedule_list import priority_order
from wartime_conversion.rules.schedule_plan import tasks_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the samples say, in minutes; `chance` is the share of samples within the limit, `None` without a limit.

    `criticality` is, by task, the share of samples in which it held up the end.
    """

    samples: int
    p50_min: int
    p80_min: int
    p95_min: int
    chance: float | None
    criticality: Mapping[str, float]


def _draw(spread: Spread, source: random.Random) -> int:
    """One duration, whole minutes (rounded)."""
    low, mode, high = spread.optimistic_min, spread.likely_min, spread.pessimistic_min
    if low == high:
        return low
    alpha = 1 + 4 * (mode - low) / (high - low)
    beta = 1 + 4 * (high - mode) / (high - low)
    return round(low + source.betavariate(alpha, beta) * (high - low))


def _percentile(rising: Sequence[int], share: float) -> int:
    """The least value that at least `share` of the samples do not pass."""
    return rising[max(0, -(-int(share * 1000) * len(rising) // 1000) - 1)]


def simulate(
    plan: Plan,
    tasks: Sequence[Task],
    starts: Mapping[str, int],
    *,
    samples: int = 400,
    seed: int = 1,
    limit_min: int | None = None,
    capacities: Mapping[str, int] | None = None,
) -> Outlook:
    """Sample the makespan of some tasks.

    Args:
        plan: the plan the tasks are of.
        tasks: what is to be done.
        starts: a schedule of them, any unit: it gives the order in which tasks compete for crews.
        samples: how many, at least 1.
        seed: of the draws.
        limit_min: a limit to give the chance of keeping, minutes.
        capacities: as `Plan.capacities`; the plan's where `None`.
    """
    source = random.Random(seed)
    held: dict[str, int] = {}
    totals = []
    for _ in range(samples):
        minutes = {task.id: _draw(task.spread, source) for task in tasks}
        problem = tasks_problem(tasks, minutes, capacities or plan.capacities, unit=1)
        order = priority_order(problem, [starts[name] for name in problem.names])
        found = EventScheduler(problem, horizon=1 << 60).starts(order) or []
        totals.append(makespan_of(problem, found))
        for i in critical_activities(problem, found):
            held[problem.names[i]] = held.get(problem.names[i], 0) + 1
    rising = sorted(totals)
    within = sum(1 for total in totals if limit_min is not None and total <= limit_min)
    return Outlook(
        samples=samples,
        p50_min=_percentile(rising, 0.5),
        p80_min=_percentile(rising, 0.8),
        p95_min=_percentile(rising, 0.95),
        chance=within / samples if limit_min is not None else None,
        criticality={name: count / samples for name, count in sorted(held.items())},
    )
