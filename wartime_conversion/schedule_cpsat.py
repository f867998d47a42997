"""The exact part of the scheduler: an OR-tools CP-SAT model with a full hint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from facility.errors import Unavailable
from wartime_conversion.rules.schedule import Problem

if (
    TYPE_CHECKING
):  # it brings pandas along, which would slow every process's start; loaded where something is solved
    from ortools.sat.python import cp_model


class SolverFailed(Unavailable):
    """CP-SAT gave an answer it must not give for a model with a valid hint."""

    code = "solver_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """What CP-SAT came back with: the best schedule it has (`None`: no better than the hint) and a proven bound."""

    starts: tuple[int, ...] | None
    lower_bound: int


def _model(
    problem: Problem, hint: Sequence[int], lower: int, upper: int
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    latest = problem.latest(upper)
    starts = [model.new_int_var(problem.earliest[i], latest[i], f"s{i}") for i in range(problem.size)]
    intervals = [
        model.new_fixed_size_interval_var(starts[i], problem.durations[i], f"i{i}")
        for i in range(problem.size)
    ]
    for i in problem.pinned:
        model.add(starts[i] == problem.releases[i])
    for lag in problem.lags:
        model.add(starts[lag.after] >= starts[lag.before] + lag.units)
    for k, capacity in enumerate(problem.capacities):
        users = [i for i in range(problem.size) if problem.demands[i].get(k) and problem.durations[i]]
        if sum(problem.demands[i][k] for i in users) > capacity:
            model.add_cumulative(
                [intervals[i] for i in users], [problem.demands[i][k] for i in users], capacity
            )
    makespan = model.new_int_var(lower, upper, "makespan")
    for i in range(problem.size):
        if not problem.afters[i] or any(units < problem.durations[i] for _, units in problem.afters[i]):
            model.add(makespan >= starts[i] + problem.durations[i])
    model.minimize(makespan)
    for i, start in enumerate(hint):
        model.add_hint(starts[i], start)
    model.add_hint(makespan, upper)
    return model, starts


def solve_exactly(
    problem: Problem, hint: Sequence[int], *, lower: int, upper: int, seconds: float, workers: int, seed: int
) -> Exact:
    """Improve a schedule and prove a lower bound.

    Args:
        problem: what to schedule.
        hint: a schedule that holds, of makespan `upper`.
        lower: a proven lower bound on the makespan, units.
        upper: the hint's makespan, units.
        seconds: wall-clock limit.
        workers: threads CP-SAT may use.
        seed: of CP-SAT's own choices.

    Raises:
        SolverFailed: CP-SAT calls the model infeasible or invalid, which a valid hint rules out.
    """
    from ortools.sat.python import cp_model

    model, variables = _model(problem, hint, lower, upper)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
        raise SolverFailed(f"CP-SAT says {solver.status_name(status)} of a model whose hint holds")
    if status == cp_model.UNKNOWN:
        return Exact(starts=None, lower_bound=lower)
    bound = max(lower, ceil(solver.best_objective_bound - 1e-6))
    return Exact(starts=tuple(solver.value(variable) for variable in variables), lower_bound=bound)
