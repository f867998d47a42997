"""What may become of a stay: a table of what follows what."""

from enum import StrEnum

from facility.errors import Conflict


class StayState(StrEnum):
    """Where one car's stay stands."""

    ENTERING = "entering"
    INSIDE = "inside"
    LEAVING = "leaving"
    CLOSED = "closed"
    VOID = "void"


class StayEvent(StrEnum):
    """What moves a stay."""

    PASSED_IN = "passed_in"
    TURNED_BACK = "turned_back"
    EXIT_OPENED = "exit_opened"
    PASSED_OUT = "passed_out"
    STAYED_IN = "stayed_in"
    WRITTEN_OFF = "written_off"


OPEN_STATES = (StayState.ENTERING, StayState.INSIDE, StayState.LEAVING)

# A car that an exit camera sees was inside, also where the entry loop never confirmed it: hence ENTERING -> LEAVING.
STAY_TABLE: dict[tuple[StayState, StayEvent], StayState] = {
    (StayState.ENTERING, StayEvent.PASSED_IN): StayState.INSIDE,
    (StayState.ENTERING, StayEvent.TURNED_BACK): StayState.VOID,
    (StayState.ENTERING, StayEvent.EXIT_OPENED): StayState.LEAVING,
    (StayState.ENTERING, StayEvent.WRITTEN_OFF): StayState.VOID,
    (StayState.INSIDE, StayEvent.EXIT_OPENED): StayState.LEAVING,
    (StayState.INSIDE, StayEvent.WRITTEN_OFF): StayState.CLOSED,
    (StayState.LEAVING, StayEvent.PASSED_OUT): StayState.CLOSED,
    (StayState.LEAVING, StayEvent.STAYED_IN): StayState.INSIDE,
    (StayState.LEAVING, StayEvent.WRITTEN_OFF): StayState.CLOSED,
}


class StayConflict(Conflict):
    """The stay does not allow this event."""

    code = "stay.conflict"


def advance(state: StayState, event: StayEvent) -> StayState:
    """The state after an event.

    Raises:
        StayConflict: the event is not possible in this state.
    """
    try:
        return STAY_TABLE[state, event]
    except KeyError:
        raise StayConflict(
            f"{event} is not possible while a stay is {state}", state=state, event=event
        ) from None
