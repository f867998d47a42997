"""Turn an order of activities into a schedule, quickly: the serial schedule generation scheme on packed integers.

The free capacity of all resources over time is one big integer: each unit of time is a slot of `resources x lane` bits,
each lane holds what is free of one resource plus a guard bit above it. Subtracting an activity's demand from every slot
at once leaves the guard bits set exactly where it fits, and a few shifts find the first run of slots that is long
enough. Where durations are long the slots are too many, and `schedule_events` is used instead.
"""

import heapq
from collections.abc import Sequence

from wartime_conversion.rules.schedule import Problem
from wartime_conversion.rules.schedule_events import EventScheduler

_CHUNK_SLOTS = 48
_PACKED_BITS = 60_000
"""Above this length of the packed integer breakpoints are faster."""


class ListScheduler:
    """Makes schedules of one problem; holds what depends on the problem alone.

    With `backward` it schedules the mirrored problem: time runs backwards, and a start counts from the end to the
    activity's finish.
    """

    def __init__(self, problem: Problem, *, horizon: int, backward: bool = False) -> None:
        """Prepare for schedules that end by `horizon` units.

        Raises:
            ValueError: a demand is above its capacity.
        """
        self.durations = problem.durations
        self.horizon = horizon
        self._releases = (0,) * problem.size if backward or not problem.releases else problem.releases
        d = problem.durations
        if backward:
            self._befores = tuple(
                tuple((j, units + d[j] - d[i]) for j, units in problem.afters[i]) for i in range(problem.size)
            )
        else:
            self._befores = problem.befores
        self._pack(problem)

    def _pack(self, problem: Problem) -> None:
        lane = max(problem.capacities, default=1).bit_length() + 1
        lanes = max(1, len(problem.capacities))
        self.slot = slot = lane * lanes
        chunk_end = _CHUNK_SLOTS + max(problem.durations, default=1)
        ones = sum(1 << (slot * t) for t in range(chunk_end))
        guards = sum(1 << (lane * k + lane - 1) for k in range(lanes))
        empty = guards + sum(c << (lane * k) for k, c in enumerate(problem.capacities))
        slots = self.horizon + chunk_end
        self._empty = empty * ((1 << (slot * slots)) // ((1 << slot) - 1))
        self._guards = guards * ones
        self._chunk_mask = (1 << (slot * chunk_end)) - 1
        self._first_lane = sum(1 << (slot * t + lane - 1) for t in range(_CHUNK_SLOTS))
        self._folds = _fold_shifts(lanes, lane)
        self._demand_chunk: list[int] = []
        self._demand_run: list[int] = []
        self._windows: list[tuple[int, ...]] = []
        for i, duration in enumerate(problem.durations):
            packed = 0
            for k, amount in problem.demands[i].items():
                if amount > problem.capacities[k]:
                    place = f"{problem.names[i]} wants {amount} of {problem.resources[k]}"
                    raise ValueError(f"{place}, which has {problem.capacities[k]}")
                packed += amount << (lane * k)
            run = ((1 << (slot * duration)) - 1) // ((1 << slot) - 1)
            self._demand_chunk.append(packed * ones)
            self._demand_run.append(packed * run if packed else 0)
            self._windows.append(tuple(step * slot for step in _fold_steps(duration)))

    def starts(self, order: Sequence[int]) -> list[int] | None:
        """Start each activity of `order` as early as links and what is free allow.

        Args:
            order: all activities, each after the ones it waits for.

        Returns:
            Starts by activity, `None` where the horizon is too short.
        """
        free, slot, durations = self._empty, self.slot, self.durations
        guards, mask, first, folds = self._guards, self._chunk_mask, self._first_lane, self._folds
        befores, runs, chunks, windows = self._befores, self._demand_run, self._demand_chunk, self._windows
        starts = list(self._releases)
        horizon = self.horizon
        for i in order:
            at = starts[i]
            for j, units in befores[i]:
                earliest = starts[j] + units
                if earliest > at:
                    at = earliest
            run = runs[i]
            if run:
                while True:
                    if at + durations[i] > horizon:
                        return None
                    fits = ((free >> (at * slot)) & mask) - chunks[i] & guards
                    for shift in folds:
                        fits &= fits >> shift
                    for shift in windows[i]:
                        fits &= fits >> shift
                    fits &= first
                    if fits:
                        at += ((fits & -fits).bit_length() - 1) // slot
                        break
                    at += _CHUNK_SLOTS
                if at + durations[i] > horizon:
                    return None
                free -= run << (at * slot)
            starts[i] = at
        return starts


def list_scheduler(
    problem: Problem, *, horizon: int, backward: bool = False
) -> ListScheduler | EventScheduler:
    """The faster of the two list schedulers for this problem; they make the same schedules.

    Raises:
        ValueError: a demand is above its capacity.
    """
    lane = max(problem.capacities, default=1).bit_length() + 1
    slots = horizon + _CHUNK_SLOTS + 4 * max(problem.durations, default=1)
    if problem.pinned or slots * lane * len(problem.capacities) > _PACKED_BITS:
        return EventScheduler(problem, horizon=horizon, backward=backward)
    return ListScheduler(problem, horizon=horizon, backward=backward)


def _fold_steps(count: int) -> list[int]:
    """Shifts that turn 'this one' into 'this and the next `count - 1`' by doubling."""
    steps, covered = [], 1
    while covered < count:
        step = min(covered, count - covered)
        steps.append(step)
        covered += step
    return steps


def _fold_shifts(lanes: int, lane: int) -> tuple[int, ...]:
    return tuple(step * lane for step in _fold_steps(lanes))


def priority_order(problem: Problem, keys: Sequence[float]) -> list[int]:
    """All activities by rising key, each after the ones it waits for."""
    waiting = [len(rows) for rows in problem.befores]
    ready = [(keys[i], i) for i in range(problem.size) if not waiting[i]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, i = heapq.heappop(ready)
        order.append(i)
        for j, _ in problem.afters[i]:
            waiting[j] -= 1
            if not waiting[j]:
                heapq.heappush(ready, (keys[j], j))
    return order


def backward_order(problem: Problem, keys: Sequence[float]) -> list[int]:
    """All activities by falling key, each after the ones that wait for it."""
    waiting = [len(rows) for rows in problem.afters]
    ready = [(-keys[i], i) for i in range(problem.size) if not waiting[i]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, i = heapq.heappop(ready)
        order.append(i)
        for j, _ in problem.befores[i]:
            waiting[j] -= 1
            if not waiting[j]:
                heapq.heappush(ready, (-keys[j], j))
    return order


class Justifier:
    """Makes schedules and shortens them by forward-backward improvement."""

    def __init__(self, problem: Problem, *, horizon: int) -> None:
        """Prepare for schedules that end by `horizon` units; raises `ValueError` as `ListScheduler` does."""
        self._problem = problem
        self._rank = [0] * problem.size
        for position, i in enumerate(problem.order):
            self._rank[i] = position
        lags = [lag.units for lag in problem.lags]
        turned = [
            lag.units + problem.durations[lag.after] - problem.durations[lag.before] for lag in problem.lags
        ]
        self._sorts = min([*lags, *turned], default=0) >= 0
        self._releases = problem.releases
        self.set_horizon(horizon)

    def set_horizon(self, horizon: int) -> None:
        """Give up schedules that end after `horizon`: the shorter it is, the faster each schedule."""
        self._forward = list_scheduler(self._problem, horizon=horizon)
        self._backward = list_scheduler(self._problem, horizon=horizon, backward=True)

    def _order(self, keys: list[int], *, backward: bool) -> list[int]:
        """Activities by key; where a lag is negative a sort would not keep each after its befores, a heap does."""
        if not self._sorts:
            return backward_order(self._problem, keys) if backward else priority_order(self._problem, keys)
        rank = self._rank
        return sorted(range(len(keys)), key=lambda i: (keys[i], rank[i]), reverse=backward)

    def starts(self, order: Sequence[int]) -> list[int] | None:
        """The serial schedule of an order, shortened until a backward and forward pass gain nothing more.

        With pinned activities it is not shortened: a backward pass would move what already runs.

        `None` where even the first schedule passes the horizon.
        """
        durations = self._problem.durations
        best = self._forward.starts(order)
        while best is not None and not self._problem.pinned:
            finishes = [s + d for s, d in zip(best, durations, strict=True)]
            right = self._backward.starts(self._order(finishes, backward=True))
            if right is None:
                return best
            keys = [-(s + d) for s, d in zip(right, durations, strict=True)]
            left = self._forward.starts(self._order(keys, backward=False))
            if left is None:
                return best
            gained = max(map(int.__add__, left, durations), default=0) < max(finishes, default=0)
            best = left
            if not gained:
                break
        return best
