"""Which stretches of a stay cost nothing because something covers the car: a permit, a pass, a list, its class."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from facility.units import SHANGHAI
from gateway.parking.rules.tariff_stay import Span

_ALWAYS = datetime(9000, 1, 1, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitTerm:
    """A permit that names the plate of a stay.

    `valid_from` and `valid_to` are local dates, both included. `is_held`: the stay took one of its places at entry.
    `others_inside`: cars on it at the moment it could begin to cover this stay, this one not counted.
    """

    valid_from: date
    valid_to: date
    ended_at: datetime | None
    max_inside: int
    is_held: bool
    others_inside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A stretch in which a plate does not pay for another reason: `why` is `visitor` or `allowed`."""

    valid_from: datetime
    valid_until: datetime | None
    why: str


def permit_span(term: PermitTerm) -> Span:
    """From the start of its first date to the end of its last, or to the moment it was ended before."""
    start_at = datetime.combine(term.valid_from, time(), SHANGHAI)
    end_at = datetime.combine(term.valid_to, time(), SHANGHAI) + timedelta(days=1)
    if term.ended_at is not None:
        end_at = max(start_at, min(end_at, term.ended_at))
    return Span(start_at=start_at, end_at=end_at)


def covers(term: PermitTerm, entered_at: datetime) -> bool:
    """Whether a permit covers a stay at all.

    A stay that took a place at entry keeps it. One that did not (the places were taken, or the permit had not begun) is
    covered by a permit that begins while it is inside, where a place is free at that moment.
    """
    if term.is_held:
        return True
    begins_at = datetime.combine(term.valid_from, time(), SHANGHAI)
    return begins_at > entered_at and term.others_inside < term.max_inside


def covered_spans(
    entered_at: datetime, *, permits: tuple[PermitTerm, ...], passes: tuple[Pass, ...], is_emergency: bool
) -> tuple[Span, ...]:
    """Every stretch that covers a stay, overlapping where two things cover it.

    Args:
        entered_at: entry, aware.
        is_emergency: police, fire and rescue and ambulances never pay.
    """
    if is_emergency:
        return (Span(start_at=entered_at, end_at=_ALWAYS, why="emergency"),)
    by_permit = tuple(permit_span(term) for term in permits if covers(term, entered_at))
    by_pass = tuple(
        Span(start_at=one.valid_from, end_at=one.valid_until or _ALWAYS, why=one.why) for one in passes
    )
    return by_permit + by_pass
