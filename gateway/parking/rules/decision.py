"""Whether a gate opens for a car: a pure decision with a reason for every outcome."""

from dataclasses import dataclass
from enum import StrEnum

from facility.mode import Mode

# Police plates end in 警; plates of the fire and rescue service carry 应急 (GA 36-2018). Military plates are white.
EMERGENCY_MARKS = ("警", "应急")


class Outcome(StrEnum):
    """What the lane does."""

    OPEN = "open"
    REFUSE = "refuse"
    ASK = "ask"


class Reason(StrEnum):
    """Why; the screens and the boards put each in words."""

    EMERGENCY = "emergency"
    LANE_CLOSED = "lane_closed"
    LANE_LOCKED_OUT = "lane_locked_out"
    MODE = "mode"
    NO_PLATE = "no_plate"
    UNSURE_READ = "unsure_read"
    DENIED = "denied"
    ALREADY_INSIDE = "already_inside"
    FULL = "full"
    ALLOWED = "allowed"
    PERMIT = "permit"
    PERMIT_IN_USE = "permit_in_use"
    VISITOR = "visitor"
    PLACE_KEPT = "place_kept"
    ORDINARY = "ordinary"
    NO_ENTRY = "no_entry"
    SEVERAL_CANDIDATES = "several_candidates"
    NO_FEE = "no_fee"
    UNPAID = "unpaid"
    PAID = "paid"
    NOTHING_DUE = "nothing_due"
    EVACUATION = "evacuation"
    LATE_READ = "late_read"
    LEAVING_ELSEWHERE = "leaving_elsewhere"
    AGAINST_LANE = "against_lane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a lane does and why."""

    outcome: Outcome
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """What is known when a car stands at an entry.

    `free_places` are the free bays behind the lane, less those kept for others. `has_permit` counts only a permit
    that is valid now; `is_permit_in_use` says that as many of its cars are inside as it allows.
    """

    has_plate: bool
    is_read_sure: bool
    is_emergency: bool
    is_lane_closed: bool
    is_locked_out: bool
    is_area_converted: bool
    is_denied: bool
    is_allowed: bool
    is_inside: bool
    has_permit: bool
    has_permit_bay: bool
    is_permit_in_use: bool
    has_visitor_pass: bool
    has_place_kept: bool
    free_places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitFacts:
    """What is known when a car stands at an exit.

    `due_fen` is what the stay still owes; `None` where it cannot be priced. `paid_fen` was paid before.
    """

    has_plate: bool
    is_read_sure: bool
    is_emergency: bool
    is_lane_closed: bool
    is_locked_out: bool
    is_evacuating: bool
    has_stay: bool
    has_candidates: bool
    due_fen: int | None
    paid_fen: int


def is_emergency_plate(plate: str, plate_kind: str) -> bool:
    """Whether the plate itself says police, fire and rescue, or military."""
    return plate_kind == "white" or any(mark in plate for mark in EMERGENCY_MARKS)


def is_area_converted(mode: Mode, area: str) -> bool:
    """Whether an area takes no cars in this mode: only the basement is ever converted."""
    return mode is not Mode.PEACETIME and area == "basement"


def decide_entry(facts: EntryFacts) -> Decision:
    """Whether an entry opens.

    An emergency vehicle passes whatever else holds. Then what bars every car, then what is known of this one.
    """
    barred = _barred(facts)
    if barred is not None:
        return barred
    if facts.is_denied:
        return Decision(outcome=Outcome.REFUSE, reason=Reason.DENIED)
    if facts.is_inside:
        return Decision(outcome=Outcome.ASK, reason=Reason.ALREADY_INSIDE)
    welcome = _welcome(facts)
    has_own_place = welcome in (Reason.ALLOWED, Reason.PLACE_KEPT) or (
        welcome is Reason.PERMIT and facts.has_permit_bay
    )
    if facts.free_places <= 0 and not has_own_place:
        return Decision(outcome=Outcome.REFUSE, reason=Reason.FULL)
    return Decision(outcome=Outcome.OPEN, reason=welcome)


def _barred(facts: EntryFacts) -> Decision | None:
    if facts.is_emergency:
        return Decision(outcome=Outcome.OPEN, reason=Reason.EMERGENCY)
    if facts.is_lane_closed:
        return Decision(outcome=Outcome.REFUSE, reason=Reason.LANE_CLOSED)
    if facts.is_area_converted:
        return Decision(outcome=Outcome.REFUSE, reason=Reason.MODE)
    if facts.is_locked_out:
        return Decision(outcome=Outcome.REFUSE, reason=Reason.LANE_LOCKED_OUT)
    if not facts.has_plate:
        return Decision(outcome=Outcome.ASK, reason=Reason.NO_PLATE)
    if not facts.is_read_sure:
        return Decision(outcome=Outcome.ASK, reason=Reason.UNSURE_READ)
    return None


def _welcome(facts: EntryFacts) -> Reason:
    """The best right this car has to come in; a permit whose places are taken is billed as an ordinary car."""
    if facts.is_allowed:
        return Reason.ALLOWED
    if facts.has_permit and not facts.is_permit_in_use:
        return Reason.PERMIT
    if facts.has_visitor_pass:
        return Reason.VISITOR
    if facts.has_place_kept:
        return Reason.PLACE_KEPT
    return Reason.PERMIT_IN_USE if facts.has_permit else Reason.ORDINARY


def decide_exit(facts: ExitFacts) -> Decision:
    """Whether an exit opens.

    An exit never refuses: where it does not open by itself it asks a person or waits for a payment. While the
    garage is being cleared nobody waits at an exit to pay; what is owed stays owed.
    """
    if facts.is_emergency:
        return Decision(outcome=Outcome.OPEN, reason=Reason.EMERGENCY)
    if facts.is_locked_out:
        return Decision(outcome=Outcome.ASK, reason=Reason.LANE_LOCKED_OUT)
    if facts.is_lane_closed:
        return Decision(outcome=Outcome.ASK, reason=Reason.LANE_CLOSED)
    if not facts.has_plate:
        return Decision(outcome=Outcome.ASK, reason=Reason.NO_PLATE)
    if not facts.has_stay:
        reason = Reason.SEVERAL_CANDIDATES if facts.has_candidates else Reason.NO_ENTRY
        return Decision(outcome=Outcome.ASK, reason=reason)
    if facts.is_evacuating:
        return Decision(outcome=Outcome.OPEN, reason=Reason.EVACUATION)
    return _by_fee(facts)


def _by_fee(facts: ExitFacts) -> Decision:
    if facts.due_fen is None:
        return Decision(outcome=Outcome.ASK, reason=Reason.NO_FEE)
    if facts.due_fen > 0:
        return Decision(outcome=Outcome.ASK, reason=Reason.UNPAID)
    if not facts.is_read_sure:
        return Decision(outcome=Outcome.ASK, reason=Reason.UNSURE_READ)
    return Decision(outcome=Outcome.OPEN, reason=Reason.PAID if facts.paid_fen > 0 else Reason.NOTHING_DUE)
