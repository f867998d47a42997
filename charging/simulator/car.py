"""How a simulated car takes energy: whole Wh and W, a taper towards full."""

from dataclasses import dataclass, field
from typing import Final

AC_TAPER: Final = ((95, 1000), (98, 400), (100, 150))
"""(up to state of charge in %, permille of full power) for a car on its own AC charger."""

DC_TAPER: Final = ((15, 900), (50, 1000), (65, 780), (80, 520), (90, 260), (97, 120), (100, 50))
"""The same for a car on direct current, after the curves of current 400 V cars."""


@dataclass(slots=True, kw_only=True)
class Car:
    """A car at the plug; `held_mwh` counts thousandths of Wh so that short steps lose nothing."""

    plate: str
    capacity_wh: int
    held_mwh: int
    target_pct: int
    max_w: int
    taper: tuple[tuple[int, int], ...] = field(default=AC_TAPER)

    @property
    def soc_pct(self) -> int:
        """State of charge in whole percent."""
        return min(100, self.held_mwh // (self.capacity_wh * 10))

    @property
    def is_full(self) -> bool:
        """Whether the car has what its driver wants."""
        return self.soc_pct >= self.target_pct

    def wanted_w(self) -> int:
        """Power the car would take now."""
        if self.is_full:
            return 0
        permille = next(share for upto, share in self.taper if self.soc_pct <= upto)
        return self.max_w * permille // 1000

    def take(self, offered_w: int, milliseconds: int) -> tuple[int, int]:
        """Charge for a while.

        Returns:
            Power in W and energy in thousandths of Wh.
        """
        power_w = min(offered_w, self.wanted_w())
        energy_mwh = power_w * milliseconds // 3600
        self.held_mwh += energy_mwh
        return power_w, energy_mwh
