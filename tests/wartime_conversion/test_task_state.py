"""The table of task states."""

import itertools

import pytest

from wartime_conversion.rules.task_state import TABLE, TaskEvent, TaskState, WrongTaskState, advance


@pytest.mark.parametrize(("state", "event"), list(itertools.product(TaskState, TaskEvent)))
def test_every_pair_moves_as_the_table_says_or_is_refused(state: TaskState, event: TaskEvent) -> None:
    if (state, event) in TABLE:
        assert advance(state, event) is TABLE[state, event]
    else:
        with pytest.raises(WrongTaskState):
            advance(state, event)


def test_nothing_leaves_done() -> None:
    assert not [pair for pair in TABLE if pair[0] is TaskState.DONE]


def test_a_hold_point_ends_only_by_acceptance_or_override() -> None:
    ways = {
        event
        for (state, event), after in TABLE.items()
        if state is TaskState.HOLDING and after is TaskState.DONE
    }
    assert ways == {TaskEvent.ACCEPT, TaskEvent.OVERRIDE}
