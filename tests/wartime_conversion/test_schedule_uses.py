"""What the schedule is for: verdicts, remedies, spread, working hours, planning anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facility.clock import SystemClock
from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.remedy import advise
from wartime_conversion.replan import Forecast, Happening, HappeningUnusable, replan
from wartime_conversion.rules.plan import Calendar, Durations
from wartime_conversion.rules.schedule_calendar import work_finish, work_moment
from wartime_conversion.rules.schedule_plan import plan_problem, task_demands
from wartime_conversion.rules.verdict import tier_verdicts
from wartime_conversion.schedule_hours import HoursSchedule, schedule_hours
from wartime_conversion.schedule_solve import solve
from wartime_conversion.simulate import simulate

PLAN = load_plan(REFERENCE_PLAN)
CLOCK = SystemClock()
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
THREE_DAYS_H = 72


def _advice(tiers: str, hours: int, prices: dict[str, int] | None = None):  # type: ignore[no-untyped-def]
    problem = plan_problem(PLAN, tiers=tiers.split("+"))
    unit = problem.unit_min or 1
    found = solve(problem, seconds=5, workers=2, clock=CLOCK)
    return advise(problem, found, hours * 60 // unit, clock=CLOCK, prices=prices), unit


def test_a_third_forklift_is_the_cheapest_way_to_keep_72_hours() -> None:
    advice, unit = _advice("emergency+activation", THREE_DAYS_H)
    assert not advice.is_kept
    assert advice.remedy is not None
    assert advice.remedy.added == {"equipment.FORK": 1}
    assert round(advice.remedy.makespan * unit / 60, 1) == 66.7
    assert advice.is_exhaustive


def test_skipping_the_imminent_stage_cannot_keep_72_hours_with_any_crew() -> None:
    advice, unit = _advice("imminent+emergency+activation", THREE_DAYS_H)
    assert (advice.is_kept, advice.is_mendable, advice.remedy) == (False, False, None)
    assert round(advice.path * unit / 60, 1) == 108.4


def test_a_kept_limit_needs_no_remedy() -> None:
    advice, _ = _advice("emergency+activation", 76)
    assert (advice.is_kept, advice.remedy) == (True, None)


def test_each_tier_is_judged_by_its_own_clock_and_limit() -> None:
    problem = plan_problem(PLAN, tiers=["emergency", "activation"])
    found = solve(problem, seconds=5, workers=2, clock=CLOCK)
    unit = problem.unit_min or 1
    finishes = {
        name: (start + length) * unit
        for name, start, length in zip(problem.names, found.starts, problem.durations, strict=True)
    }
    emergency, activation = tier_verdicts(PLAN, finishes)
    assert (emergency.tier, emergency.is_kept, emergency.limit_confirmed) == ("emergency", True, False)
    assert activation.elapsed_min == max(finishes.values()) - finishes["U01"] == 4530
    assert (activation.is_kept, activation.spare_min) == (False, 4320 - 4530)
    relaxed = tier_verdicts(PLAN, finishes, limits_min={"activation": 4530})
    assert relaxed[1].is_kept


def test_the_spread_is_the_same_for_the_same_seed_and_rises() -> None:
    tasks = PLAN.tasks_of(["emergency"])
    order = {task.id: at for at, task in enumerate(tasks)}
    once = simulate(PLAN, tasks, order, samples=60, seed=3, limit_min=48 * 60)
    again = simulate(PLAN, tasks, order, samples=60, seed=3, limit_min=48 * 60)
    assert once == again
    assert once.p50_min <= once.p80_min <= once.p95_min
    assert once.chance is not None
    assert 0 <= once.chance <= 1
    assert once.criticality["U01"] == 1.0
    assert simulate(PLAN, tasks, order, samples=60, seed=4).p50_min != once.p50_min


def test_without_spread_every_sample_is_the_plan() -> None:
    tasks = tuple(
        replace(task, spread=replace(task.spread, optimistic_min=n, pessimistic_min=n))
        for task in PLAN.tasks_of(["emergency"])
        for n in [task.spread.likely_min]
    )
    outlook = simulate(PLAN, tasks, {task.id: at for at, task in enumerate(tasks)}, samples=5)
    assert outlook.p50_min == outlook.p95_min == 1540


calendars = st.builds(Calendar, hours_per_day=st.integers(1, 24), starts_at_min=st.integers(0, 1439))


@settings(deadline=None)
@given(calendar=calendars, at=st.integers(0, 5000), first=st.integers(1, 900), second=st.integers(1, 900))
def test_work_in_two_goes_ends_when_work_in_one_does(
    calendar: Calendar, at: int, first: int, second: int
) -> None:
    start = work_moment(calendar, at)
    middle = work_finish(calendar, start, first)
    assert work_finish(calendar, work_moment(calendar, middle), second) == work_finish(
        calendar, start, first + second
    )


@settings(deadline=None)
@given(calendar=calendars, at=st.integers(0, 5000), minutes=st.integers(0, 900))
def test_only_working_minutes_count(calendar: Calendar, at: int, minutes: int) -> None:
    start = work_moment(calendar, at)
    end = work_finish(calendar, start, minutes)
    worked = sum(1 for minute in range(start, end) if work_moment(calendar, minute) == minute)
    assert worked == minutes
    assert start >= at


def _holds(found: HoursSchedule, tiers: list[str]) -> None:
    starts, finishes = found.timed.starts, found.timed.finishes
    tasks = PLAN.tasks_of(tiers)
    for task in tasks:
        for link in task.links:
            if link.task_id in starts and link.kind.value == "FS":
                assert starts[task.id] >= finishes[link.task_id] + link.lag_min
    for moment in sorted(starts.values()):
        use: dict[str, int] = {}
        for task in tasks:
            if starts[task.id] <= moment < finishes[task.id]:
                for key, count in task_demands(task).items():
                    use[key] = use.get(key, 0) + count
        assert all(count <= PLAN.capacities[key] for key, count in use.items())


@pytest.mark.parametrize("tiers", [["early"], ["imminent"], ["restore"]])
def test_a_schedule_in_working_hours_keeps_links_hours_and_capacities(tiers: list[str]) -> None:
    found = schedule_hours(PLAN, tiers, clock=CLOCK, seconds=2)
    _holds(found, tiers)
    hours = {tier.id: tier.calendar for tier in PLAN.tiers}
    for task in PLAN.tasks_of(tiers):
        start = found.timed.starts[task.id]
        if task.crew:
            assert work_moment(hours[task.tier], start) == start
    assert found.lower_bound_min <= found.makespan_min


def test_round_the_clock_tiers_take_as_long_in_hours_as_without() -> None:
    found = schedule_hours(PLAN, ["emergency", "activation"], clock=CLOCK, durations=Durations.LIKELY)
    assert (found.makespan_min, found.proved) == (4540, True)


def _forecast(happenings: list[Happening], minutes: int) -> Forecast:
    tasks = PLAN.tasks_of(["emergency", "activation"])
    return replan(tasks, happenings, capacities=PLAN.capacities, now=START + minutes * MINUTE, clock=CLOCK)


def test_a_run_on_time_is_foreseen_as_planned() -> None:
    done = Happening(task_id="U01", started_at=START, finished_at=START + 10 * MINUTE)
    assert _forecast([], 0).finish_at == START + 4540 * MINUTE
    assert _forecast([done], 10).finish_at == START + 4540 * MINUTE


def test_a_late_critical_task_puts_off_the_end_by_as_much() -> None:
    done = Happening(task_id="U01", started_at=START, finished_at=START + 40 * MINUTE)
    found = _forecast([done], 40)
    assert found.finish_at == START + 4570 * MINUTE
    assert found.seconds < 2
    assert found.finishes["U01"] == START + 40 * MINUTE


def test_a_task_under_way_keeps_its_start_and_its_crews_estimate_counts() -> None:
    happenings = [
        Happening(task_id="U01", started_at=START, finished_at=START + 10 * MINUTE),
        Happening(task_id="U02", started_at=START + 10 * MINUTE, remaining_min=100),
    ]
    found = _forecast(happenings, 20)
    assert found.starts["U02"] == START + 10 * MINUTE
    assert found.finishes["U02"] == START + 120 * MINUTE
    assert found.finish_at == START + (4540 + 65) * MINUTE
    assert "U02" in found.critical


def test_a_task_past_its_time_is_expected_to_end_within_a_minute() -> None:
    happenings = [Happening(task_id="U01", started_at=START)]
    assert _forecast(happenings, 300).finishes["U01"] == START + 301 * MINUTE


def test_a_lag_to_a_task_that_is_done_still_holds() -> None:
    tasks = [PLAN.task("D03"), PLAN.task("D04")]
    running = Happening(task_id="D03", started_at=START)
    found = replan(tasks, [running], capacities=PLAN.capacities, now=START + 10 * MINUTE, clock=CLOCK)
    assert found.starts["D04"] == START + 60 * MINUTE
    assert found.finishes["D04"] == START + 900 * MINUTE


def test_everything_done_leaves_nothing_to_foresee() -> None:
    done = Happening(task_id="U01", started_at=START, finished_at=START + 10 * MINUTE)
    found = replan(
        [PLAN.task("U01")], [done], capacities=PLAN.capacities, now=START + 20 * MINUTE, clock=CLOCK
    )
    assert found.finish_at == START + 10 * MINUTE


@pytest.mark.parametrize(
    "row",
    [
        Happening(task_id="U99", started_at=START),
        Happening(task_id="U01", started_at=START + 20 * MINUTE),
        Happening(task_id="U01", started_at=START, finished_at=START - MINUTE),
        Happening(task_id="U01", started_at=START, finished_at=START + 20 * MINUTE),
    ],
)
def test_a_happening_that_cannot_be_is_refused(row: Happening) -> None:
    with pytest.raises(HappeningUnusable):
        _forecast([row], 10)
