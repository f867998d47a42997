"""The exact schedule of one stretch of work in one tier's working hours: CP-SAT over working minutes.

Crews stop at the end of a shift and go on at the next, so in working minutes a task is one unbroken interval and crews
and machines are an ordinary cumulative; only the lags run round the clock. A moment of work `w` is day `w // L` and
minute `w % L` of a shift of `L` minutes; its moment on the clock is `1440 * day + minute`. Only where every crewed task
keeps the same hours, which holds within a tier. Machines of a task without a crew are left out: the bound stays one,
and a schedule found is put through the list scheduler before it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from wartime_conversion.rules.plan import Calendar, LinkKind, Task
from wartime_conversion.rules.schedule_calendar import Timed
from wartime_conversion.rules.schedule_plan import task_demands

if TYPE_CHECKING:  # ortools is slow to import
    from ortools.sat.python import cp_model

_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftResult:
    """What was found: a schedule (`None`: none better than the hint) and a proven bound on the elapsed minutes."""

    timed: Timed | None
    lower_bound_min: int


class _Shift:
    """The model being built. Clock minutes count from the start of the first shift."""

    def __init__(self, model: cp_model.CpModel, calendar: Calendar, days: int) -> None:
        self.model = model
        self.length = calendar.hours_per_day * 60
        self.days = days

    def clock_of(self, work: cp_model.LinearExprT, name: str, *, is_end: bool) -> cp_model.IntVar:
        """The moment on the clock of a working minute; an end at a shift's last minute stays on its day."""
        day = self.model.new_int_var(0, self.days, f"{name}.day")
        low, high = (1, self.length) if is_end else (0, self.length - 1)
        minute = self.model.new_int_var(low, high, f"{name}.minute")
        self.model.add(work == self.length * day + minute)
        at = self.model.new_int_var(0, _DAY * (self.days + 1), f"{name}.at")
        self.model.add(at == _DAY * day + minute)
        return at


def solve_shift(
    tasks: Sequence[Task],
    minutes: Mapping[str, int],
    capacities: Mapping[str, int],
    calendar: Calendar,
    hint: Timed,
    *,
    lower_min: int,
    seconds: float,
) -> ShiftResult:
    """Improve a schedule in working hours and prove a bound.

    Args:
        tasks: all of one calendar; links to tasks outside are passed over.
        minutes: working minutes of each task.
        capacities: as `Plan.capacities`.
        calendar: the hours that every task with a crew keeps.
        hint: a schedule that holds, minutes from midnight of the first day.
        lower_min: a proven lower bound on the elapsed minutes.
        seconds: wall-clock limit.
    """
    from ortools.sat.python import cp_model

    origin = calendar.starts_at_min
    upper = hint.end - origin
    model = cp_model.CpModel()
    shift = _Shift(model, calendar, days=upper // _DAY + 1)
    starts: dict[str, cp_model.IntVar] = {}
    ends: dict[str, cp_model.IntVar] = {}
    works: dict[str, cp_model.IntVar] = {}
    demands: dict[str, list[tuple[cp_model.IntervalVar, int]]] = {}
    for task in tasks:
        length = minutes[task.id]
        if not task.crew or not length:
            starts[task.id] = model.new_int_var(0, upper, f"{task.id}.at")
            ends[task.id] = model.new_int_var(0, upper, f"{task.id}.end")
            model.add(ends[task.id] == starts[task.id] + length)
            if task.crew:  # a crewed task of no length still begins within a shift
                _within_shift(shift, starts[task.id], task.id)
            continue
        work = model.new_int_var(0, shift.length * (shift.days + 1), f"{task.id}.work")
        works[task.id] = work
        starts[task.id] = shift.clock_of(work, f"{task.id}.s", is_end=False)
        ends[task.id] = shift.clock_of(work + length, f"{task.id}.e", is_end=True)
        interval = model.new_fixed_size_interval_var(work, length, f"{task.id}.i")
        for key, count in task_demands(task).items():
            demands.setdefault(key, []).append((interval, count))
    for key, rows in demands.items():
        if sum(count for _, count in rows) > capacities[key]:
            model.add_cumulative([i for i, _ in rows], [count for _, count in rows], capacities[key])
    _links(model, tasks, starts, ends)
    return _solved(model, tasks, starts, ends, works, hint, origin, shift.length, lower_min, upper, seconds)


def _within_shift(shift: _Shift, at: cp_model.IntVar, name: str) -> None:
    day = shift.model.new_int_var(0, shift.days, f"{name}.day")
    minute = shift.model.new_int_var(0, shift.length - 1, f"{name}.minute")
    shift.model.add(at == _DAY * day + minute)


def _links(
    model: cp_model.CpModel,
    tasks: Sequence[Task],
    starts: Mapping[str, cp_model.IntVar],
    ends: Mapping[str, cp_model.IntVar],
) -> None:
    for task in tasks:
        for link in task.links:
            if link.task_id not in starts:
                continue
            if link.kind is LinkKind.SS:
                model.add(starts[task.id] >= starts[link.task_id] + link.lag_min)
            elif link.kind is LinkKind.FF:
                model.add(ends[task.id] >= ends[link.task_id] + link.lag_min)
            else:
                model.add(starts[task.id] >= ends[link.task_id] + link.lag_min)


def _solved(
    model: cp_model.CpModel,
    tasks: Sequence[Task],
    starts: Mapping[str, cp_model.IntVar],
    ends: Mapping[str, cp_model.IntVar],
    works: Mapping[str, cp_model.IntVar],
    hint: Timed,
    origin: int,
    length: int,
    lower_min: int,
    upper: int,
    seconds: float,
) -> ShiftResult:
    from ortools.sat.python import cp_model

    last = model.new_int_var(0, upper, "last")
    first = model.new_int_var(0, upper, "first")
    model.add_max_equality(last, list(ends.values()))
    model.add_min_equality(first, list(starts.values()))
    model.add(last - first >= lower_min)
    model.minimize(last - first)
    for task in tasks:
        at = hint.starts[task.id] - origin
        model.add_hint(starts[task.id], at)
        model.add_hint(ends[task.id], hint.finishes[task.id] - origin)
        if task.id in works:
            model.add_hint(works[task.id], at // _DAY * length + at % _DAY)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return ShiftResult(timed=None, lower_bound_min=lower_min)
    timed = Timed(
        starts={name: solver.value(at) + origin for name, at in starts.items()},
        finishes={name: solver.value(at) + origin for name, at in ends.items()},
    )
    bound = max(lower_min, ceil(solver.best_objective_bound - 1e-6))
    return ShiftResult(timed=timed, lower_bound_min=bound)
