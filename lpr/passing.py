"""The cars that a lane's loops feel, one after another: when each is to be said, and which way it drives."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from facility.layout import Direction, LoopMoment
from lpr.loops import Edge, Pressed
from lpr.rules.loops import BETWEEN_S, WITH, ImpossibleEdge, LoopEvent, LoopState, Outcome, advance

log = structlog.get_logger(__name__)
STANDS_S = 0.4  # who leaves the first loop sooner only nosed over it
UNREAD_S = 3.0  # a car that stood so long and could not be read is said without a plate
LATER_S = 4.0  # a plate that shows itself so long after is still that car's
NOBODY = frozenset({LoopState.EMPTY, LoopState.BETWEEN, LoopState.BETWEEN_AGAINST})
OPPOSITE: dict[Direction, Direction] = {"in": "out", "out": "in"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCar:
    """A car on the loops, or one that has just passed over them.

    Attributes:
        since_s: moment it pressed the first loop.
        must_be_said: with what is known of it, even without a plate.
    """

    since_s: float
    direction: Direction
    must_be_said: bool


class LoopCars:
    """Follows one lane's loops. Times are seconds on the clock of the edges."""

    def __init__(self, direction: Direction, said_at: LoopMoment) -> None:
        self._direction, self._said_at = direction, said_at
        self._state = LoopState.EMPTY
        self._since_s = self._edge_at_s = 0.0
        self._is_said = self._is_read = False
        self._passed: deque[LoopCar] = deque(maxlen=8)

    @property
    def is_pressed(self) -> bool:
        """Whether a car is on the loops or between them."""
        return self._state is not LoopState.EMPTY

    def take(self, edges: Sequence[Edge], at_s: float) -> None:
        """Follow what the loops felt until `at_s`."""
        for edge in edges:
            if edge.event is None:
                self._begin_anew(edge.pressed, edge.at_s)
                continue
            self._wait(edge.at_s)
            try:
                self._step(edge.event, edge.at_s)
            except ImpossibleEdge as fault:
                log.warning("loops.misread", fault=fault.detail)
                self._begin_anew(edge.pressed, edge.at_s)
        self._wait(at_s)

    def wanted(self, at_s: float) -> LoopCar | None:
        """The car to be said now; `None` when nobody is."""
        if self._passed:
            return self._passed[0]
        stands_s = at_s - self._since_s
        if self._state in NOBODY or self._is_read or self._said_at == "passage" or stands_s < STANDS_S:
            return None
        if self._is_said and stands_s > UNREAD_S + LATER_S:
            return None
        return self._car(must_be_said=stands_s >= UNREAD_S and not self._is_said)

    def said(self, *, is_read: bool) -> None:
        """The wanted car has been said; one of which no plate was seen stays wanted for a while, should it show one."""
        if self._passed:
            self._passed.popleft()
        else:
            self._is_said, self._is_read = True, is_read

    def _wait(self, at_s: float) -> None:
        if at_s - self._edge_at_s >= BETWEEN_S:
            self._step(LoopEvent.WAITED, at_s)

    def _step(self, event: LoopEvent, at_s: float) -> None:
        before = self._state
        self._state, outcome = advance(before, event)
        self._edge_at_s = at_s
        if outcome is Outcome.PASSED and not self._is_said:
            self._passed.append(self._car(must_be_said=True, state=before))
        if before is LoopState.EMPTY or outcome is not Outcome.NONE:
            self._since_s, self._is_said, self._is_read = at_s, False, False

    def _begin_anew(self, pressed: Pressed, at_s: float) -> None:
        """The inputs were away: who stands there now counts as having come from the side of the pressed loop."""
        self._state, self._edge_at_s = LoopState.EMPTY, at_s
        self._is_said = self._is_read = False
        for event, is_on in ((LoopEvent.A_ON, pressed.arrival), (LoopEvent.B_ON, pressed.exit)):
            if is_on:
                self._step(event, at_s)

    def _car(self, *, must_be_said: bool, state: LoopState | None = None) -> LoopCar:
        is_with = (state or self._state) in WITH
        return LoopCar(
            since_s=self._since_s,
            direction=self._direction if is_with else OPPOSITE[self._direction],
            must_be_said=must_be_said,
        )
