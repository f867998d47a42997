"""Solve a scheduling problem within a time limit: list heuristics, genetic search, then CP-SAT with a full hint.

Small problems go to CP-SAT at once, because it proves them; on large ones the genetic search finds better schedules in
the same time, so it gets most of it, on every core it may use. Every schedule is checked before it is handed out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from facility.clock import Clock
from facility.errors import Invalid
from wartime_conversion.rules.schedule import (
    Problem,
    check_schedule,
    critical_activities,
    energy_bound,
    makespan_of,
)
from wartime_conversion.rules.schedule_list import list_scheduler, priority_order
from wartime_conversion.rules.schedule_parts import part_problem, split_at_cuts
from wartime_conversion.schedule_cpsat import SolverFailed, solve_exactly
from wartime_conversion.schedule_genetic import Genetic
from wartime_conversion.schedule_side import SideSearch

_STOP_BEFORE_S = 0.15
"""CP-SAT ends this long before the limit: its own threads need a moment to wind up."""


class Unschedulable(Invalid):
    """No schedule can exist: a demand above capacity, or links that form a cycle."""

    code = "unschedulable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A schedule that holds, and what is proved about it. Times in the problem's units, `seconds` of wall clock."""

    starts: tuple[int, ...]
    makespan: int
    lower_bound: int
    seconds: float
    critical: tuple[int, ...]

    @property
    def proved(self) -> bool:
        """Whether no shorter schedule exists."""
        return self.makespan == self.lower_bound


def _genetic_share(problem: Problem) -> float:
    """Part of the time that goes to the genetic search; measured on PSPLIB, see docs/schedule.md."""
    busy = sum(1 for duration in problem.durations if duration)
    if busy <= 45:
        return 0.05
    return 0.45 if busy <= 80 else 0.75


def _search(
    problem: Problem, search: Genetic, *, lower: int, until: float, workers: int, clock: Clock
) -> None:
    """Run the genetic search here and, with a second worker, beside; `search.best` is the better of both."""
    seconds = until - clock.monotonic()

    def over() -> bool:
        return clock.monotonic() >= until

    if workers < 2 or seconds < 1.0:
        search.run(target=lower, should_stop=over)
        return
    with SideSearch(problem, seed=search.seed + 1, until=until, target=lower) as side:
        search.run(target=lower, should_stop=over)
        if search.best.makespan > lower:
            found = side.result()
            if found is not None:
                search.adopt(found)


def _solve_part(
    problem: Problem, *, end: float, workers: int, clock: Clock, seed: int, hint: tuple[int, ...] | None
) -> tuple[tuple[int, ...], int]:
    """Starts and a proven lower bound for one part, by `end` on the monotonic clock."""
    begin = clock.monotonic()
    lower = energy_bound(problem)
    search = Genetic(problem, seed=seed)
    if hint is not None:
        search.adopt(hint)
    if search.best.makespan > lower:
        until = begin + (end - begin) * _genetic_share(problem)
        _search(problem, search, lower=lower, until=until, workers=workers, clock=clock)
    starts, upper = search.best.starts, search.best.makespan
    left = end - clock.monotonic()
    if upper == lower or left <= 0:
        return starts, lower
    exact = solve_exactly(problem, starts, lower=lower, upper=upper, seconds=left, workers=workers, seed=seed)
    return exact.starts or starts, exact.lower_bound


def _part_hint(
    problem: Problem, members: Sequence[int], hint: Sequence[int] | None
) -> tuple[int, ...] | None:
    if hint is None:
        return None
    begin = min(hint[i] for i in members)
    return tuple(hint[i] - begin for i in members)


def _solve_parts(
    problem: Problem, *, end: float, workers: int, clock: Clock, seed: int, hint: tuple[int, ...] | None
) -> tuple[tuple[int, ...], int]:
    """Solve part after part, the time left shared by their sizes; starts and lower bound of the whole."""
    parts = split_at_cuts(problem)
    starts, offset, lower, waiting = [0] * problem.size, 0, 0, problem.size
    for members in parts:
        part = problem if len(parts) == 1 else part_problem(problem, members)
        now = clock.monotonic()
        found, bound = _solve_part(
            part,
            end=now + (end - now) * len(members) / waiting,
            workers=workers,
            clock=clock,
            seed=seed,
            hint=_part_hint(problem, members, hint),
        )
        for i, start in zip(members, found, strict=True):
            starts[i] = offset + start
        offset += makespan_of(part, found)
        lower += bound
        waiting -= len(members)
    return tuple(starts), lower


def _as_early_as_possible(problem: Problem, starts: Sequence[int]) -> tuple[int, ...]:
    """The same order with nothing started later than it must be; no start moves later."""
    scheduler = list_scheduler(problem, horizon=makespan_of(problem, starts))
    found = scheduler.starts(priority_order(problem, starts))
    return tuple(starts) if found is None else tuple(found)


def solve(
    problem: Problem,
    *,
    seconds: float,
    workers: int,
    clock: Clock,
    seed: int = 1,
    hint: tuple[int, ...] | None = None,
) -> Solution:
    """The best schedule found within `seconds` of wall clock.

    Args:
        problem: what to schedule.
        seconds: wall-clock limit.
        workers: cores to use.
        clock: for the limit.
        seed: same seed, same choices; how far they get depends on the machine.
        hint: a schedule that holds, to start from.

    Raises:
        Unschedulable: no schedule can exist.
        SolverFailed: a schedule did not pass the independent check, or CP-SAT contradicts itself.
    """
    begin = clock.monotonic()
    end = begin + seconds - _STOP_BEFORE_S
    try:
        starts, lower = _solve_parts(problem, end=end, workers=workers, clock=clock, seed=seed, hint=hint)
    except ValueError as error:
        raise Unschedulable(str(error)) from error
    starts = _as_early_as_possible(problem, starts)
    faults = check_schedule(problem, starts)
    if faults:
        raise SolverFailed(f"a schedule did not pass the check: {faults[0]}")
    return Solution(
        starts=starts,
        makespan=makespan_of(problem, starts),
        lower_bound=lower,
        seconds=clock.monotonic() - begin,
        critical=critical_activities(problem, starts),
    )
