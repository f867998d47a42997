"""The life of one task, as a table."""

from enum import StrEnum

from facility.errors import Conflict


class TaskState(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"  # a need is open
    READY = "ready"  # released
    CLAIMED = "claimed"  # somebody took it
    STARTED = "started"
    SECOND = "second"  # reported; waits for the second person
    HOLDING = "holding"  # hold point: waits for the named role
    DONE = "done"


class TaskEvent(StrEnum):
    """What can happen to a task."""

    RELEASE = "release"
    CLAIM = "claim"
    GIVE_UP = "give_up"
    START = "start"
    REPORT = "report"  # finished, nobody else is asked
    REPORT_TO_SECOND = "report_to_second"
    REPORT_TO_HOLD = "report_to_hold"
    SECOND = "second"
    SECOND_TO_HOLD = "second_to_hold"
    ACCEPT = "accept"
    OVERRIDE = "override"
    SEND_BACK = "send_back"


class WrongTaskState(Conflict):
    """The task is not where this act applies."""

    code = "wrong_task_state"


S, E = TaskState, TaskEvent

TABLE: dict[tuple[TaskState, TaskEvent], TaskState] = {
    (S.WAITING, E.RELEASE): S.READY,
    (S.READY, E.CLAIM): S.CLAIMED,
    (S.CLAIMED, E.GIVE_UP): S.READY,
    (S.READY, E.START): S.STARTED,
    (S.CLAIMED, E.START): S.STARTED,
    (S.READY, E.REPORT): S.DONE,
    (S.CLAIMED, E.REPORT): S.DONE,
    (S.STARTED, E.REPORT): S.DONE,
    (S.READY, E.REPORT_TO_SECOND): S.SECOND,
    (S.CLAIMED, E.REPORT_TO_SECOND): S.SECOND,
    (S.STARTED, E.REPORT_TO_SECOND): S.SECOND,
    (S.READY, E.REPORT_TO_HOLD): S.HOLDING,
    (S.CLAIMED, E.REPORT_TO_HOLD): S.HOLDING,
    (S.STARTED, E.REPORT_TO_HOLD): S.HOLDING,
    (S.SECOND, E.SECOND): S.DONE,
    (S.SECOND, E.SECOND_TO_HOLD): S.HOLDING,
    (S.SECOND, E.SEND_BACK): S.STARTED,
    (S.HOLDING, E.ACCEPT): S.DONE,
    (S.HOLDING, E.OVERRIDE): S.DONE,
    (S.HOLDING, E.SEND_BACK): S.STARTED,
}


def advance(state: TaskState, event: TaskEvent) -> TaskState:
    """Move one task on.

    Raises:
        WrongTaskState: the pair is not in the table.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise WrongTaskState(
            f"A task that is {state} cannot take {event}.", state=str(state), event=str(event)
        ) from None


def report_event(*, is_two_person: bool, is_hold_point: bool) -> TaskEvent:
    """Choose what a report means for a task of this make."""
    if is_two_person:
        return TaskEvent.REPORT_TO_SECOND
    return TaskEvent.REPORT_TO_HOLD if is_hold_point else TaskEvent.REPORT


def second_event(*, is_hold_point: bool) -> TaskEvent:
    """Choose what the second signature means for a task of this make."""
    return TaskEvent.SECOND_TO_HOLD if is_hold_point else TaskEvent.SECOND
