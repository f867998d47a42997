"""How to hold a charger to a limit when it refuses, knows only A or only W, or accepts and ignores.

A rung that failed is not tried again until the charger boots (a transaction's own profile: until the next transaction).
Whether an accepted limit is obeyed is read from the meter, not from the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

SETTLE_FOR: Final = timedelta(seconds=60)
"""A car may take this long to follow a lower limit (IEC 61851-1 allows 5 s, chargers add their own ramps)."""

TOLERANCE_PERMILLE: Final = 50
TOLERANCE_W: Final = 200
"""Meters and cars are that inexact: 5 % and 200 W above the limit still count as obeyed."""


class Outcome(StrEnum):
    """What became of one rung."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to set a limit: the profile's purpose and the unit of its limit (`A` or `W`)."""

    purpose: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A rung that was tried since the charger's last boot, and what became of it."""

    rung: Rung
    outcome: Outcome


PURPOSES_16: Final = ("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
PURPOSES_2: Final = ("TxProfile", "TxDefaultProfile", "ChargingStationMaxProfile")
"""In 2.x the transaction's own profile is what every charger with smart charging must follow at once (K01, K15)."""


def rungs(
    units: Sequence[str], *, is_charging: bool, purposes: Sequence[str] = PURPOSES_16
) -> tuple[Rung, ...]:
    """Every rung for a charger, the first to try first.

    Args:
        units: the units it says it knows, its own preference first (`ChargingScheduleAllowedChargingRateUnit`).
        is_charging: a TxProfile is only possible while a transaction runs.
        purposes: in the order of trying.
    """
    return tuple(
        Rung(purpose=purpose, unit=unit)
        for purpose in purposes
        if is_charging or purpose != "TxProfile"
        for unit in units
    )


def next_rung(all_rungs: Sequence[Rung], tried: Sequence[Tried]) -> Rung | None:
    """The first rung that has not failed; None where all have (then only ChangeAvailability is left)."""
    failed = {one.rung for one in tried if one.outcome != Outcome.ACCEPTED}
    return next((rung for rung in all_rungs if rung not in failed), None)


def limit_in(unit: str, limit_w: int, phase_voltage_v: int, phases: int) -> int:
    """A power limit as a profile says it: W as it is, A for each phase, rounded down so that the sum stays below."""
    if unit == "W":
        return limit_w
    return limit_w // (phase_voltage_v * phases)


def is_obeyed(
    limit_w: int, set_at: datetime, samples: Sequence[tuple[datetime, int]], now: datetime
) -> bool | None:
    """Whether the meter shows that a limit is followed.

    Args:
        limit_w: the limit.
        set_at: when the charger accepted it.
        samples: moments and W, in any order.
        now: the moment of asking.

    Returns:
        None while it cannot be told: the car is still settling, or nothing has been measured since.
    """
    settled = [power_w for at, power_w in samples if at >= set_at + SETTLE_FOR]
    if now < set_at + SETTLE_FOR or not settled:
        return None
    allowed_w = limit_w + limit_w * TOLERANCE_PERMILLE // 1000 + TOLERANCE_W
    return sorted(settled)[len(settled) // 2] <= allowed_w
