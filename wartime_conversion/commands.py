"""Bodies of `pingzhan conversion ...`: each takes plain values and gives the objects to print and the exit status."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from facility.clock import Clock
from facility.errors import Invalid
from wartime_conversion.plan_file import load_plan
from wartime_conversion.psplib import load_sm
from wartime_conversion.rules.plan import Durations, Plan
from wartime_conversion.rules.plan_check import plan_faults
from wartime_conversion.rules.schedule import Problem
from wartime_conversion.rules.schedule_plan import plan_problem
from wartime_conversion.rules.verdict import tier_verdicts
from wartime_conversion.schedule_hours import schedule_hours
from wartime_conversion.schedule_solve import solve

_BLOCKING = ("duplicate_id", "cycle", "unknown_task", "unknown_crew", "unknown_equipment")


class RequestUnusable(Invalid):
    """A command's argument does not fit the file it is about."""

    code = "request_unusable"


def check_plan(path: Path) -> Iterator[dict[str, Any]]:
    """One object a fault, then `{"faults": n}`; raises `PlanUnreadable`."""
    faults = plan_faults(load_plan(path))
    for fault in faults:
        yield {"fault": fault.code, "place": fault.place, "detail": fault.detail}
    yield {"faults": len(faults)}


def parse_capacities(texts: Sequence[str]) -> dict[str, int]:
    """`NAME=N` texts as a mapping; raises `RequestUnusable`."""
    capacities = {}
    for text in texts:
        name, equals, count = text.partition("=")
        if not name or not equals or not count.isascii() or not count.isdigit():
            raise RequestUnusable(f"--capacity {text}: NAME=N wanted, N a whole number")
        capacities[name] = int(count)
    return capacities


def _refuse_blocking_faults(plan: Plan, path: Path) -> None:
    for fault in plan_faults(plan):
        if fault.code in _BLOCKING:
            raise RequestUnusable(f"{path}: {fault.place}: {fault.detail}")


def _plan_problem(path: Path, tier: str | None, durations: str, capacities: Mapping[str, int]) -> Problem:
    plan = load_plan(path)
    _refuse_blocking_faults(plan, path)
    forward = list(dict.fromkeys(task.tier for task in plan.tasks))
    tiers = tier.split("+") if tier else forward
    try:
        return plan_problem(plan, tiers=tiers, durations=Durations(durations), capacities=capacities)
    except ValueError as error:
        raise RequestUnusable(f"{path}: {error}") from error


def schedule_in_hours(
    path: Path,
    *,
    seconds: float,
    tier: str | None,
    durations: str | None,
    capacities: Mapping[str, int],
    clock: Clock,
) -> dict[str, Any]:
    """Schedule a plan within its tiers' working hours, and judge each tier against its limit.

    Returns:
        `makespan` and `lower_bound` in elapsed minutes, `proved`, `seconds`, and `tiers`: for each its elapsed minutes,
        limit (`None`: none known), whether it is kept, the limit's source and whether the owner has confirmed it.

    Raises:
        PlanUnreadable, RequestUnusable, Unschedulable: see there.
    """
    begin = clock.monotonic()
    plan = load_plan(path)
    _refuse_blocking_faults(plan, path)
    tiers = tier.split("+") if tier else list(dict.fromkeys(task.tier for task in plan.tasks))
    chosen = Durations(durations or Durations.LIKELY.value)
    try:
        found = schedule_hours(
            plan, tiers, clock=clock, durations=chosen, capacities=capacities, seconds=seconds
        )
    except ValueError as error:
        raise RequestUnusable(f"{path}: {error}") from error
    verdicts = tier_verdicts(plan, found.timed.finishes)
    return {
        "makespan": found.makespan_min,
        "lower_bound": found.lower_bound_min,
        "proved": found.proved,
        "seconds": round(clock.monotonic() - begin, 3),
        "tiers": [
            {
                "tier": row.tier,
                "elapsed": row.elapsed_min,
                "limit": row.limit_min,
                "kept": row.is_kept,
                "limit_source": row.limit_source,
                "limit_confirmed": row.limit_confirmed,
            }
            for row in verdicts
        ],
    }


def schedule_file(  # the command's own arguments
    path: Path,
    *,
    seconds: float,
    workers: int,
    tier: str | None,
    durations: str | None,
    capacities: Mapping[str, int],
    clock: Clock,
    with_starts: bool = False,
) -> dict[str, Any]:
    """Schedule a plan or a PSPLIB `.sm` file.

    Args:
        path: the file; `.sm` is PSPLIB, anything else a plan.
        seconds: wall-clock limit of the search.
        workers: cores to use.
        tier: tier ids joined by `+`; every forward tier where `None`. Plans only.
        durations: `optimistic`, `likely` (where `None`) or `pessimistic`. Plans only.
        capacities: changed capacities by name. Plans only.
        clock: for the limit.
        with_starts: also give each task's start.

    Returns:
        `makespan` and `lower_bound` in minutes for a plan, in the file's units for PSPLIB; `proved`; `seconds`;
        `critical`, the tasks that hold up the end.

    Raises:
        PlanUnreadable, InstanceUnreadable, RequestUnusable, Unschedulable: see there.
    """
    if path.suffix.lower() == ".sm":
        if tier or durations or capacities:
            raise RequestUnusable(
                f"{path}: --tier, --durations and --capacity are for plans, not for .sm files"
            )
        problem = load_sm(path)
    else:
        problem = _plan_problem(path, tier, durations or Durations.LIKELY.value, capacities)
    found = solve(problem, seconds=seconds, workers=workers, clock=clock)
    unit = problem.unit_min or 1
    result: dict[str, Any] = {
        "makespan": found.makespan * unit,
        "lower_bound": found.lower_bound * unit,
        "proved": found.proved,
        "seconds": round(found.seconds, 3),
        "critical": [problem.names[i] for i in found.critical],
    }
    if with_starts:
        result["starts"] = {
            name: start * unit for name, start in zip(problem.names, found.starts, strict=True)
        }
    return result
