"""What an event that comes after the end of its transaction still says about the energy.

A charger that was off-line may send its events in any order: *Started* after *Ended*, a sample after an *Ended* without
a register. The register's word stands, as far as the outlet can have delivered it in the time.
"""

from dataclasses import dataclass
from datetime import datetime

from charging.rules.metering import Outlet, believed_rise_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A transaction as it was counted: between which registers (Wh) and moments (aware UTC), and what came of it."""

    begin_wh: int
    started_at: datetime
    stopped_at: datetime
    has_stop_register: bool
    delivered_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Wh that were missing; `odd` says why a register was not believed, None where it was."""

    gained_wh: int = 0
    odd: str | None = None


def gain_before(counted: Counted, begin_wh: int | None, began_at: datetime, outlet: Outlet) -> Gain:
    """Energy between a *Started* that came late and the register that was taken for the start.

    A register above the known one adds nothing: what was counted was counted from a reading, too.
    """
    if begin_wh is None or began_at > counted.started_at or begin_wh >= counted.begin_wh:
        return Gain()
    missing_wh = counted.begin_wh - begin_wh
    if missing_wh > believed_rise_wh(began_at, counted.started_at, outlet):
        return Gain(odd="late_start_jump")
    return Gain(gained_wh=missing_wh)


def gain_after(counted: Counted, register_wh: int | None, measured_at: datetime, outlet: Outlet) -> Gain:
    """Energy that a late sample shows beyond what was counted, where the end told no register of its own."""
    if register_wh is None or counted.has_stop_register:
        return Gain()
    if not counted.started_at <= measured_at <= counted.stopped_at:
        return Gain()
    missing_wh = register_wh - counted.begin_wh - counted.delivered_wh
    if missing_wh <= 0:
        return Gain()
    if missing_wh + counted.delivered_wh > believed_rise_wh(counted.started_at, measured_at, outlet):
        return Gain(odd="late_sample_jump")
    return Gain(gained_wh=missing_wh)
