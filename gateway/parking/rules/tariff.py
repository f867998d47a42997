"""A price list as the rules see it: whole fen, whole seconds, nothing left to interpret.

`tariff_document` reads one from the vocabulary of price lists and `tariff_contradictions` refuses the
impossible ones.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from fractions import Fraction

from facility.units import Fen

ONE_FEN = Fen(1)
DAY_S = 86_400
"""Seconds of a date: Asia/Shanghai has had no daylight saving since 1991, so every date has this many."""


class FreeMode(Enum):
    """How free time is given."""

    THRESHOLD = "threshold"
    """A stay of at most the free time costs nothing, a longer one is billed from entry."""
    DEDUCT = "deduct"
    """The free time is taken off the front and the rest is billed."""


class CapBasis(Enum):
    """What a day is to the day cap."""

    ROLLING = "rolling"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRate:
    """A price per started unit.

    `holiday_fen` replaces `price_fen` on the dates of the list's holidays; `None` where holidays cost the
    same.
    """

    unit_s: int
    price_fen: Fen
    holiday_fen: Fen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of the day.

    `from_s` lies in [0, 86400), `to_s` in (`from_s`, `from_s` + 86400]: beyond 86400 it ends on the next
    date. Either `rate` or `flat_fen` is set, never both. `cap_fen` holds for one occurrence inside one day
    window.
    """

    from_s: int
    to_s: int
    rate: UnitRate | None = None
    flat_fen: Fen | None = None
    cap_fen: Fen | None = None


class CalendarDates(StrEnum):
    """Which dates of the site's calendar cost the holiday price."""

    HOLIDAYS = "holidays"
    DAYS_OFF = "days_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """One price for every stay of at most `upto_s` seconds; `None` has no bound."""

    upto_s: int | None
    price_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The factor of a new-energy vehicle's billable time up to `upto_s` seconds; `None` has no bound."""

    upto_s: int | None
    factor: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Parking time taken off a stay that charged at least `min_wh`."""

    min_wh: int
    waived_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleFee:
    """What a car pays for each started minute it stands at a charger after charging ended and the grace ran
    out."""

    grace_s: int
    price_per_minute_fen: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitEnd:
    """How the rest of a stay is billed once a permit ended during it.

    `bills_from_entry`: the permit counts for nothing and the whole stay is billed. `windows_from_entry`:
    the rolling day windows go on counting from entry; otherwise they start when the permit ended.
    """

    free_s: int = 0
    bills_from_entry: bool = False
    windows_from_entry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One price list.

    Exactly one of `rate`, `segments` and `slabs` prices the time. `segments` cover the day without gap or
    overlap and are sorted by `from_s`. `slabs` are sorted by bound. Factors are exact fractions. `follows` names the
    dates of the site's calendar that are holidays beside `holidays`; `tariff_calendar` puts them there before a stay
    is priced.
    """

    free_s: int = 0
    free_mode: FreeMode = FreeMode.THRESHOLD
    free_in_later_windows: bool = False
    rate: UnitRate | None = None
    segments: tuple[Segment, ...] = ()
    slabs: tuple[Slab, ...] = ()
    restart_after_s: int | None = None
    cap_fen: Fen | None = None
    cap_basis: CapBasis = CapBasis.ROLLING
    holidays: frozenset[date] = frozenset()
    follows: CalendarDates | None = None
    nev_discount: Fraction | None = None
    nev_first_stay_free_s: int | None = None
    nev_tiers: tuple[Tier, ...] = ()
    is_charging_time_exempt: bool = False
    charging_waiver: Waiver | None = None
    idle_fee: IdleFee | None = None
    class_multiplier: tuple[tuple[str, Fraction], ...] = ()
    permit_end: PermitEnd = field(default_factory=PermitEnd)
    exit_grace_s: int = 0
    round_to_fen: Fen = ONE_FEN

    @property
    def has_day_windows(self) -> bool:
        """Whether anything of this list counts by day: only then is a stay cut at the windows' bounds."""
        return self.cap_fen is not None or self.free_in_later_windows
