"""The building's mode: a table of what may follow what."""

from enum import StrEnum

from facility.errors import Conflict


class Mode(StrEnum):
    """Which of its lives the building leads."""

    PEACETIME = "peacetime"
    CONVERTING = "converting"
    WARTIME = "wartime"
    RESTORING = "restoring"


class ModeEvent(StrEnum):
    """What moves the mode."""

    CONVERSION_ORDERED = "conversion_ordered"
    CONVERSION_ENDED = "conversion_ended"
    CONVERSION_RECALLED = "conversion_recalled"
    RESTORATION_ORDERED = "restoration_ordered"
    RESTORATION_ENDED = "restoration_ended"


MODE_TABLE: dict[tuple[Mode, ModeEvent], Mode] = {
    (Mode.PEACETIME, ModeEvent.CONVERSION_ORDERED): Mode.CONVERTING,
    (Mode.CONVERTING, ModeEvent.CONVERSION_ENDED): Mode.WARTIME,
    (Mode.CONVERTING, ModeEvent.CONVERSION_RECALLED): Mode.RESTORING,
    (Mode.WARTIME, ModeEvent.RESTORATION_ORDERED): Mode.RESTORING,
    (Mode.RESTORING, ModeEvent.RESTORATION_ENDED): Mode.PEACETIME,
}


class ModeConflict(Conflict):
    """The mode does not allow this event."""

    code = "mode.conflict"


def advance(mode: Mode, event: ModeEvent) -> Mode:
    """The mode after an event.

    Raises:
        ModeConflict: the event is not possible in this mode.
    """
    try:
        return MODE_TABLE[mode, event]
    except KeyError:
        raise ModeConflict(f"{event} is not possible while {mode}", mode=mode, event=event) from None
