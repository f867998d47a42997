"""The resource-constrained scheduling problem: values, critical path, independent check.

Time is whole units from 0; the unit is the problem's own: 5-minute grains for a plan, periods for a PSPLIB file.
Every link is a minimal start-to-start lag: `starts[j] >= starts[i] + lag`. A finish-start link of lag `l` is the lag
`duration[i] + l`, start-start is `l`, finish-finish is `duration[i] + l - duration[j]`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """`starts[after] >= starts[before] + units`; positions in `Problem.durations`."""

    before: int
    after: int
    units: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Activities with durations and demands, lags between them, capacities.

    `demands[i]` maps positions in `capacities` to units wanted while activity `i` runs. `releases[i]` is the earliest
    start; the activities in `pinned` start exactly there, because they already run. `unit_min` is how many minutes a
    time unit stands for (`None`: the problem has no minutes).
    """

    names: tuple[str, ...]
    durations: tuple[int, ...]
    demands: tuple[Mapping[int, int], ...]
    lags: tuple[Lag, ...]
    capacities: tuple[int, ...]
    resources: tuple[str, ...]
    releases: tuple[int, ...] = field(default=())
    pinned: frozenset[int] = field(default=frozenset())
    unit_min: int | None = None

    @property
    def size(self) -> int:
        """How many activities there are."""
        return len(self.durations)

    @cached_property
    def befores(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each activity its `(before, units)`."""
        return _grouped(self.size, [(lag.after, (lag.before, lag.units)) for lag in self.lags])

    @cached_property
    def afters(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each activity its `(after, units)`."""
        return _grouped(self.size, [(lag.before, (lag.after, lag.units)) for lag in self.lags])

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The activities so that every lag points forward; raises `ValueError` where lags form a cycle."""
        waiting = [len(rows) for rows in self.befores]
        ready = [i for i in range(self.size) if not waiting[i]]
        order: list[int] = []
        while ready:
            i = ready.pop()
            order.append(i)
            for j, _ in self.afters[i]:
                waiting[j] -= 1
                if not waiting[j]:
                    ready.append(j)
        if len(order) < self.size:
            stuck = [self.names[i] for i in range(self.size) if waiting[i]]
            raise ValueError(f"links form a cycle among {', '.join(stuck[:6])}")
        return tuple(order)

    @cached_property
    def earliest(self) -> tuple[int, ...]:
        """Earliest starts by links and releases alone."""
        starts = list(self.releases) or [0] * self.size
        for i in self.order:
            for j, units in self.afters[i]:
                starts[j] = max(starts[j], starts[i] + units)
        return tuple(starts)

    @cached_property
    def path_units(self) -> int:
        """Length of the critical path: the least makespan were capacities unlimited."""
        return max((s + d for s, d in zip(self.earliest, self.durations, strict=True)), default=0)

    def latest(self, makespan: int) -> tuple[int, ...]:
        """Latest starts by links alone that still end by `makespan`."""
        starts = [makespan - d for d in self.durations]
        for i in reversed(self.order):
            for j, units in self.afters[i]:
                starts[i] = min(starts[i], starts[j] - units)
        return tuple(starts)


def _grouped(size: int, rows: list[tuple[int, tuple[int, int]]]) -> tuple[tuple[tuple[int, int], ...], ...]:
    groups: list[dict[int, int]] = [{} for _ in range(size)]
    for key, (other, units) in rows:
        groups[key][other] = max(units, groups[key].get(other, units))
    return tuple(tuple(group.items()) for group in groups)


def makespan_of(problem: Problem, starts: Sequence[int]) -> int:
    """The last finish, 0 for an empty problem."""
    return max((s + d for s, d in zip(starts, problem.durations, strict=True)), default=0)


def energy_bound(problem: Problem) -> int:
    """A lower bound on the makespan: the work each resource must do, after its heads and before its tails.

    For each resource and each pair of thresholds taken from heads (earliest starts) and tails (time that must pass
    after an activity), the activities at or beyond both must fit between them.
    """
    best = problem.path_units
    latest = problem.latest(problem.path_units)
    tails = [problem.path_units - latest[i] - problem.durations[i] for i in range(problem.size)]
    for k, capacity in enumerate(problem.capacities):
        users = [i for i in range(problem.size) if problem.demands[i].get(k) and problem.durations[i]]
        for head in sorted({problem.earliest[i] for i in users}):
            inside = sorted((i for i in users if problem.earliest[i] >= head), key=lambda i: -tails[i])
            work = 0
            for position, i in enumerate(inside):
                work += problem.durations[i] * problem.demands[i][k]
                if position + 1 == len(inside) or tails[inside[position + 1]] < tails[i]:
                    best = max(best, head + -(-work // capacity) + tails[i])
    return best


def check_schedule(problem: Problem, starts: Sequence[int]) -> tuple[str, ...]:
    """What is wrong with a schedule, in sentences; empty where it holds.

    Written apart from every solver: it looks at each lag and at the use of each resource in each unit of time.
    """
    if len(starts) != problem.size:
        return (f"{len(starts)} starts for {problem.size} activities",)
    faults = []
    for i, start in enumerate(starts):
        release = problem.releases[i] if problem.releases else 0
        if start < release:
            faults.append(f"{problem.names[i]} starts at {start}, before {release}")
        elif start > release and i in problem.pinned:
            faults.append(f"{problem.names[i]} starts at {start}, but already runs from {release}")
    for lag in problem.lags:
        if starts[lag.after] < starts[lag.before] + lag.units:
            names = problem.names[lag.after], problem.names[lag.before]
            faults.append(f"{names[0]} starts at {starts[lag.after]}, under {lag.units} after {names[1]}")
    use: dict[tuple[int, int], int] = {}
    for i, start in enumerate(starts):
        for k, amount in problem.demands[i].items():
            for at in range(start, start + problem.durations[i]):
                use[k, at] = use.get((k, at), 0) + amount
    for (k, at), amount in sorted(use.items()):
        if amount > problem.capacities[k]:
            faults.append(f"{amount} of {problem.resources[k]} at {at}, capacity {problem.capacities[k]}")
    return tuple(faults)


def critical_activities(problem: Problem, starts: Sequence[int]) -> tuple[int, ...]:
    """The activities that hold up the end, in order of start.

    Where the makespan is that of the critical path these are the activities without float. Otherwise they are those
    from which a chain leads to the last finish, each link of it tight: by a lag, or because the next one starts when
    this one frees a resource both use.
    """
    makespan = makespan_of(problem, starts)
    if makespan == problem.path_units:
        latest = problem.latest(makespan)
        found = {i for i in range(problem.size) if latest[i] == problem.earliest[i]}
    else:
        found = _tight_chain(problem, starts, makespan)
    return tuple(sorted((i for i in found if problem.durations[i]), key=lambda i: (starts[i], i)))


def _tight_chain(problem: Problem, starts: Sequence[int], makespan: int) -> set[int]:
    finish = [s + d for s, d in zip(starts, problem.durations, strict=True)]
    freed: dict[int, list[int]] = {}
    for i, at in enumerate(finish):
        if problem.durations[i]:
            freed.setdefault(at, []).append(i)
    todo = [i for i, at in enumerate(finish) if at == makespan]
    found: set[int] = set()
    while todo:
        i = todo.pop()
        if i in found:
            continue
        found.add(i)
        todo += [j for j, units in problem.befores[i] if starts[j] + units == starts[i]]
        todo += [j for j in freed.get(starts[i], ()) if problem.demands[i].keys() & problem.demands[j].keys()]
    return found
