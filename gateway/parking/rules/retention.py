"""How long each kind of datum about a car is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What is kept about a car: its picture, that it was read, its stay by plate, what it paid."""

    PICTURE = "picture"
    READ = "read"
    STAY = "stay"
    BILL = "bill"


DEFAULT_DAYS: Mapping[Kind, int] = {Kind.PICTURE: 30, Kind.READ: 90, Kind.STAY: 180, Kind.BILL: 1827}
"""Days kept where nobody set others: a month for disputes at the gate, a season for faults of the reader,
half a year for complaints about a fee, five years for the books. The owner's data protection officer
decides; managers set them."""

ORDER = (Kind.PICTURE, Kind.READ, Kind.STAY, Kind.BILL)
"""A picture goes before the read that names it."""


def cutoff(kind: Kind, now: datetime, days: Mapping[Kind, int]) -> datetime:
    """The moment before which a kind is not kept."""
    return now - timedelta(days=days.get(kind, DEFAULT_DAYS[kind]))
