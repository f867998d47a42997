"""A run's tasks as the scheduler sees them: with the needs and the durations the run itself goes by."""

from dataclasses import replace
from datetime import timedelta

from wartime_conversion.rules.plan import Link, Spread, Task
from wartime_conversion.rules.release import Need
from wartime_conversion.rules.run_plan import RunPlan


def _link(need: Need) -> Link:
    return Link(task_id=need.task, kind=need.kind, lag_min=-(-need.lag // timedelta(minutes=1)))


def _spread(task: Task, *, is_actual: bool) -> Spread:
    drill = task.drill.minutes
    return task.spread if is_actual else Spread(optimistic_min=drill, likely_min=drill, pessimistic_min=drill)


def run_tasks(layout: RunPlan, *, is_actual: bool) -> tuple[Task, ...]:
    """The tasks of a run for the scheduler.

    A drill takes the tasks' drill minutes. The order that tasks left out of a drill imposed stays, their time does not;
    waiting times are rounded up to whole minutes.
    """
    return tuple(
        replace(
            task,
            links=tuple(_link(need) for need in layout.needs[code]),
            spread=_spread(task, is_actual=is_actual),
        )
        for code, task in layout.tasks.items()
    )
