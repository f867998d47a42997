"""The lint of plans: every fault is found, and a sound plan has none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan, read_plan
from wartime_conversion.rules.plan import Link, LinkKind, Plan, Task
from wartime_conversion.rules.plan_check import plan_faults
from wartime_conversion.rules.plan_links import find_cycles, fs_reach, redundant_links

Data = dict[str, Any]


@pytest.fixture(scope="module")
def text() -> str:
    return REFERENCE_PLAN.read_text(encoding="utf-8")


@pytest.fixture
def data(text: str) -> Data:
    loaded: Data = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded


def task_of(data: Data, task_id: str) -> Data:
    found: Data = next(task for task in data["tasks"] + data["restore_tasks"] if task["id"] == task_id)
    return found


def fs(task_id: str) -> Data:
    return {"id": task_id, "type": "FS", "lag_min": 0}


def faults_of(data: Data) -> list[tuple[str, str]]:
    plan = read_plan(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True))
    return [(fault.code, fault.place) for fault in plan_faults(plan)]


def test_the_reference_plan_has_no_faults(data: Data) -> None:
    assert faults_of(data) == []


def _cycle(data: Data) -> None:
    task_of(data, "E02")["predecessors"].append(fs("E05"))


def _redundant(data: Data) -> None:
    task_of(data, "E05")["predecessors"].append(fs("E02"))


def _twice(data: Data) -> None:
    task_of(data, "E05")["predecessors"].append(fs("E03"))


def _no_acceptance(data: Data) -> None:
    task = task_of(data, "E20")
    del task["acceptance_zh"], task["acceptance_en"]


def _crew(data: Data) -> None:
    task_of(data, "L03")["crew"]["CIV"] = 15


def _equipment(data: Data) -> None:
    task_of(data, "L04")["equipment"]["HOIST"] = 3


def _opening(data: Data) -> None:
    data["openings"][0]["closed_by"] = []


def _opening_task(data: Data) -> None:
    data["openings"][0]["closed_by"] = ["L99"]


def _limit(data: Data) -> None:
    data["tiers"][0]["limit_source"] = ""


def _no_limit_source(data: Data) -> None:
    del data["tiers"][1]["limit_source"]


def _link(data: Data) -> None:
    task_of(data, "E05")["predecessors"] = [fs("E99")]


def _order(data: Data) -> None:
    task_of(data, "U08")["predecessors"] = [fs("U02")]


def _durations(data: Data) -> None:
    task_of(data, "U08")["duration_min"]["optimistic"] = 45


def _id(data: Data) -> None:
    task_of(data, "R30")["id"] = "E01"


def _source(data: Data) -> None:
    task_of(data, "E01")["sources"] = ["S77 5.1"]


def _inject(data: Data) -> None:
    data["injects"][0]["at_task"] = "U77"


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_cycle, ("cycle", "tasks[E02].predecessors")),
        (_redundant, ("redundant_link", "tasks[E05].predecessors[E02]")),
        (_twice, ("redundant_link", "tasks[E05].predecessors[E03]")),
        (_no_acceptance, ("no_acceptance", "tasks[E20]")),
        (_crew, ("crew_over_capacity", "tasks[L03].crew[CIV]")),
        (_equipment, ("equipment_over_capacity", "tasks[L04].equipment[HOIST]")),
        (_opening, ("opening_not_closed", "openings[K1]")),
        (_opening_task, ("unknown_task", "openings[K1].closed_by")),
        (_limit, ("limit_without_source", "tiers[early].limit_days")),
        (_no_limit_source, ("limit_without_source", "tiers[imminent].limit_days")),
        (_link, ("unknown_task", "tasks[E05].predecessors[E99]")),
        (_order, ("safety_order_open", "safety_orders[SO-2]")),
        (_durations, ("durations_out_of_order", "tasks[U08].duration_min")),
        (_id, ("duplicate_id", "tasks[E01]")),
        (_source, ("unknown_source", "tasks[E01].sources")),
        (_inject, ("unknown_task", "injects[J01].at_task")),
    ],
)
def test_a_spoilt_plan_is_faulted_at_the_place(
    data: Data, spoil: Callable[[Data], None], fault: tuple[str, str]
) -> None:
    spoil(data)
    assert fault in faults_of(data)


def test_a_cycle_is_named_in_the_order_of_waiting(data: Data) -> None:
    _cycle(data)
    plan = read_plan(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True))
    assert [set(cycle) for cycle in find_cycles(plan.all_tasks)] == [{"E02", "E03", "E05"}]


def _with_links(plan: Plan, links: dict[int, set[tuple[int, LinkKind]]]) -> tuple[Task, ...]:
    some = plan.tasks[:12]
    return tuple(
        replace(
            task,
            links=tuple(
                Link(task_id=some[need].id, kind=kind, lag_min=0)
                for need, kind in sorted(links.get(at, set()))
            ),
        )
        for at, task in enumerate(some)
    )


@settings(deadline=None, max_examples=60)
@given(
    links=st.dictionaries(
        st.integers(1, 11),
        st.sets(st.tuples(st.integers(0, 10), st.sampled_from(list(LinkKind))), max_size=4),
    )
)
def test_removing_a_redundant_link_leaves_what_every_task_waits_for(
    links: dict[int, set[tuple[int, LinkKind]]],
) -> None:
    forward = {at: {pair for pair in pairs if pair[0] < at} for at, pairs in links.items()}
    tasks = _with_links(load_plan_once(), forward)
    assert find_cycles(tasks) == ()
    for task, link, _ in redundant_links(tasks):
        if link.kind is not LinkKind.FS:
            continue
        rest = replace(task, links=tuple(other for other in task.links if other is not link))
        without = tuple(rest if other.id == task.id else other for other in tasks)
        assert fs_reach(without, task.id) == fs_reach(tasks, task.id)


_PLANS: list[Plan] = []


def load_plan_once() -> Plan:
    if not _PLANS:
        _PLANS.append(load_plan(REFERENCE_PLAN))
    return _PLANS[0]
