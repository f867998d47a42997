"""Money in whole fen, energy in whole Wh, power in whole W, and local time."""

from datetime import datetime
from typing import NewType
from zoneinfo import ZoneInfo

Fen = NewType("Fen", int)
Wh = NewType("Wh", int)
Watt = NewType("Watt", int)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def yuan(amount: Fen) -> str:
    """An amount of fen as yuan with two decimals, e.g. `Fen(1205)` -> `12.05`."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100)
    return f"{sign}{whole}.{rest:02d}"


def kwh(energy: Wh) -> str:
    """An energy of Wh as kWh with two decimals, cut, not rounded: a screen never shows more than was metered."""
    sign = "-" if energy < 0 else ""
    whole, rest = divmod(abs(energy), 1000)
    return f"{sign}{whole}.{rest // 10:02d}"


def local(moment: datetime) -> datetime:
    """The same moment on the wall clock of the site (Asia/Shanghai).

    Raises:
        ValueError: `moment` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place here")
    return moment.astimezone(SHANGHAI)
