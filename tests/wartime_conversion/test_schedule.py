"""The scheduler: critical path, list schedules, exact schedules, and the reference plan's expected values."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings

from facility.clock import SystemClock
from tests.wartime_conversion.problems import problems
from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.rules.plan import Durations, Plan
from wartime_conversion.rules.schedule import (
    Lag,
    Problem,
    check_schedule,
    critical_activities,
    energy_bound,
    makespan_of,
)
from wartime_conversion.rules.schedule_events import EventScheduler
from wartime_conversion.rules.schedule_list import Justifier, ListScheduler, priority_order
from wartime_conversion.rules.schedule_parts import split_at_cuts
from wartime_conversion.rules.schedule_plan import capacity_key, plan_problem
from wartime_conversion.schedule_side import SideSearch
from wartime_conversion.schedule_solve import Unschedulable, solve

JOINED = {
    "emer_plus_act": "emergency+activation",
    "all_forward": "early+imminent+emergency+activation",
    "compressed_imm_emer": "imminent+emergency+activation",
}
PLAN = load_plan(REFERENCE_PLAN)
EXPECTED: dict[str, Any] = dict(PLAN.checks)["expected_schedule_hours_continuous"]  # type: ignore[assignment]

CHAIN = Problem(
    names=("A", "B", "C", "D"),
    durations=(3, 2, 4, 1),
    demands=({0: 1}, {0: 1}, {0: 1}, {}),
    lags=(Lag(before=0, after=1, units=3), Lag(before=0, after=2, units=3), Lag(before=1, after=3, units=2)),
    capacities=(1,),
    resources=("crew",),
)


def solved(problem: Problem, **more: Any) -> Any:
    return solve(problem, seconds=5, workers=2, clock=SystemClock(), **more)


def test_the_critical_path_ignores_capacities_and_the_schedule_does_not() -> None:
    assert CHAIN.path_units == 7
    assert CHAIN.earliest == (0, 3, 3, 5)
    found = solved(CHAIN)
    assert (found.makespan, found.lower_bound, found.proved) == (9, 9, True)


def test_the_critical_tasks_are_those_without_float_where_capacity_does_not_bind() -> None:
    roomy = replace(CHAIN, capacities=(2,))
    assert [roomy.names[i] for i in critical_activities(roomy, roomy.earliest)] == ["A", "C"]


def test_the_critical_chain_runs_through_a_shared_crew() -> None:
    assert critical_activities(CHAIN, (0, 3, 5, 5)) == (0, 1, 2)


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ((0, 3, 5, 4), "D starts at 4, under 2 after B"),
        ((0, 3, 4, 5), "2 of crew at 4, capacity 1"),
        ((0, 3, 5), "3 starts for 4 activities"),
    ],
)
def test_the_checker_names_what_is_wrong(starts: tuple[int, ...], words: str) -> None:
    assert words in check_schedule(CHAIN, starts)
    assert check_schedule(CHAIN, (0, 3, 5, 5)) == ()


def test_a_release_holds_a_task_back() -> None:
    held = replace(CHAIN, releases=(2, 0, 0, 0))
    assert check_schedule(held, (0, 3, 5, 5)) == ("A starts at 0, before 2",)
    assert solved(held).makespan == 11


@settings(deadline=None, max_examples=60)
@given(problem=problems(longest=40))
def test_both_list_schedulers_make_the_same_schedules_and_these_hold(problem: Problem) -> None:
    order = priority_order(problem, range(problem.size))
    horizon = sum(problem.durations) + 60
    for backward in (False, True):
        turned = priority_order(problem, range(problem.size))[::-1] if backward else order
        packed = ListScheduler(problem, horizon=horizon, backward=backward).starts(turned)
        assert packed == EventScheduler(problem, horizon=horizon, backward=backward).starts(turned)
    forward = ListScheduler(problem, horizon=horizon).starts(order)
    assert forward is not None
    assert check_schedule(problem, forward) == ()


@settings(deadline=None, max_examples=60)
@given(problem=problems())
def test_justified_schedules_hold_and_are_no_longer(problem: Problem) -> None:
    order = priority_order(problem, range(problem.size))
    horizon = sum(problem.durations) + 60
    plain = ListScheduler(problem, horizon=horizon).starts(order)
    justified = Justifier(problem, horizon=horizon).starts(order)
    assert plain is not None
    assert justified is not None
    assert check_schedule(problem, justified) == ()
    assert makespan_of(problem, justified) <= makespan_of(problem, plain)


def _best_of_all_orders(problem: Problem) -> int:
    scheduler = EventScheduler(problem, horizon=10_000)
    orders = {tuple(priority_order(problem, keys)) for keys in permutations(range(problem.size))}
    found = [scheduler.starts(order) for order in orders]
    return min(makespan_of(problem, starts) for starts in found if starts is not None)


@settings(max_examples=25, deadline=None)
@given(problem=problems(most=5))
def test_the_solver_finds_and_proves_what_trying_every_order_finds(problem: Problem) -> None:
    found = solved(problem)
    assert found.proved
    assert found.makespan == _best_of_all_orders(problem)
    assert energy_bound(problem) <= found.makespan


def test_a_demand_above_capacity_and_a_cycle_cannot_be_scheduled() -> None:
    with pytest.raises(Unschedulable, match="A wants 2 of crew, which has 1"):
        solved(replace(CHAIN, demands=({0: 2}, {}, {}, {})))
    with pytest.raises(Unschedulable, match="cycle"):
        solved(replace(CHAIN, lags=(*CHAIN.lags, Lag(before=3, after=0, units=1))))


def test_stage_acceptances_cut_the_plan_into_parts() -> None:
    problem = plan_problem(PLAN, tiers=["early", "imminent"])
    alone = {problem.names[part[0]] for part in split_at_cuts(problem) if len(part) == 1}
    assert {"E01", "E41", "L01", "L30"} <= alone


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_the_reference_plan_gives_its_expected_hours(case: str) -> None:
    tiers, durations = case.split("/")
    problem = plan_problem(PLAN, tiers=JOINED.get(tiers, tiers).split("+"), durations=Durations(durations))
    assert problem.unit_min is not None
    hours_per_unit = problem.unit_min / 60
    found = solved(problem)
    assert found.proved
    assert found.seconds < 5
    assert round(problem.path_units * hours_per_unit, 1) == EXPECTED[case]["critical_path_h"]
    assert round(found.makespan * hours_per_unit, 1) == EXPECTED[case]["resource_constrained_h"]


def test_a_third_forklift_brings_emergency_and_activation_to_their_critical_path() -> None:
    problem = plan_problem(PLAN, tiers=["emergency", "activation"], capacities={"FORK": 3})
    assert problem.unit_min is not None
    assert round(solved(problem).makespan * problem.unit_min / 60, 1) == 66.7


def test_a_capacity_is_named_by_id_or_by_register_and_id() -> None:
    assert capacity_key(PLAN, "FORK") == capacity_key(PLAN, "equipment.FORK") == "equipment.FORK"
    with pytest.raises(ValueError, match="no capacity named 'CRANE'"):
        capacity_key(PLAN, "CRANE")
    with pytest.raises(ValueError, match="no tier 'late'"):
        plan_problem(PLAN, tiers=["late"])


def test_a_search_in_its_own_process_finds_a_schedule_that_holds() -> None:
    problem = plan_problem(PLAN, tiers=["emergency", "activation"])
    until = SystemClock().monotonic() + 20
    with SideSearch(problem, seed=2, until=until, target=908) as side:
        starts = side.result()
    assert starts is not None
    assert check_schedule(problem, starts) == ()
    assert makespan_of(problem, starts) == 908


def test_two_workers_and_a_hint_solve_what_one_does() -> None:
    problem = plan_problem(PLAN, tiers=["restore"])
    one = solve(problem, seconds=4, workers=1, clock=SystemClock())
    again = solve(problem, seconds=4, workers=2, clock=SystemClock(), hint=one.starts)
    assert (one.makespan, one.proved) == (again.makespan, again.proved)


def test_an_empty_selection_has_nothing_to_do() -> None:
    plan: Plan = replace(PLAN, tasks=(), restore_tasks=())
    assert solved(plan_problem(plan, tiers=["early"])).makespan == 0
