"""Plan files: read, written, refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from wartime_conversion.plan_file import REFERENCE_PLAN, PlanUnreadable, load_plan, read_plan, write_plan
from wartime_conversion.rules.drill_profile import DrillMode
from wartime_conversion.rules.plan import AcceptanceValue, LinkKind, Plan, RunRole, ValueKind, drill_tasks

SMALL = """
tiers:
- {id: t, zh: 甲, en: a, limit_days: 3, limit_source: order, calendar: '24 h', clock: starts when A is done}
crews:
  C: {zh: 组, en: crew, capacity_persons: 4}
tasks:
- {id: A, tier: t, duration_min: {optimistic: 5, likely: 10, pessimistic: 20}, crew: {C: 2}, acceptance_zh: 好}
- id: B
  tier: t
  duration_min: {optimistic: 5, likely: 10, pessimistic: 20}
  predecessors:
  - {id: A, type: SS, lag_min: 5}
  acceptance_zh: 量
  acceptance:
  - {id: co, zh: 一氧化碳, en: CO, kind: number, unit: mg/m3, most: 20}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(REFERENCE_PLAN)


def test_the_reference_plan_has_its_tasks_crews_and_openings(plan: Plan) -> None:
    assert (len(plan.tasks), len(plan.restore_tasks), len(plan.openings)) == (105, 30, 14)
    assert plan.capacities["crew.LOG"] == 16
    assert plan.capacities["equipment.FORK"] == 2
    kinds = {(link.kind, link.lag_min) for task in plan.tasks for link in task.links}
    assert kinds == {(LinkKind.FS, 0), (LinkKind.SS, 60), (LinkKind.FF, 30)}


def test_limits_keep_their_source_and_stay_to_be_confirmed(plan: Plan) -> None:
    limits = {
        tier.id: (tier.limit_days, bool(tier.limit_source), tier.limit_confirmed) for tier in plan.tiers
    }
    assert limits["early"] == (30, True, False)
    assert limits["emergency"] == (3, True, False)
    assert limits["restore"][0] is None


def test_calendars_and_clocks_are_read_from_their_wording(plan: Plan) -> None:
    hours = {tier.id: (tier.calendar.hours_per_day, tier.clock_task) for tier in plan.tiers}
    assert hours == {
        "early": (8, "E01"),
        "imminent": (12, "L01"),
        "emergency": (24, "U01"),
        "activation": (24, "U01"),
        "restore": (8, "R01"),
    }


def test_writing_and_reading_loses_nothing(plan: Plan) -> None:
    assert read_plan(write_plan(plan)) == plan


def test_writing_gives_the_same_data_as_the_file_read(plan: Plan) -> None:
    written: Any = yaml.safe_load(write_plan(plan))
    assert written == yaml.safe_load(REFERENCE_PLAN.read_text(encoding="utf-8"))


def test_an_edited_plan_survives_the_round_trip(plan: Plan) -> None:
    task = replace(
        plan.tasks[0], sign_role=RunRole.SAFETY, name_zh="改名", hold_point=True, hold_role=RunRole.SAFETY
    )
    edited = replace(plan, tasks=(task, *plan.tasks[1:]), version="0.2")
    assert read_plan(write_plan(edited)) == edited


def test_the_shared_reference_reads_and_writes_without_loss() -> None:
    path = Path(__file__).parents[2].parent / "shared" / "reference" / "conversion-plan.yaml"
    if not path.exists():
        pytest.skip("the shared reference plan is not beside this checkout")
    shared = load_plan(path)
    assert yaml.safe_load(write_plan(shared)) == yaml.safe_load(path.read_text(encoding="utf-8"))
    mine = {task.id: (task.spread, task.links, task.crew) for task in load_plan(REFERENCE_PLAN).all_tasks}
    assert {task.id: (task.spread, task.links, task.crew) for task in shared.all_tasks} == mine


def test_what_a_file_leaves_out_has_a_stated_meaning() -> None:
    small = read_plan(SMALL)
    first, second = small.tasks
    assert first.sign_role is RunRole.LEADER
    assert first.acceptance == (AcceptanceValue(id="accepted", zh="好", en="", kind=ValueKind.CONFIRM),)
    assert second.links[0].kind is LinkKind.SS
    assert read_plan(write_plan(small)) == small


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("likely: 10", "likely: ten", ["line 7", "tasks[A].duration_min.likely", "integer"]),
        ("crew: {C: 2}", "krew: {C: 2}", ["line 7", "tasks[A]", "krew"]),
        ("type: SS", "type: SX", ["line 12", "tasks[B].predecessors[A].type"]),
        ("'24 h'", "always", ["tiers[t].calendar", "hours_per_day"]),
        ("most: 20", "most: 20, least: 30", ["tasks[B].acceptance[co]", "least is above most"]),
        ("zh: 组", "zh: 组, zh: 队", ["line 5", "'zh' occurs twice"]),
        ("- id: B", "- id: [B", ["line "]),
        ("limit_days: 3", "limit_days: -3", ["tiers[t].limit_days"]),
    ],
)
def test_an_unreadable_plan_names_the_place(old: str, new: str, words: list[str]) -> None:
    assert old in SMALL
    with pytest.raises(PlanUnreadable) as refusal:
        read_plan(SMALL.replace(old, new, 1), "small.yaml")
    assert str(refusal.value).startswith("small.yaml")
    for word in words:
        assert word in str(refusal.value)


def test_a_file_that_is_not_there_or_not_text_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PlanUnreadable, match="No such file"):
        load_plan(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"meta: \xff\xfe")
    with pytest.raises(PlanUnreadable, match="not UTF-8"):
        load_plan(tmp_path / "bytes.yaml")
    with pytest.raises(PlanUnreadable, match="empty"):
        read_plan("")


@pytest.mark.parametrize(
    ("kind", "value", "met"),
    [
        (ValueKind.NUMBER, 1.0, True),
        (ValueKind.NUMBER, 1.01, False),
        (ValueKind.NUMBER, True, False),
        (ValueKind.NUMBER, "1", False),
        (ValueKind.COUNT, 1, True),
        (ValueKind.COUNT, 0.5, False),
        (ValueKind.CONFIRM, True, True),
        (ValueKind.CONFIRM, False, False),
        (ValueKind.CONFIRM, "yes", False),
        (ValueKind.TEXT, " ", False),
        (ValueKind.TEXT, "a", True),
    ],
)
def test_a_value_is_met_only_inside_its_bounds_and_kind(
    kind: ValueKind, value: float | str | bool, met: bool
) -> None:
    bounds = {"least": 0.5, "most": 1.0} if kind in (ValueKind.NUMBER, ValueKind.COUNT) else {}
    assert AcceptanceValue(id="x", zh="", en="", kind=kind, **bounds).is_met(value) is met


def test_drill_profiles_name_tasks_or_go_by_mode(plan: Plan) -> None:
    profiles = {profile.id: profile for profile in plan.drill_profiles}
    walk = drill_tasks(plan, profiles["walk512"])
    assert {task.drill.mode for task in walk} == {DrillMode.DO, DrillMode.SAMPLE}
    assert len(drill_tasks(plan, profiles["siren918"])) == 16
