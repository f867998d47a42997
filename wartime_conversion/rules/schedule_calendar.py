"""Schedules that keep to working hours: crews work their tier's shift, waits without a crew run round the clock.

Times are minutes since midnight of the first day. A task that does not end within a shift stops at its end and goes on
at the next; it keeps its crew and equipment overnight.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wartime_conversion.rules.plan import Calendar, LinkKind, Task
from wartime_conversion.rules.schedule_plan import task_demands

_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A calendar schedule: start and finish minutes by task id, from midnight of the first day."""

    starts: Mapping[str, int]
    finishes: Mapping[str, int]

    @property
    def begin(self) -> int:
        """The first start."""
        return min(self.starts.values(), default=0)

    @property
    def end(self) -> int:
        """The last finish."""
        return max(self.finishes.values(), default=0)


def work_moment(calendar: Calendar | None, at: int) -> int:
    """The first working minute at or after `at`; `None` is round the clock."""
    if calendar is None or calendar.is_round_the_clock:
        return at
    length = calendar.hours_per_day * 60
    into = (at - calendar.starts_at_min) % _DAY
    return at if into < length else at + _DAY - into


def work_finish(calendar: Calendar | None, start: int, minutes: int) -> int:
    """When `minutes` of work begun at the working minute `start` are done."""
    if calendar is None or calendar.is_round_the_clock or not minutes:
        return start + minutes
    length = calendar.hours_per_day * 60
    into = (start - calendar.starts_at_min) % _DAY
    nights = (into + minutes - 1) // length
    return start + minutes + nights * (_DAY - length)


class CalendarScheduler:
    """List schedules of some tasks in working hours."""

    def __init__(
        self,
        tasks: Sequence[Task],
        minutes: Mapping[str, int],
        capacities: Mapping[str, int],
        calendars: Mapping[str, Calendar],
    ) -> None:
        """Prepare.

        Args:
            tasks: what to schedule; links to tasks outside are passed over.
            minutes: working minutes of each task.
            capacities: as `Plan.capacities`.
            calendars: by tier id.
        """
        self._tasks = {task.id: task for task in tasks}
        self._minutes = minutes
        self._capacities = capacities
        self._calendar = {task.id: calendars[task.tier] if task.crew else None for task in tasks}
        self._origin = min((calendars[task.tier].starts_at_min for task in tasks), default=0)

    @property
    def minutes(self) -> Mapping[str, int]:
        """Working minutes of each task."""
        return self._minutes

    def _ready(self, task: Task, starts: Mapping[str, int], finishes: Mapping[str, int]) -> int:
        """The earliest start that links allow."""
        at = self._origin
        end = 0
        for link in task.links:
            if link.task_id not in self._tasks:
                continue
            if link.kind is LinkKind.SS:
                at = max(at, starts[link.task_id] + link.lag_min)
            elif link.kind is LinkKind.FF:
                end = max(end, finishes[link.task_id] + link.lag_min)
            else:
                at = max(at, finishes[link.task_id] + link.lag_min)
        calendar, minutes = self._calendar[task.id], self._minutes[task.id]
        at = work_moment(calendar, at)
        while work_finish(calendar, at, minutes) < end:
            at = work_moment(calendar, at + end - work_finish(calendar, at, minutes))
        return at

    def schedule(self, order: Iterable[str], *, with_capacities: bool = True) -> Timed:
        """Start each task of `order` as early as links, hours and capacities allow.

        `order` holds every task after those it waits for; without capacities the result is the critical path.
        """
        starts: dict[str, int] = {}
        finishes: dict[str, int] = {}
        use = _Use(self._capacities)
        for name in order:
            task = self._tasks[name]
            calendar, minutes = self._calendar[name], self._minutes[name]
            at = self._ready(task, starts, finishes)
            demand = task_demands(task)
            while with_capacities and demand and minutes:
                clash = use.first_clash(at, work_finish(calendar, at, minutes), demand)
                if clash is None:
                    break
                at = work_moment(calendar, clash)
            starts[name] = at
            finishes[name] = work_finish(calendar, at, minutes)
            if with_capacities and demand and minutes:
                use.take(at, finishes[name], demand)
        return Timed(starts=starts, finishes=finishes)


class _Use:
    """What is in use over time, as breakpoints."""

    def __init__(self, capacities: Mapping[str, int]) -> None:
        self._capacities = capacities
        self._times = [-_DAY]
        self._rows: list[dict[str, int]] = [{}]

    def first_clash(self, start: int, end: int, demand: Mapping[str, int]) -> int | None:
        """The end of the first stretch within [start, end) that lacks something, `None` where all fits."""
        at = bisect_right(self._times, start) - 1
        while at < len(self._times) and self._times[at] < end:
            row = self._rows[at]
            at += 1
            if any(row.get(key, 0) + count > self._capacities[key] for key, count in demand.items()):
                return self._times[at]
        return None

    def take(self, start: int, end: int, demand: Mapping[str, int]) -> None:
        first, last = self._split(start), self._split(end)
        for row in self._rows[first:last]:
            for key, count in demand.items():
                row[key] = row.get(key, 0) + count

    def _split(self, moment: int) -> int:
        at = bisect_right(self._times, moment) - 1
        if self._times[at] < moment:
            at += 1
            self._times.insert(at, moment)
            self._rows.insert(at, dict(self._rows[at - 1]))
        return at
