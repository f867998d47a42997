"""The serial schedule generation scheme over breakpoints, for problems with long durations.

Its cost depends on the number of activities, not on the length of time, unlike the packed integers of `schedule_list`.
"""

from bisect import bisect_right
from collections.abc import Sequence

from wartime_conversion.rules.schedule import Problem


class EventScheduler:
    """Makes schedules of one problem; the same promises as `schedule_list.ListScheduler`."""

    def __init__(self, problem: Problem, *, horizon: int, backward: bool = False) -> None:
        """Prepare for schedules that end by `horizon`; raises `ValueError` where a demand is above its capacity."""
        for i, demand in enumerate(problem.demands):
            for k, amount in demand.items():
                if amount > problem.capacities[k]:
                    place = f"{problem.names[i]} wants {amount} of {problem.resources[k]}"
                    raise ValueError(f"{place}, which has {problem.capacities[k]}")
        self._pinned = problem.pinned
        self._durations = d = problem.durations
        self._horizon = horizon
        self._capacities = problem.capacities
        self._demands = tuple(tuple(demand.items()) for demand in problem.demands)
        self._releases = (0,) * problem.size if backward or not problem.releases else problem.releases
        self._befores = problem.befores
        if backward:
            self._befores = tuple(
                tuple((j, units + d[j] - d[i]) for j, units in problem.afters[i]) for i in range(problem.size)
            )

    def starts(self, order: Sequence[int]) -> list[int] | None:
        """Start each activity of `order` as early as links and what is free allow; `None` past the horizon.

        Pinned activities go first, whatever their place in the order.
        """
        starts = list(self._releases)
        times = [0]
        free = [list(self._capacities)]
        if self._pinned:
            order = [i for i in order if i in self._pinned] + [i for i in order if i not in self._pinned]
        for i in order:
            at = starts[i]
            for j, units in self._befores[i]:
                if starts[j] + units > at:
                    at = starts[j] + units
            duration, demand = self._durations[i], self._demands[i]
            if duration and demand:
                at = self._place(times, free, at, duration, demand)
            if at + duration > self._horizon:
                return None
            starts[i] = at
        return starts

    @staticmethod
    def _place(
        times: list[int], free: list[list[int]], at: int, duration: int, demand: tuple[tuple[int, int], ...]
    ) -> int:
        """Find the earliest place from `at` on and take it; returns the start."""
        first = last = bisect_right(times, at) - 1
        while last < len(times) and times[last] < at + duration:
            row = free[last]
            last += 1
            for k, amount in demand:
                if row[k] < amount:
                    first, at = last, times[last]
                    break
        if times[first] < at:
            first += 1
            times.insert(first, at)
            free.insert(first, free[first - 1].copy())
            last += 1
        end = at + duration
        if last == len(times) or times[last] > end:
            times.insert(last, end)
            free.insert(last, free[last - 1].copy())
        for row in free[first:last]:
            for k, amount in demand:
                row[k] -= amount
        return at
