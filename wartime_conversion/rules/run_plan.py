"""What a run takes from its plan version: which tasks, in which order, and with which changes."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from facility.errors import Invalid
from wartime_conversion.rules.drill_profile import DrillMode, DrillProfile
from wartime_conversion.rules.plan import LinkKind, Plan, Spread, Task, drill_tasks
from wartime_conversion.rules.release import Need, without


class EmptyRun(Invalid):
    """Nothing of the plan falls into the run."""

    code = "conversion.empty_run"


class AmendmentUnreadable(Invalid):
    """An amendment changes something a running plan may not change."""

    code = "conversion.amendment_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The tasks of one run by id in plan order, and what each waits for."""

    tasks: Mapping[str, Task]
    needs: Mapping[str, Sequence[Need]]
    openings_of: Mapping[str, tuple[str, ...]]
    before: Mapping[str, tuple[str, ...]]


AMENDABLE = {
    "likely_min",
    "crew",
    "acceptance_zh",
    "acceptance_en",
    "name_zh",
    "name_en",
    "two_person",
    "hold_point",
}


def profile_of(plan: Plan, profile_id: str | None) -> DrillProfile | None:
    """Find a drill profile.

    Raises:
        Invalid: the plan has no such profile.
    """
    if profile_id is None:
        return None
    for profile in plan.drill_profiles:
        if profile.id == profile_id:
            return profile
    raise Invalid(f"the plan has no drill profile {profile_id!r}")


def tasks_of_run(
    plan: Plan, purpose: str, tiers: Iterable[str], profile: DrillProfile | None
) -> tuple[Task, ...]:
    """Choose the tasks: a profile's, or every task of the purpose in the tiers.

    Raises:
        EmptyRun: there is none.
    """
    wanted = set(tiers)
    if profile is not None:
        chosen = drill_tasks(plan, profile)
    else:
        pool = plan.restore_tasks if purpose == "restoration" else plan.tasks
        chosen = tuple(task for task in pool if task.tier in wanted)
    if not chosen:
        raise EmptyRun("the plan has no task for this run", tiers=sorted(wanted))
    return chosen


def run_plan(
    plan: Plan, codes: Sequence[str], lag_scale: float, amendments: Sequence[Mapping[str, Any]]
) -> RunPlan:
    """Lay out a run.

    Args:
        plan: the pinned version.
        codes: the run's tasks.
        lag_scale: what a waiting time of the plan is multiplied by, 1 in an actual run.
        amendments: the run's changes, oldest first: `{"task", "change": {...}}`.
    """
    by_id = {task.id: task for task in plan.all_tasks}
    all_needs = {
        task.id: [_need(link.task_id, link.kind, link.lag_min, lag_scale) for link in task.links]
        for task in by_id.values()
    }
    tasks = {code: by_id[code] for code in codes}
    for item in amendments:
        if item["task"] in tasks:
            tasks[item["task"]] = amended(tasks[item["task"]], item["change"])
    return RunPlan(
        tasks=tasks,
        needs=without(all_needs, list(codes)),
        openings_of={code: tuple(o.id for o in plan.openings if code in o.closed_by) for code in codes},
        before={
            code: tuple(s.first for s in plan.safety_orders if s.then == code and s.first in tasks)
            for code in codes
        },
    )


def amended(task: Task, change: Mapping[str, Any]) -> Task:
    """Apply one amendment to a task; links, safety orders and effects stay as published.

    Raises:
        AmendmentUnreadable: the change names anything else, or is empty.
    """
    if not change or not set(change) <= AMENDABLE:
        raise AmendmentUnreadable(
            f"an amendment may change {', '.join(sorted(AMENDABLE))}", change=dict(change)
        )
    fields = {key: value for key, value in change.items() if key != "likely_min"}
    if "likely_min" in change:
        likely_min = int(change["likely_min"])
        if likely_min < 1:
            raise AmendmentUnreadable("a duration is at least one minute", likely_min=likely_min)
        fields["spread"] = Spread(
            optimistic_min=min(task.spread.optimistic_min, likely_min),
            likely_min=likely_min,
            pessimistic_min=max(task.spread.pessimistic_min, likely_min),
        )
    return dataclasses.replace(task, **fields)


def drill_lag_scale(tasks: Sequence[Task]) -> float:
    """How much shorter a drill is than the work it stands for: drill minutes over likely minutes, at most 1."""
    likely_min = sum(task.spread.likely_min for task in tasks)
    drill_min = sum(task.drill.minutes for task in tasks)
    return min(1.0, drill_min / likely_min) if likely_min else 1.0


def is_sample(task: Task, *, is_actual: bool) -> bool:
    """Whether a run does only a part of the task's quantity."""
    return not is_actual and task.drill.mode is not DrillMode.DO


def _need(task: str, kind: LinkKind, lag_min: int, scale: float) -> Need:
    return Need(task=task, kind=kind, lag=timedelta(seconds=round(lag_min * 60 * scale)))
