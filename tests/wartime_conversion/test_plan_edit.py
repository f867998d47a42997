"""Editing a plan entry by entry: comments and every untouched line stay, both ways, without loss."""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API
from wartime_conversion.pages import WEB
from wartime_conversion.plan_file import REFERENCE_PLAN, read_plan, write_plan
from wartime_conversion.plan_library.edit import (
    EntryMissing,
    EntryStands,
    add_entry,
    edit_entry,
    remove_entry,
)
from wartime_conversion.rules.plan import Link, LinkKind, Opening, Plan, Task
from wartime_conversion.rules.plan_check import plan_faults

SOURCE = REFERENCE_PLAN.read_text(encoding="utf-8")
PLAN = read_plan(SOURCE)
COMMENTS = [line for line in SOURCE.splitlines() if line.startswith("#")]


def changed_lines(before: str, after: str) -> list[str]:
    return sorted(set(before.splitlines()) ^ set(after.splitlines()))


@pytest.mark.parametrize(
    ("register", "entry", "fields", "reads_back"),
    [
        ("openings", "K3", {"size_m": "1.5 x 2.1"}, lambda plan: _row(plan.openings, "K3").size_m == "1.5 x 2.1"),
        ("components", "CP-K2", {"stored_at": "A-03"}, lambda plan: _row(plan.components, "CP-K2").stored_at == "A-03"),
        ("crews", "ELE", {"capacity_persons": 9}, lambda plan: plan.capacities["crew.ELE"] == 9),
        ("equipment", "FORK", {"capacity": 3}, lambda plan: plan.capacities["equipment.FORK"] == 3),
        ("materials", "m_seal", {"unit": "roll"}, lambda plan: _row(plan.materials, "m_seal").unit == "roll"),
        ("tasks", "E13", {"equipment": {"TOW": None, "FORK": 1}},
          lambda plan: _row(plan.tasks, "E13").equipment == {"FORK": 1}),
    ],
)  # fmt: skip
def test_an_entry_changed_on_a_screen_leaves_comments_and_everything_else(
    register: str, entry: str, fields: dict[str, Any], reads_back: Callable[[Plan], bool]
) -> None:
    edited = edit_entry(SOURCE, register, entry, fields)
    assert reads_back(read_plan(edited))
    assert [line for line in edited.splitlines() if line.startswith("#")] == COMMENTS
    assert len(changed_lines(untouched(), edited)) <= 6


def test_a_file_passed_through_the_editor_is_the_same_plan() -> None:
    assert read_plan(untouched()) == PLAN
    assert read_plan(write_plan(PLAN)) == PLAN


@functools.cache
def untouched() -> str:
    """The file once through the editor with nothing changed: how it breaks lines."""
    return edit_entry(SOURCE, "crews", "ELE", {})


def _row(rows: Iterable[Any], key: str) -> Any:
    return next(row for row in rows if row.id == key)


def test_an_entry_is_added_once_and_taken_away_again() -> None:
    fields = {"zh": "升降车", "en": "lift", "capacity": 1}
    more = add_entry(SOURCE, "equipment", "LIFT", fields)
    assert read_plan(more).capacities["equipment.LIFT"] == 1
    with pytest.raises(EntryStands):
        add_entry(more, "equipment", "LIFT", fields)
    assert read_plan(remove_entry(more, "equipment", "LIFT")) == PLAN
    opening = {"zh": "新孔", "en": "new", "size_m": "1 x 1", "peacetime": "open", "wartime": "closed"}
    wider = add_entry(SOURCE, "openings", "X9", opening)
    assert [f.code for f in plan_faults(read_plan(wider))] == ["opening_not_closed"]
    assert read_plan(remove_entry(wider, "openings", "X9")) == PLAN
    for call in (
        lambda: edit_entry(SOURCE, "openings", "nowhere", {}),
        lambda: add_entry(SOURCE, "x", "y", {}),
    ):
        with pytest.raises(EntryMissing):
            call()  # fmt: skip


async def test_registers_of_the_draft_are_edited_over_the_routes(hands: dict[str, Hand]) -> None:
    boss = hands["commander"].client
    await boss.get(f"{API}/plans")
    base = f"{API}/plans/reference/draft"
    body = {"fields": {"stored_at": "A-03"}, "revision": 0}
    assert (await boss.patch(f"{base}/components/CP-K2", json=body)).json() == {"revision": 1}
    new = {"fields": {"zh": "升降车", "en": "lift", "capacity": 1}, "revision": 1}
    assert (await boss.post(f"{base}/equipment/LIFT", json=new)).status_code == 201
    told = (await boss.get(f"{base}/values")).json()["plan"]
    assert next(c["stored_at"] for c in told["components"] if c["id"] == "CP-K2") == "A-03"
    assert (await boss.delete(f"{base}/equipment/LIFT?revision=2")).json() == {"revision": 3}
    stale = await boss.delete(f"{base}/equipment/FORK?revision=2")
    assert stale.json()["code"] == "conversion.draft_moved_on"
    assert COMMENTS[0] in (await boss.get(base)).json()["source"]


def broken(plan: Plan) -> dict[str, Plan]:
    """A plan with each fault that the check knows."""

    def task(name: str, **more: Any) -> Plan:
        tasks = tuple(replace(t, **more) if t.id == name else t for t in plan.tasks)
        return replace(plan, tasks=tasks)

    def link(name: str, kind: LinkKind = LinkKind.FS) -> Link:
        return Link(task_id=name, kind=kind, lag_min=0)

    def of(name: str) -> Task:
        return next(t for t in plan.tasks if t.id == name)

    opening: Opening = plan.openings[0]
    first = of("E01")
    tiers = tuple(replace(t, limit_source="") for t in plan.tiers)
    return {
        "cycle": task("E01", links=(link("E03"),)),
        "redundant_link": task("E05", links=(*of("E05").links, *of("E05").links)),
        "no_acceptance": task("E01", acceptance=(), acceptance_zh="", acceptance_en=""),
        "crew_over_capacity": task("E01", crew={"CMD": 99}),
        "equipment_over_capacity": task("E01", equipment={"FORK": 99}),
        "opening_not_closed": replace(plan, openings=(replace(opening, closed_by=()), *plan.openings[1:])),
        "limit_without_source": replace(plan, tiers=tiers),
        "duplicate_id": replace(plan, tasks=(*plan.tasks, first)),
        "unknown_task": task("E01", links=(link("ZZ9"),)),
        "unknown_crew": task("E01", crew={"ZZ": 1}),
        "unknown_equipment": task("E01", equipment={"ZZ": 1}),
        "unknown_material": task("E01", materials={"ZZ": 1}),
        "unknown_zone": task("E01", zone="ZZ"),
        "unknown_tier": task("E01", tier="ZZ"),
        "unknown_hazard": task("E01", hazards=("ZZ",)),
        "unknown_opening": replace(
            plan, components=(replace(plan.components[0], opening_id="ZZ"), *plan.components[1:])
        ),
        "unknown_source": task("E01", sources=("ZZ",)),
        "unknown_timetable": replace(
            plan, drill_profiles=tuple(replace(p, anchor="ZZ") for p in plan.drill_profiles)
        ),
        "durations_out_of_order": task("E01", spread=replace(first.spread, likely_min=9999)),
        "two_person_short": task("E01", two_person=True, hold_point=False, crew={"CMD": 1}),
        "task_without_source": task("E01", sources=()),
        "safety_order_open": task("U09", links=()),
    }


def sentences() -> list[re.Pattern[str]]:
    """The patterns by which the page says a fault in Chinese."""
    text = (WEB / "plan_faults.js").read_text(encoding="utf-8")
    return [re.compile(found) for found in re.findall(r"^  \[/(.+?)/, ", text, re.MULTILINE)]


@pytest.mark.parametrize("code", sorted(broken(PLAN)))
def test_every_kind_of_fault_is_found_written_to_a_file_and_said_in_chinese(code: str) -> None:
    plan = broken(PLAN)[code]
    found = plan_faults(read_plan(write_plan(plan)))
    assert code in {fault.code for fault in found}
    patterns = sentences()
    for fault in found:
        assert any(p.match(fault.detail) for p in patterns), fault.detail


def test_the_list_of_faults_here_is_the_whole_list() -> None:
    source = (WEB.parent / "rules" / "plan_check.py").read_text(encoding="utf-8")
    named = set(re.findall(r'code="(\w+)"', source)) | {
        f"unknown_{what}" for what in re.findall(r'_unknown\(\s*[^,]+?,\s*"(\w+)"', source)
    }
    named |= {"crew_over_capacity", "equipment_over_capacity"}
    assert named == set(broken(PLAN))
