"""What the tariff engine is told about one stay, and the fee it answers with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from facility.units import Fen

NO_FEN = Fen(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What a price list may tell apart: the class (`small`, `large`, ...) and whether it is a new-energy
    vehicle."""

    vehicle_class: str = "small"
    is_nev: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time from `start_at` (included) to `end_at` (not included), both aware.

    `why` names what covered the car: `permit`, `visitor`, `allowed` or `emergency`.
    """

    start_at: datetime
    end_at: datetime
    why: str = "permit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """One charging transaction of the stay.

    `ended_at` is `None` while energy flows; `left_bay_at` is `None` while the car stands at the charger.
    """

    started_at: datetime
    energy_wh: int
    ended_at: datetime | None = None
    left_bay_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A shop's coupon, already validated: time taken off the stay, or an amount taken off its parking fee."""

    coupon_id: str
    off: timedelta = timedelta()
    off_fen: Fen = NO_FEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money received for the stay; `amount_fen` is what was received less what was returned, never negative.

    `priced_at` is the moment of pricing where the driver was asked a little before the money came.
    """

    paid_at: datetime
    amount_fen: Fen
    priced_at: datetime | None = None

    @property
    def covers_at(self) -> datetime:
        """The moment whose fee was asked for; the exit grace counts from `paid_at` all the same."""
        return self.paid_at if self.priced_at is None else self.priced_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedStay:
    """The facts of one stay that a fee depends on.

    `permit_spans` are the stretches in which a permit covered this car, from `permits.covered_spans`.
    `is_first_of_date`: no earlier stay of this plate entered this site on the entry's date.
    """

    entered_at: datetime
    vehicle: Vehicle = field(default_factory=Vehicle)
    is_first_of_date: bool = True
    permit_spans: tuple[Span, ...] = ()
    charged: tuple[Charged, ...] = ()
    coupons: tuple[Coupon, ...] = ()


class LineKind(Enum):
    """What a line of a fee is for."""

    PARKING = "parking"
    IDLE = "idle"
    COUPON = "coupon"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """One line of a fee.

    `rule` is the key of the sentence that tells the driver why (`tariff_text`), `facts` the numbers of that
    sentence: whole seconds, fen or counts by name. `fen` may be negative (a discount) or nought (time that
    was not billed).
    """

    kind: LineKind
    rule: str
    start_at: datetime
    end_at: datetime
    fen: Fen
    facts: tuple[tuple[str, int | str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """The price of a stay up to a moment: the sum of its lines."""

    lines: tuple[FeeLine, ...]
    total_fen: Fen

    def of_kind(self, kind: LineKind) -> Fen:
        """Sum of the lines of one kind, in fen."""
        return Fen(sum(line.fen for line in self.lines if line.kind is kind))
