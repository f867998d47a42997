"""From a plan to the problem a scheduler solves, and back to minutes."""

from collections.abc import Mapping, Sequence
from math import gcd

from wartime_conversion.rules.plan import Durations, LinkKind, Plan, Task
from wartime_conversion.rules.schedule import Lag, Problem


def capacity_key(plan: Plan, name: str) -> str:
    """The key in `Plan.capacities` of a crew or piece of equipment by id, with or without its register.

    Raises:
        ValueError: no register has it, or both do and the name does not say which.
    """
    found = [key for key in plan.capacities if name in (key, key.partition(".")[2])]
    if len(found) != 1:
        known = ", ".join(key.partition(".")[2] for key in plan.capacities)
        raise ValueError(f"{'no' if not found else 'more than one'} capacity named {name!r}; known: {known}")
    return found[0]


def task_demands(task: Task) -> dict[str, int]:
    """What a task uses, by key of `Plan.capacities`."""
    crews = {f"crew.{name}": count for name, count in task.crew.items()}
    return crews | {f"equipment.{name}": count for name, count in task.equipment.items()}


def _lag_minutes(kind: LinkKind, lag_min: int, before_min: int, after_min: int) -> int:
    if kind is LinkKind.SS:
        return lag_min
    return before_min + lag_min - (after_min if kind is LinkKind.FF else 0)


def tasks_problem(
    tasks: Sequence[Task],
    minutes: Mapping[str, int],
    capacities: Mapping[str, int],
    *,
    unit: int | None = None,
) -> Problem:
    """The problem of scheduling some tasks.

    Args:
        tasks: what to schedule; links to tasks outside are passed over.
        minutes: duration of each task.
        capacities: as `Plan.capacities`.
        unit: minutes a time unit stands for; must divide every duration and lag.

    Returns:
        The problem; where not given its unit is the greatest number of minutes that divides every duration and lag,
        so that nothing is rounded (5 or more for the plans we know).
    """
    position = {task.id: at for at, task in enumerate(tasks)}
    lags = [
        (
            position[link.task_id],
            at,
            _lag_minutes(link.kind, link.lag_min, minutes[link.task_id], minutes[task.id]),
        )
        for at, task in enumerate(tasks)
        for link in task.links
        if link.task_id in position
    ]
    unit = unit or gcd(*minutes.values(), *(units for _, _, units in lags)) or 1
    keys = list(capacities)
    return Problem(
        names=tuple(task.id for task in tasks),
        durations=tuple(minutes[task.id] // unit for task in tasks),
        demands=tuple(
            {keys.index(key): count for key, count in task_demands(task).items()} for task in tasks
        ),
        lags=tuple(Lag(before=before, after=after, units=units // unit) for before, after, units in lags),
        capacities=tuple(capacities.values()),
        resources=tuple(keys),
        unit_min=unit,
    )


def plan_problem(
    plan: Plan,
    *,
    tiers: Sequence[str],
    durations: Durations = Durations.LIKELY,
    capacities: Mapping[str, int] | None = None,
) -> Problem:
    """The problem of some tiers of a plan, worked round the clock.

    Args:
        plan: the plan; its references must hold (see `plan_check`).
        tiers: tier ids, joined into one problem; links to other tiers are passed over.
        durations: which of the three durations to use.
        capacities: changes to capacities, by the names `capacity_key` takes.

    Raises:
        ValueError: a tier or a capacity the plan does not have.
    """
    known = [tier.id for tier in plan.tiers]
    for tier in tiers:
        if tier not in known:
            raise ValueError(f"no tier {tier!r}; known: {', '.join(known)}")
    changed = {capacity_key(plan, name): count for name, count in (capacities or {}).items()}
    tasks = plan.tasks_of(tiers)
    minutes = {task.id: task.spread.of(durations) for task in tasks}
    return tasks_problem(tasks, minutes, plan.capacities | changed)
