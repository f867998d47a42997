"""What to order of an outlet so that it obeys the equipment board; asked again and again until it does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from facility.board import Duty

ASK_AGAIN_AFTER: Final = timedelta(seconds=30)
"""An order that a charger did not follow is repeated after this long."""


class Step(StrEnum):
    """What an outlet may be ordered to do for the board's sake."""

    RAMP_DOWN = "ramp_down"
    STOP = "stop"
    TAKE_OUT = "take_out"
    LET_SERVE = "let_serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletState:
    """An outlet as stored.

    `availability` is what the charger accepted to be (`operative`, `inoperative`, `scheduled`), `status` what it
    reports (OCPP's word), `asked_at` when each step was last ordered.
    """

    is_charging: bool
    availability: str
    status: str
    asked_at: dict[Step, datetime]


def steps_to_obey(wanted: Duty, outlet: OutletState, now: datetime) -> tuple[Step, ...]:
    """The orders to give now, in their order; none once the outlet obeys or has just been asked."""
    if wanted == Duty.OUT:
        steps = _out_steps(outlet)
    else:
        is_out = outlet.availability != "operative" or outlet.status == "Unavailable"
        steps = (Step.LET_SERVE,) if is_out else ()
    return tuple(step for step in steps if not _was_just_asked(outlet, step, now))


def _out_steps(outlet: OutletState) -> tuple[Step, ...]:
    obeys = outlet.availability == "inoperative" and outlet.status in ("Unavailable", "Faulted", "Unknown")
    stop = (Step.RAMP_DOWN, Step.STOP) if outlet.is_charging else ()
    # A charger that took the order while charging says Scheduled: it is asked again when the car has stopped.
    is_waiting = outlet.is_charging and outlet.availability == "scheduled"
    return stop if obeys or is_waiting else (*stop, Step.TAKE_OUT)


def _was_just_asked(outlet: OutletState, step: Step, now: datetime) -> bool:
    asked_at = outlet.asked_at.get(step)
    return asked_at is not None and now - asked_at < ASK_AGAIN_AFTER
