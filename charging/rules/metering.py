"""The energy of one transaction, folded from its register readings and fixed at its stop.

No reading refuses a message: one that cannot be believed is named and the rest is counted.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """The energy of one transaction so far.

    `segment_wh` is the register where the running count began (moves when the register falls), `carried_wh` what was
    counted before it, `register_wh` the last register believed, `doubted` the last reading that leapt too far.
    """

    segment_wh: int
    register_wh: int
    read_at: datetime
    carried_wh: int = 0
    resets: int = 0
    doubted: tuple[int, datetime] | None = None

    @property
    def delivered_wh(self) -> int:
        """Whole Wh since the start of the transaction, never negative."""
        return self.carried_wh + self.register_wh - self.segment_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What a connector can physically give: `max_w` bounds how fast its register may rise."""

    max_w: int = 250_000


_ANY_TIME: Final = timedelta(days=30)
MAX_CHARGE_WH: Final = 600_000
"""No car takes more in one charge: the battery of a long-haul truck."""


JUMP_ALLOWANCE_WH: Final = 500
"""Meters round, and chargers stamp samples late: this much is believed on top of full power since the last reading."""


def start_meter(register_wh: int | None, at: datetime) -> Meter:
    """Begin a transaction at the register its start reported (0 where it reported none)."""
    begin_wh = max(0, register_wh or 0)
    return Meter(segment_wh=begin_wh, register_wh=begin_wh, read_at=at)


def advance_meter(meter: Meter, register_wh: int, at: datetime, outlet: Outlet) -> tuple[Meter, str | None]:
    """Fold one register reading into the transaction.

    Returns:
        The meter, and what was odd: None, `stale` (older than the last one, ignored), `jump` (rose faster than the
        outlet can deliver, ignored until a second reading confirms the new level), `rebased` (counts on from another
        level: a relative register, a confirmed jump), `reset` (the register fell, as after a power cut: counted on
        from where it stood before).
    """
    if at < meter.read_at:
        return meter, "stale"
    believed_wh = believed_rise_wh(meter.read_at, at, outlet)
    rise_wh = register_wh - meter.register_wh
    if rise_wh > believed_wh:
        return _doubt(meter, register_wh, at, outlet)
    if rise_wh >= 0:
        return replace(meter, register_wh=register_wh, read_at=at, doubted=None), None
    # The register fell. If its new value can be energy counted from zero since the last reading, it is.
    counted_wh = register_wh if 0 <= register_wh <= believed_wh else 0
    is_first = meter.delivered_wh == 0 and meter.resets == 0
    return _moved(meter, register_wh - counted_wh, register_wh, at), "rebased" if is_first else "reset"


def _doubt(meter: Meter, register_wh: int, at: datetime, outlet: Outlet) -> tuple[Meter, str]:
    """A leap is not billed; a second reading that fits the first one's level is counted from there."""
    if meter.doubted is not None:
        level_wh, level_at = meter.doubted
        if 0 <= register_wh - level_wh <= believed_rise_wh(level_at, at, outlet):
            return _moved(meter, level_wh, register_wh, at), "rebased"
    return replace(meter, doubted=(register_wh, at)), "jump"


def _moved(meter: Meter, segment_wh: int, register_wh: int, at: datetime) -> Meter:
    return Meter(
        segment_wh=segment_wh,
        register_wh=register_wh,
        read_at=at,
        carried_wh=meter.delivered_wh,
        resets=meter.resets + 1,
    )


def believed_rise_wh(since: datetime, at: datetime, outlet: Outlet) -> int:
    """The most Wh an outlet's register is believed to rise between two moments."""
    seconds = int((at - since).total_seconds())
    return min(outlet.max_w * seconds // 3600, MAX_CHARGE_WH) + JUMP_ALLOWANCE_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The energy a finished transaction is billed for and what was odd about it."""

    delivered_wh: int
    flags: tuple[str, ...] = ()


def settle_meter(
    meter: Meter, start_wh: int | None, stop_wh: int | None, at: datetime | None, outlet: Outlet
) -> Settlement:
    """Fix the energy of a transaction from its samples and its stop.

    Args:
        meter: folded over every sample that belongs to the transaction.
        start_wh: `meterStart` as sent.
        stop_wh: `meterStop` as sent, None where no stop came.
        at: moment of the stop; None where the charger's clock is not to be believed, so that only the most any car can
            take bounds the energy.
        outlet: bounds what is believed.

    Returns:
        Wh, never negative. Flags: `no_stop_register`, `kwh_register` (start and stop were sent in kWh: the samples show
        a thousand times the difference), `stop_below_samples`, or what `advance_meter` found odd at the stop (the
        samples then stand alone).
    """
    if stop_wh is None:
        return Settlement(delivered_wh=meter.delivered_wh, flags=("no_stop_register",))
    difference_wh = stop_wh - (start_wh or 0)
    if (
        meter.delivered_wh >= 2000
        and 0 < difference_wh
        and _is_thousandfold(meter.delivered_wh, difference_wh)
    ):
        return Settlement(delivered_wh=meter.delivered_wh, flags=("kwh_register",))
    until = meter.read_at + _ANY_TIME if at is None else max(at, meter.read_at)
    folded, odd = advance_meter(meter, stop_wh, until, outlet)
    if odd in ("reset", "rebased"):
        # A stop below the samples is no energy of its own: the samples already counted it.
        return Settlement(delivered_wh=meter.delivered_wh, flags=("stop_below_samples",))
    return Settlement(delivered_wh=folded.delivered_wh, flags=(odd,) if odd else ())


def _is_thousandfold(sampled_wh: int, difference: int) -> bool:
    """Whether a difference in kWh, sent as if Wh, explains the samples (kWh are cut or rounded to whole ones)."""
    return (difference - 1) * 1000 <= sampled_wh <= (difference + 1) * 1000
