"""The schedule problem of a run: its tasks with the needs the run itself goes by."""

from collections.abc import Mapping
from datetime import timedelta

from wartime_conversion.rules.plan import LinkKind
from wartime_conversion.rules.release import Need
from wartime_conversion.rules.run_plan import RunPlan
from wartime_conversion.rules.schedule import Lag, Problem
from wartime_conversion.rules.schedule_plan import task_demands


def _lag(need: Need, before: int, after: int, minutes: Mapping[str, int], task: str) -> Lag:
    lag = -(-need.lag // timedelta(minutes=1))
    if need.kind is not LinkKind.SS:
        lag += minutes[need.task]
    if need.kind is LinkKind.FF:
        lag -= minutes[task]
    return Lag(before=before, after=after, units=lag)


def run_problem(layout: RunPlan, capacities: Mapping[str, int], *, is_actual: bool) -> Problem:
    """The problem of a run, in minutes.

    An actual run plans with likely minutes, a drill with the tasks' drill minutes. The order that tasks left out of a
    drill imposed stays, their time does not; waiting times are rounded up to whole minutes.
    """
    minutes = {
        code: task.spread.likely_min if is_actual else task.drill.minutes
        for code, task in layout.tasks.items()
    }
    position = {code: at for at, code in enumerate(layout.tasks)}
    keys = list(capacities)
    return Problem(
        names=tuple(layout.tasks),
        durations=tuple(minutes.values()),
        demands=tuple(
            {keys.index(key): count for key, count in task_demands(task).items()}
            for task in layout.tasks.values()
        ),
        lags=tuple(
            _lag(need, position[need.task], at, minutes, code)
            for code, at in position.items()
            for need in layout.needs[code]
        ),
        capacities=tuple(capacities.values()),
        resources=tuple(keys),
        unit_min=1,
    )
