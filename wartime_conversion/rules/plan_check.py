"""Find the faults of a conversion plan before anybody relies on it.

A fault names its place the way the file does (`tasks[E05].predecessors[E03]`) and is worded for the person who mends
the plan. A plan without faults can be published; the schedule and a run may then take its references for granted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wartime_conversion.rules.plan import Named, Plan, Task
from wartime_conversion.rules.plan_links import find_cycles, fs_reach, redundant_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: a stable `code`, its `place` in the file, and what is wrong in one sentence."""

    code: str
    place: str
    detail: str


def _ids(rows: Iterable[Named]) -> set[str]:
    return {row.id for row in rows}


def _duplicates(plan: Plan) -> Iterator[Fault]:
    registers: dict[str, list[str]] = {
        "tasks": [task.id for task in plan.all_tasks],
        "tiers": [row.id for row in plan.tiers],
        "openings": [row.id for row in plan.openings],
        "components": [row.id for row in plan.components],
        "drill_profiles": [row.id for row in plan.drill_profiles],
        "injects": [row.id for row in plan.injects],
    }
    for register, ids in registers.items():
        for name, count in Counter(ids).items():
            if count > 1:
                yield Fault(
                    code="duplicate_id", place=f"{register}[{name}]", detail=f"id occurs {count} times"
                )


def _unknown(place: str, what: str, names: Iterable[str], known: set[str]) -> Iterator[Fault]:
    for name in names:
        if name not in known:
            yield Fault(code=f"unknown_{what}", place=place, detail=f"no {what} {name!r} in the plan")


def _task_references(plan: Plan) -> Iterator[Fault]:
    tiers = {tier.id for tier in plan.tiers}
    crews, pieces, materials = _ids(plan.crews), _ids(plan.equipment), _ids(plan.materials)
    zones, hazards = _ids(plan.zones), _ids(plan.hazards)
    tasks = {task.id for task in plan.all_tasks}
    for task in plan.all_tasks:
        place = f"tasks[{task.id}]"
        yield from _unknown(f"{place}.tier", "tier", [task.tier], tiers)
        yield from _unknown(f"{place}.zone", "zone", [task.zone] if task.zone else [], zones)
        yield from _unknown(f"{place}.crew", "crew", task.crew, crews)
        yield from _unknown(f"{place}.equipment", "equipment", task.equipment, pieces)
        yield from _unknown(f"{place}.materials", "material", task.materials, materials)
        yield from _unknown(f"{place}.hazards", "hazard", task.hazards, hazards)
        for link in task.links:
            yield from _unknown(f"{place}.predecessors[{link.task_id}]", "task", [link.task_id], tasks)


def _other_references(plan: Plan) -> Iterator[Fault]:
    tasks = {task.id for task in plan.all_tasks}
    openings = {row.id for row in plan.openings}
    for row in plan.openings:
        yield from _unknown(f"openings[{row.id}].closed_by", "task", row.closed_by, tasks)
        yield from _unknown(f"openings[{row.id}].reopened_by", "task", row.reopened_by, tasks)
    for component in plan.components:
        yield from _unknown(
            f"components[{component.id}].opening", "opening", [component.opening_id], openings
        )
    for tier in plan.tiers:
        yield from _unknown(
            f"tiers[{tier.id}].clock", "task", [tier.clock_task] if tier.clock_task else [], tasks
        )
    for profile in plan.drill_profiles:
        yield from _unknown(f"drill_profiles[{profile.id}].tasks", "task", profile.task_ids, tasks)
        tables = {table.id for table in plan.timetables}
        anchors = [profile.anchor] if profile.anchor else []
        yield from _unknown(f"drill_profiles[{profile.id}].anchor", "timetable", anchors, tables)
    for inject in plan.injects:
        yield from _unknown(f"injects[{inject.id}].at_task", "task", [inject.at_task], tasks)


def _cycles(plan: Plan) -> Iterator[Fault]:
    for cycle in find_cycles(plan.all_tasks):
        path = " -> ".join((*cycle, cycle[0]))
        yield Fault(
            code="cycle", place=f"tasks[{cycle[0]}].predecessors", detail=f"tasks wait for each other: {path}"
        )


def _redundant(plan: Plan) -> Iterator[Fault]:
    """Links that add nothing; not told while there are cycles, inside which every link implies every other."""
    if find_cycles(plan.all_tasks):
        return
    for task, link, through in redundant_links(plan.all_tasks):
        way = f"already implied through {through}" if through else "listed twice"
        place = f"tasks[{task.id}].predecessors[{link.task_id}]"
        yield Fault(
            code="redundant_link", place=place, detail=f"{link.kind} link from {link.task_id} is {way}"
        )


def _demands(plan: Plan, task: Task) -> Iterator[Fault]:
    capacities = plan.capacities
    for register, wanted in (("crew", task.crew), ("equipment", task.equipment)):
        for name, count in wanted.items():
            capacity = capacities.get(f"{register}.{name}")
            if capacity is not None and count > capacity:
                yield Fault(
                    code=f"{register}_over_capacity",
                    place=f"tasks[{task.id}].{register}[{name}]",
                    detail=f"wants {count} of {name}, which has {capacity}",
                )


def _task_content(plan: Plan) -> Iterator[Fault]:
    for task in plan.all_tasks:
        place = f"tasks[{task.id}]"
        if not task.acceptance:
            yield Fault(
                code="no_acceptance",
                place=place,
                detail="says neither in words nor in values when it is done",
            )
        for name, count in Counter(value.id for value in task.acceptance).items():
            if count > 1:
                at = f"{place}.acceptance[{name}]"
                yield Fault(code="duplicate_id", place=at, detail=f"id occurs {count} times")
        spread = task.spread
        if not spread.optimistic_min <= spread.likely_min <= spread.pessimistic_min:
            yield Fault(
                code="durations_out_of_order",
                place=f"{place}.duration_min",
                detail=f"{spread.optimistic_min}, {spread.likely_min}, {spread.pessimistic_min} do not rise",
            )
        if task.two_person and 0 < sum(task.crew.values()) < 2 and not task.hold_point:
            yield Fault(code="two_person_short", place=place, detail="wants two people but has a crew of one")
        yield from _demands(plan, task)


def _openings(plan: Plan) -> Iterator[Fault]:
    for row in plan.openings:
        if not row.closed_by:
            yield Fault(
                code="opening_not_closed",
                place=f"openings[{row.id}]",
                detail="no task brings it into its wartime state",
            )


def _limits(plan: Plan) -> Iterator[Fault]:
    for tier in plan.tiers:
        if tier.limit_days is not None and not tier.limit_source.strip():
            yield Fault(
                code="limit_without_source",
                place=f"tiers[{tier.id}].limit_days",
                detail=f"a limit of {tier.limit_days} days with no source",
            )


def _sources(plan: Plan) -> Iterator[Fault]:
    if not plan.sources:
        return
    for task in plan.all_tasks:
        codes = [source.split()[0] for source in task.sources if source.split()]
        yield from _unknown(f"tasks[{task.id}].sources", "source", codes, set(plan.sources))
        if not codes:
            yield Fault(
                code="task_without_source", place=f"tasks[{task.id}]", detail="its figures name no source"
            )


def _safety_orders(plan: Plan) -> Iterator[Fault]:
    tasks = {task.id for task in plan.all_tasks}
    for row in plan.safety_orders:
        place = f"safety_orders[{row.id}]"
        missing = [name for name in (row.first, row.then) if name not in tasks]
        yield from _unknown(place, "task", missing, tasks)
        if not missing and row.first not in fs_reach(plan.all_tasks, row.then):
            yield Fault(
                code="safety_order_open",
                place=place,
                detail=f"no chain of finish-start links makes {row.then} wait for {row.first} ({row.en})",
            )


_CHECKS: tuple[Callable[[Plan], Iterator[Fault]], ...] = (
    _duplicates,
    _task_references,
    _other_references,
    _cycles,
    _redundant,
    _task_content,
    _openings,
    _limits,
    _sources,
    _safety_orders,
)


def plan_faults(plan: Plan) -> tuple[Fault, ...]:
    """Every fault of a plan, in the order of the checks; empty where the plan may be published."""
    return tuple(fault for check in _CHECKS for fault in check(plan))
