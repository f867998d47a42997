"""The expected lengths of the drill profiles come out of the plan itself, proved."""

import pytest

from facility.clock import SystemClock
from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.rules.drill_span import profile_problem
from wartime_conversion.rules.schedule import check_schedule
from wartime_conversion.schedule_solve import solve

PLAN = load_plan(REFERENCE_PLAN)


@pytest.mark.parametrize(("profile_id", "minutes"), [("siren918", 39), ("walk512", 288)])
def test_a_profile_takes_as_long_as_the_plan_expects(profile_id: str, minutes: int) -> None:
    profile = next(row for row in PLAN.drill_profiles if row.id == profile_id)
    problem = profile_problem(PLAN, profile)
    found = solve(problem, seconds=20, workers=1, clock=SystemClock())
    assert not check_schedule(problem, found.starts)
    assert (found.makespan, found.proved) == (minutes, True)
    assert minutes == profile.expected_makespan_min
