"""Schedules in working hours proved by the exact model, on examples that a person can check."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.rules.plan import Calendar, Link, LinkKind, Plan, Task
from wartime_conversion.rules.schedule_calendar import CalendarScheduler
from wartime_conversion.schedule_shift import solve_shift

PLAN: Plan = load_plan(REFERENCE_PLAN)
EIGHT_TO_SIX = next(t.calendar for t in PLAN.tiers if not t.calendar.is_round_the_clock)
SHIFT_MIN = EIGHT_TO_SIX.hours_per_day * 60


def task(name: str, crew: int, *links: Link) -> Task:
    base = PLAN.tasks[0]
    return replace(base, id=name, tier="early", crew={"A": crew} if crew else {}, equipment={}, links=links)


def after(name: str, lag_min: int = 0, kind: LinkKind = LinkKind.FS) -> Link:
    return Link(task_id=name, kind=kind, lag_min=lag_min)


def solved(tasks: list[Task], minutes: dict[str, int], people: int, order: list[str]) -> tuple[int, int]:
    calendars: dict[str, Calendar] = {"early": EIGHT_TO_SIX}
    scheduler = CalendarScheduler(tasks, minutes, {"crew.A": people}, calendars)
    hint = scheduler.schedule(order)
    found = solve_shift(tasks, minutes, {"crew.A": people}, EIGHT_TO_SIX, hint, lower_min=0, seconds=20)
    assert found.timed is not None
    return found.timed.end - found.timed.begin, found.lower_bound_min


def test_a_curing_time_is_put_over_the_night() -> None:
    """Casting early lets its curing run while the crew does the rest; after the rest it would cost another day."""
    tasks = [task("rest", 1), task("cast", 1), task("strip", 1, after("cast", 600))]
    minutes = {"rest": SHIFT_MIN - 120, "cast": 120, "strip": 60}
    found, bound = solved(tasks, minutes, 1, ["rest", "cast", "strip"])
    assert found == bound == 24 * 60 + 60


def test_work_goes_on_at_the_next_shift_and_a_wait_without_a_crew_does_not_stop() -> None:
    long = solved([task("a", 1)], {"a": SHIFT_MIN + 30}, 1, ["a"])
    assert long == (24 * 60 + 30, 24 * 60 + 30)
    wait = [task("a", 1), task("dry", 0, after("a")), task("b", 1, after("dry"))]
    found = solved(wait, {"a": SHIFT_MIN, "dry": 60, "b": 30}, 1, ["a", "dry", "b"])
    assert found == (24 * 60 + 30, 24 * 60 + 30)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_bound_never_lies_above_any_list_schedule(data: Any) -> None:
    count = data.draw(st.integers(2, 5))
    tasks, minutes = [], {}
    for at in range(count):
        links = tuple(
            after(
                f"t{b}", data.draw(st.sampled_from([0, 60, 900])), data.draw(st.sampled_from(list(LinkKind)))
            )
            for b in range(at)
            if data.draw(st.booleans())
        )
        tasks.append(task(f"t{at}", data.draw(st.integers(0, 2)), *links))
        minutes[f"t{at}"] = data.draw(st.sampled_from([0, 30, 240, SHIFT_MIN, SHIFT_MIN + 90]))
    order = [t.id for t in tasks]
    found, bound = solved(tasks, minutes, 2, order)
    scheduler = CalendarScheduler(tasks, minutes, {"crew.A": 2}, {"early": EIGHT_TO_SIX})
    by_list = scheduler.schedule(order)
    assert bound <= found <= by_list.end - by_list.begin
