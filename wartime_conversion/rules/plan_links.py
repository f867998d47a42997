"""What the links of a plan imply: cycles, what a task waits for, links that add nothing."""

from collections.abc import Iterator, Sequence

from wartime_conversion.rules.plan import Link, LinkKind, Plan, Task


def find_cycles(tasks: Sequence[Task]) -> tuple[tuple[str, ...], ...]:
    """One cycle of each knot of tasks that wait for each other: each task waits for the one before it.

    A cycle begins with its task that comes first in `tasks`.

    Links of every kind count; links to tasks that do not exist are passed over.
    """
    needs = {task.id: [link.task_id for link in task.links] for task in tasks}
    cycles: list[tuple[str, ...]] = []
    done: set[str] = set()
    for root in needs:
        path: list[str] = []
        trail: list[Iterator[str]] = []
        if root not in done:
            path, trail = [root], [iter(needs[root])]
        while trail:
            need = next(trail[-1], None)
            if need is None:
                done.add(path.pop())
                trail.pop()
            elif need in path:
                cycles.append(_from_first(path[path.index(need) :][::-1], list(needs)))
            elif need in needs and need not in done:
                path.append(need)
                trail.append(iter(needs[need]))
    return _one_of_each_knot(cycles)


def _from_first(cycle: list[str], order: list[str]) -> tuple[str, ...]:
    at = min(range(len(cycle)), key=lambda position: order.index(cycle[position]))
    return tuple(cycle[at:] + cycle[:at])


def _one_of_each_knot(cycles: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    kept: list[tuple[str, ...]] = []
    for cycle in cycles:
        if not any(set(cycle) & set(other) for other in kept):
            kept.append(cycle)
    return tuple(kept)


def fs_reach(tasks: Sequence[Task], task_id: str) -> set[str]:
    """The tasks that must all be finished before `task_id` may start, through finish-start links without lead."""
    needs = {
        task.id: [link.task_id for link in task.links if link.kind is LinkKind.FS and link.lag_min >= 0]
        for task in tasks
    }
    reached: set[str] = set()
    todo = list(needs.get(task_id, ()))
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo.extend(needs.get(name, ()))
    return reached


def redundant_links(tasks: Sequence[Task]) -> Iterator[tuple[Task, Link, str]]:
    """Links that another chain of links already implies, with the task the chain runs through.

    A link is redundant where the other chain holds it for every duration from optimistic up: a finish-start chain at
    least as late, or the same link listed twice (`""`). Chains that need a particular duration do not count, except
    that an SS or FF lag may be covered by the optimistic duration of the task it measures.
    """
    reach = {task.id: fs_reach(tasks, task.id) for task in tasks}
    optimistic = {task.id: task.spread.optimistic_min for task in tasks}
    for task in tasks:
        for position, link in enumerate(task.links):
            if link.task_id not in reach:
                continue
            through = _implied_by(task, position, reach, optimistic)
            if through is not None:
                yield task, link, through


def _implied_by(
    task: Task, position: int, reach: dict[str, set[str]], optimistic: dict[str, int]
) -> str | None:
    link = task.links[position]
    for other_position, other in enumerate(task.links):
        if other_position == position:
            continue
        if other.task_id == link.task_id and other.kind is link.kind:
            if (other.lag_min, -other_position) > (link.lag_min, -position):
                return ""
        elif other.kind is LinkKind.FS and other.lag_min >= 0:
            on_the_way = other.task_id == link.task_id or link.task_id in reach.get(other.task_id, ())
            if on_the_way and other.task_id != task.id and _covers(link, other, task, optimistic):
                return other.task_id
    return None


def _covers(link: Link, other: Link, task: Task, optimistic: dict[str, int]) -> bool:
    """Whether waiting for `other` to finish holds `link` for every duration from optimistic up."""
    slack = other.lag_min
    if other.task_id != link.task_id:
        slack += optimistic.get(other.task_id, 0)
    if link.kind is LinkKind.SS:
        slack += optimistic.get(link.task_id, 0)
    elif link.kind is LinkKind.FF:
        slack += task.spread.optimistic_min
    return link.lag_min <= slack


def task_users(plan: Plan, task_id: str) -> tuple[str, ...]:
    """What else in a plan names a task, by id and in file order: a plan without the task would have a fault there."""
    named: list[tuple[str, Sequence[str | None]]] = [
        *((tier.id, [tier.clock_task]) for tier in plan.tiers),
        *((row.id, [*row.closed_by, *row.reopened_by]) for row in plan.openings),
        *((row.id, [row.first, row.then]) for row in plan.safety_orders),
        *((task.id, [link.task_id for link in task.links]) for task in plan.all_tasks if task.id != task_id),
        *((row.id, row.task_ids) for row in plan.drill_profiles),
        *((row.id, [row.at_task]) for row in plan.injects),
    ]
    return tuple(name for name, wanted in named if task_id in wanted)
