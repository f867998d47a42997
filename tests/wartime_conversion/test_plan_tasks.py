"""Tasks added, changed and taken away on a screen: the file keeps its comments, and file and screen say the same."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API
from wartime_conversion.pages import WEB
from wartime_conversion.plan_data import plan_to_data
from wartime_conversion.plan_file import REFERENCE_PLAN, read_plan, write_plan
from wartime_conversion.plan_library.edit import (
    EntryStands,
    TaskWanted,
    TierOfOtherWay,
    add_entry,
    edit_entry,
    remove_entry,
)
from wartime_conversion.plan_library.http import _CHOICES
from wartime_conversion.plan_library.lines import spans, text_of
from wartime_conversion.rules.plan_check import plan_faults
from wartime_conversion.rules.plan_links import task_users

SMALL = """\
# head of the file
tiers:
- {id: early, zh: 早期, en: early, limit_days: 30, limit_source: S, calendar: 8 h a day}
- {id: restore, zh: 恢复, en: restore, limit_days: null, calendar: 8 h a day}
zones:
  # where nobody is
  'OFF': {zh: 场外, en: off site}
crews:
  DOR: {zh: 门组, en: doors, capacity_persons: 4}  # the night shift counts too
hazards:
  PIT: {zh: 坠坑, en: fall}
  CO: {zh: 一氧化碳, en: CO}
tasks:
# the first thing of all
- id: A1
  tier: early
  name_zh: 关门
  name_en: "Close"  # quoted on purpose
  duration_min: {optimistic: 10, likely: 20, pessimistic: 30}
  crew: {DOR: 2}
  acceptance:
  # measured with the steel rule
  - {id: gap, zh: 缝隙, en: gap, kind: number, unit: mm, most: 2}  # from the drawing
  - {id: shut, zh: 已关, en: shut, kind: confirm}
  hazards:
  - PIT

# then the second
- id: A2
  tier: early
  acceptance_zh: 完
  duration_min: {optimistic: 1, likely: 2, pessimistic: 3}
  predecessors:
  - {id: A1}
# the way back begins here
restore_tasks:
- id: R1
  tier: restore
  acceptance_zh: 完
  duration_min: {optimistic: 1, likely: 2, pessimistic: 3}
# foot of the file
"""
NEW = {
    "tier": "early",
    "name_zh": "新",
    "name_en": "yes",
    "duration_min": {"optimistic": 5, "likely": 6, "pessimistic": 9},
    "predecessors": [{"id": "A2", "type": "SS", "lag_min": -5}],
    "crew": {"DOR": 1},
    "sign_role": None,
    "sources": ["A"],
}
SPAN = next(span for span in spans(SMALL, "tasks") if span.id == "A1")
REFERENCE = REFERENCE_PLAN.read_text(encoding="utf-8")


def comments(text: str) -> list[str]:
    return re.findall(r"#.*", text)


def task(text: str, name: str) -> dict[str, Any]:
    data = yaml.safe_load(text)
    return next(row for row in data["tasks"] + data["restore_tasks"] if row["id"] == name)


def test_a_task_is_added_behind_the_last_of_its_stage_and_taken_away_without_a_trace() -> None:
    more = add_entry(SMALL, "tasks", "A3", NEW)
    assert comments(more) == comments(SMALL)
    assert [row.id for row in read_plan(more).tasks] == ["A1", "A2", "A3"]
    assert more.index("- id: A3") < more.index("# the way back")
    assert read_plan(more).task("A3").name_en == "yes"
    assert remove_entry(more, "tasks", "A3") == SMALL
    back = add_entry(SMALL, "tasks", "R2", NEW | {"tier": "restore", "predecessors": []})
    assert [row.id for row in read_plan(back).restore_tasks] == ["R1", "R2"]
    assert back.rstrip().endswith("# foot of the file")
    with pytest.raises(EntryStands):
        add_entry(SMALL, "tasks", "R1", NEW)


def test_taking_a_task_away_keeps_the_comments_that_stand_around_it() -> None:
    fewer = remove_entry(SMALL, "tasks", "A2")
    assert [row.id for row in read_plan(fewer).tasks] == ["A1"]
    assert comments(fewer) == comments(SMALL)


def test_a_task_that_the_plan_names_is_not_taken_away() -> None:
    with pytest.raises(TaskWanted) as refused:
        remove_entry(SMALL, "tasks", "A1")
    assert refused.value.facts["users"] == ["A2"]
    with pytest.raises(TaskWanted) as refused:
        remove_entry(REFERENCE, "tasks", "E01")
    assert {"early", "E02"} <= {*task_users(read_plan(REFERENCE), "E01")}


def test_a_task_does_not_cross_from_conversion_to_restoration_by_its_stage() -> None:
    with pytest.raises(TierOfOtherWay):
        edit_entry(SMALL, "tasks", "A2", {"tier": "restore"})


def test_values_hazards_and_flags_change_and_every_comment_and_other_line_stays() -> None:
    gap: dict[str, Any] = {
        "id": "gap",
        "zh": "缝隙",
        "en": "gap",
        "kind": "number",
        "unit": "mm",
        "least": 0,
        "most": 1.5,
    }
    lamp = {"id": "lamp", "zh": "灯", "en": "lamp", "kind": "count", "least": 2}
    fields: dict[str, Any] = {
        "acceptance": [gap, lamp],
        "hazards": ["PIT", "CO"],
        "zone": "OFF",
        "evidence": ["photo"],
        "effects": ["bays_clear"],
        "hold_point": True,
        "two_person": True,
        "sign_role": "safety",
        "hold_role": "inspector",
        "drill": {"mode": "do", "minutes": 7},
    }
    edited = edit_entry(SMALL, "tasks", "A1", fields)
    assert {key: task(edited, "A1")[key] for key in fields} == fields
    assert comments(edited) == comments(SMALL)
    before, after = SMALL.split("# then the second"), edited.split("# then the second")
    assert after[1] == before[1] and after[0].startswith(before[0][: before[0].index("tasks:")])
    undone: dict[str, Any] = {key: None for key in fields} | {
        "acceptance": task(SMALL, "A1")["acceptance"],
        "hazards": ["PIT"],
    }
    assert read_plan(edit_entry(edited, "tasks", "A1", undone)) == read_plan(SMALL)


names = st.text("ab12:-.# 年yesnoOF", min_size=1, max_size=12)
value = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["gap", "shut", "lamp", "no"]),
        "zh": names,
        "en": names,
        "kind": st.just("number"),
    },
    optional={"unit": names, "least": st.integers(-9, 0), "most": st.floats(0, 9), "source": names},
)


@settings(max_examples=40, deadline=None)
@given(st.lists(value, max_size=4, unique_by=lambda row: row["id"]), st.sampled_from(["tasks", "new"]))
def test_whatever_values_a_screen_sends_the_file_says_and_reads_back(
    values: list[dict[str, Any]], way: str
) -> None:
    edited = (
        edit_entry(SMALL, "tasks", "A1", {"acceptance": values})
        if way == "tasks"
        else add_entry(SMALL, "tasks", "A3", NEW | {"acceptance": values})
    )
    assert task(edited, "A1" if way == "tasks" else "A3")["acceptance"] == values
    plan = read_plan(edited)
    assert read_plan(write_plan(plan)) == plan
    outside = [line for line in comments(SMALL) if line not in comments(text_of(SMALL, SPAN))]
    assert [line for line in comments(edited) if line in outside] == outside


def test_an_entry_tied_to_an_anchor_elsewhere_is_changed_all_the_same() -> None:
    tied = SMALL.replace("duration_min: {o", "duration_min: &short {o", 1)
    tied = tied.replace("duration_min: {optimistic: 1, likely: 2, pessimistic: 3}", "duration_min: *short", 1)
    edited = edit_entry(tied, "tasks", "A2", {"hazards": ["CO"]})
    assert read_plan(edited).task("A2").hazards == ("CO",)
    assert read_plan(edited).task("A2").spread == read_plan(tied).task("A1").spread


def test_the_same_value_twice_is_a_fault_of_the_plan() -> None:
    shut = task(SMALL, "A1")["acceptance"][1]
    twice = read_plan(edit_entry(SMALL, "tasks", "A1", {"acceptance": [shut, shut]}))
    assert ("duplicate_id", "tasks[A1].acceptance[shut]") in {(f.code, f.place) for f in plan_faults(twice)}


async def test_file_to_screen_to_file_is_lossless_over_the_routes(hands: dict[str, Hand]) -> None:
    boss = hands["commander"].client
    await boss.get(f"{API}/plans")
    base = f"{API}/plans/reference/draft"
    before = (await boss.get(base)).json()["source"]
    fields = NEW | {"predecessors": [{"id": "U09"}], "tier": "emergency", "crew": {"DOR": 2}}
    new = await boss.post(f"{base}/tasks/U90", json={"fields": fields, "revision": 0})
    assert (new.status_code, new.json()) == (201, {"revision": 1})
    told = (await boss.get(f"{base}/values")).json()
    assert [f["fault"] for f in told["faults"]] == ["no_acceptance"]
    assert told["choices"] == _CHOICES
    values = [{"id": "gap", "zh": "缝", "en": "gap", "kind": "number", "unit": "mm", "most": 2}]
    body = {"fields": {"acceptance": values, "hazards": ["PIT"]}, "revision": 1}
    assert (await boss.patch(f"{base}/tasks/U90", json=body)).status_code == 200
    told = (await boss.get(f"{base}/values")).json()
    assert told["faults"] == []
    source = (await boss.get(base)).json()["source"]
    again = await boss.put(base, json={"source": source, "revision": 2})  # the file down and up
    assert again.json() == {"revision": 3}
    assert (await boss.get(f"{base}/values")).json()["plan"] == told["plan"]
    assert plan_to_data(read_plan(source))["tasks"][-1]["acceptance"] == values
    wanted = (await boss.delete(f"{base}/tasks/U09?revision=3")).json()
    assert wanted["code"] == "conversion.plan_task_wanted"
    assert "U90" in wanted["facts"]["users"]
    bad = values[0] | {"least": 3}
    refused = await boss.patch(f"{base}/tasks/U90", json={"fields": {"acceptance": [bad]}, "revision": 3})
    assert "least is above most" in refused.json()["detail"]
    assert (await boss.delete(f"{base}/tasks/U90?revision=3")).json() == {"revision": 4}
    assert (await boss.get(base)).json()["source"] == before


def test_the_page_has_a_word_for_every_choice() -> None:
    words = "".join((WEB / name).read_text(encoding="utf-8") for name in ("plan_text.js", "text.js"))
    prefixes = {"kinds": "kind", "effects": "eff", "roles": "role", "drill_modes": "drm"}
    for group, ids in _CHOICES.items():
        for name in ids:
            assert f" {prefixes[group]}_{name}: [" in words, name
    plan = read_plan(REFERENCE)
    for name in {name for row in plan.all_tasks for name in row.evidence}:
        assert f" evd_{name}: [" in words, name
