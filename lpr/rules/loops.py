"""Two induction loops in a lane, as a table: arrival loop A before the barrier, exit loop B behind it.

A car in the lane's direction presses A, then both (or neither, between loops that lie far apart), then B. Whatever
presses only one of them and goes back has not passed. A second car may stand on A while the first is still on B.
"""

from enum import StrEnum

from facility.errors import Conflict


class LoopState(StrEnum):
    """Where the car on the loops is; `against` states are the same for a car that drives against the lane."""

    EMPTY = "empty"
    AT_A = "at_a"
    BETWEEN = "between"
    OVER = "over"
    PAST = "past"
    FOLLOWED = "followed"
    AT_B = "at_b"
    BETWEEN_AGAINST = "between_against"
    OVER_AGAINST = "over_against"
    PAST_AGAINST = "past_against"
    FOLLOWED_AGAINST = "followed_against"


class LoopEvent(StrEnum):
    """An edge of a loop; `waited`: nothing has pressed a loop for `BETWEEN_S`."""

    A_ON = "a_on"
    A_OFF = "a_off"
    B_ON = "b_on"
    B_OFF = "b_off"
    WAITED = "waited"


class Outcome(StrEnum):
    """What became of the car that was there until now."""

    NONE = "none"
    PASSED = "passed"
    BACKED_OUT = "backed_out"


class ImpossibleEdge(Conflict):
    """An edge that this state cannot see: the input was misread, the state is to be taken anew."""

    code = "lpr.impossible_edge"


BETWEEN_S = 3.0  # the longest a car takes from one loop to the other without pressing either
WITH = frozenset(
    {LoopState.AT_A, LoopState.BETWEEN, LoopState.OVER, LoopState.PAST, LoopState.FOLLOWED}
)  # the lane's own direction

_S, _E, _O = LoopState, LoopEvent, Outcome
TABLE: dict[tuple[LoopState, LoopEvent], tuple[LoopState, Outcome]] = {
    (_S.EMPTY, _E.A_ON): (_S.AT_A, _O.NONE),
    (_S.EMPTY, _E.B_ON): (_S.AT_B, _O.NONE),
    (_S.EMPTY, _E.WAITED): (_S.EMPTY, _O.NONE),
    (_S.AT_A, _E.B_ON): (_S.OVER, _O.NONE),
    (_S.AT_A, _E.A_OFF): (_S.BETWEEN, _O.NONE),
    (_S.AT_A, _E.WAITED): (_S.AT_A, _O.NONE),
    (_S.BETWEEN, _E.B_ON): (_S.PAST, _O.NONE),
    (_S.BETWEEN, _E.A_ON): (_S.AT_A, _O.NONE),
    (_S.BETWEEN, _E.WAITED): (_S.EMPTY, _O.BACKED_OUT),
    (_S.OVER, _E.A_OFF): (_S.PAST, _O.NONE),
    (_S.OVER, _E.B_OFF): (_S.AT_A, _O.NONE),
    (_S.OVER, _E.WAITED): (_S.OVER, _O.NONE),
    (_S.PAST, _E.B_OFF): (_S.EMPTY, _O.PASSED),
    (_S.PAST, _E.A_ON): (_S.FOLLOWED, _O.NONE),
    (_S.PAST, _E.WAITED): (_S.PAST, _O.NONE),
    (_S.FOLLOWED, _E.B_OFF): (_S.AT_A, _O.PASSED),
    (_S.FOLLOWED, _E.A_OFF): (_S.PAST, _O.NONE),  # a trailer, or a second car that backed out
    (_S.FOLLOWED, _E.WAITED): (_S.FOLLOWED, _O.NONE),
    (_S.AT_B, _E.A_ON): (_S.OVER_AGAINST, _O.NONE),
    (_S.AT_B, _E.B_OFF): (_S.BETWEEN_AGAINST, _O.NONE),
    (_S.AT_B, _E.WAITED): (_S.AT_B, _O.NONE),
    (_S.BETWEEN_AGAINST, _E.A_ON): (_S.PAST_AGAINST, _O.NONE),
    (_S.BETWEEN_AGAINST, _E.B_ON): (_S.AT_B, _O.NONE),
    (_S.BETWEEN_AGAINST, _E.WAITED): (_S.EMPTY, _O.BACKED_OUT),
    (_S.OVER_AGAINST, _E.B_OFF): (_S.PAST_AGAINST, _O.NONE),
    (_S.OVER_AGAINST, _E.A_OFF): (_S.AT_B, _O.NONE),
    (_S.OVER_AGAINST, _E.WAITED): (_S.OVER_AGAINST, _O.NONE),
    (_S.PAST_AGAINST, _E.A_OFF): (_S.EMPTY, _O.PASSED),
    (_S.PAST_AGAINST, _E.B_ON): (_S.FOLLOWED_AGAINST, _O.NONE),
    (_S.PAST_AGAINST, _E.WAITED): (_S.PAST_AGAINST, _O.NONE),
    (_S.FOLLOWED_AGAINST, _E.A_OFF): (_S.AT_B, _O.PASSED),
    (_S.FOLLOWED_AGAINST, _E.B_OFF): (_S.PAST_AGAINST, _O.NONE),
    (_S.FOLLOWED_AGAINST, _E.WAITED): (_S.FOLLOWED_AGAINST, _O.NONE),
}


def advance(state: LoopState, event: LoopEvent) -> tuple[LoopState, Outcome]:
    """The next state, and what became of the car before.

    Raises:
        ImpossibleEdge: the pair is not in the table.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise ImpossibleEdge(f"loops: {event} cannot come in {state}", state=state, event=event) from None
