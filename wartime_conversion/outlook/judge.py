"""Schedule some tiers of a plan and judge them: limits, the cheapest remedy, the spread."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from facility.clock import Clock
from facility.errors import Invalid
from wartime_conversion.remedy import Advice, advise
from wartime_conversion.rules.plan import Durations, Plan
from wartime_conversion.rules.schedule import Problem
from wartime_conversion.rules.schedule_plan import capacity_key, plan_problem
from wartime_conversion.rules.verdict import TierVerdict, tier_verdicts
from wartime_conversion.schedule_hours import schedule_hours
from wartime_conversion.schedule_solve import Solution, solve
from wartime_conversion.simulate import simulate

_SECONDS = 4.0


class QuestionUnusable(Invalid):
    """A tier, a duration or a capacity that the plan does not know."""

    code = "conversion.question_unusable"


def _tightest(verdicts: Sequence[TierVerdict]) -> TierVerdict | None:
    """The tier that passes its limit by most, or keeps it most narrowly."""
    limited = [row for row in verdicts if row.spare_min is not None]
    return min(limited, key=lambda row: row.spare_min or 0, default=None)


def _advice(
    problem: Problem, found: Solution, finishes: Mapping[str, int], tight: TierVerdict | None, clock: Clock
) -> Advice | None:
    """What would mend the tightest limit: the whole must end earlier by what that tier is late."""
    if tight is None or tight.is_kept or tight.spare_min is None:
        return None
    unit = problem.unit_min or 1
    return advise(problem, found, (max(finishes.values()) + tight.spare_min) // unit, clock=clock)


def judge(
    plan: Plan, tiers: Sequence[str], *, durations: Durations, capacities: Mapping[str, int], clock: Clock
) -> dict[str, Any]:
    """Everything a screen shows about some tiers; minutes from the first start. Takes seconds: run it in a thread.

    Raises:
        QuestionUnusable: a tier or a capacity the plan does not have.
    """
    try:
        problem = plan_problem(plan, tiers=tiers, durations=durations, capacities=capacities)
        changed = {capacity_key(plan, name): count for name, count in capacities.items()}
    except ValueError as error:
        raise QuestionUnusable(str(error)) from error
    found = solve(problem, seconds=_SECONDS, workers=2, clock=clock)
    unit = problem.unit_min or 1
    starts = {name: start * unit for name, start in zip(problem.names, found.starts, strict=True)}
    finishes = {
        name: starts[name] + length * unit
        for name, length in zip(problem.names, problem.durations, strict=True)
    }
    verdicts = tier_verdicts(plan, finishes)
    tight = _tightest(verdicts)
    advice = _advice(problem, found, finishes, tight, clock)
    limit = None if tight is None or tight.spare_min is None else found.makespan * unit + tight.spare_min
    outlook = simulate(
        plan, plan.tasks_of(tiers), starts, limit_min=limit, capacities=plan.capacities | changed
    )
    return {
        "makespan_min": found.makespan * unit,
        "lower_bound_min": found.lower_bound * unit,
        "critical_path_min": problem.path_units * unit,
        "proved": found.proved,
        "seconds": round(found.seconds, 3),
        "critical": [problem.names[i] for i in found.critical],
        "starts_min": starts,
        "finishes_min": finishes,
        "verdicts": [asdict(row) | {"is_kept": row.is_kept, "spare_min": row.spare_min} for row in verdicts],
        "advice": None if advice is None else _advice_data(advice, unit),
        "outlook": asdict(outlook),
    }


def judge_hours(
    plan: Plan, tiers: Sequence[str], *, durations: Durations, capacities: Mapping[str, int], clock: Clock
) -> list[dict[str, Any]]:
    """Each tier by itself in its working hours: elapsed minutes with a proven bound. Takes seconds: run it in a thread.

    Raises:
        QuestionUnusable: a tier or a capacity the plan does not have.
    """
    rows = []
    for tier in tiers:
        try:
            found = schedule_hours(
                plan, [tier], clock=clock, durations=durations, capacities=capacities, seconds=_SECONDS
            )
        except ValueError as error:
            raise QuestionUnusable(str(error)) from error
        told = {"elapsed_min": found.makespan_min, "lower_bound_min": found.lower_bound_min}
        rows.append({"tier": tier, **told, "proved": found.proved})
    return rows


def _advice_data(advice: Advice, unit: int) -> dict[str, Any]:
    remedy = advice.remedy
    return {
        "limit_min": advice.limit * unit,
        "is_mendable": advice.is_mendable,
        "is_exhaustive": advice.is_exhaustive,
        "remedy": None
        if remedy is None
        else {"added": dict(remedy.added), "price": remedy.price, "makespan_min": remedy.makespan * unit},
    }
