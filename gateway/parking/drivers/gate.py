"""A gate behind a small protocol: an arm, and an induction loop that feels cars cross under it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from facility.errors import Unavailable


class GateFault(Unavailable):
    """A gate does not answer or does not move."""

    code = "gate.fault"


class Gate(Protocol):
    """One barrier. Calls are made one after another, never two at a time."""

    is_simulated: bool

    async def raise_arm(self) -> None:
        """Open; returns when the arm is up.

        Raises:
            GateFault: it did not go up.
        """
        ...

    async def hold_open(self) -> None:
        """Open and stay open until the arm is lowered: nobody decides for single cars.

        Raises:
            GateFault: it did not go up.
        """
        ...

    async def cars_crossed(self, timeout_s: float) -> int:
        """Wait until the loop has felt cars cross and has fallen quiet.

        Returns:
            How many cars crossed; 0 where none did within `timeout_s`. More than one is a tailgate.

        Raises:
            GateFault: the loop does not answer.
        """
        ...

    async def lower_arm(self) -> None:
        """Close; the arm stays up for as long as the loop feels a car.

        Raises:
            GateFault: it did not go down.
        """
        ...


class SimulatedGate:
    """A barrier that is not there: every car it opens for drives over its loop a moment later.

    Args:
        crossing_s: how long a car takes from the open arm to the far side of the loop.
        cars: how many cars cross at the next opening; 0 is a driver who backs off, 2 a tailgate.
    """

    is_simulated = True

    def __init__(self, crossing_s: float = 2.0, cars: Callable[[], int] = lambda: 1) -> None:
        self._crossing_s = crossing_s
        self._cars = cars
        self._is_awaited = False
        self.is_up = False
        self.openings = 0

    async def raise_arm(self) -> None:
        """Open at once."""
        self.is_up = True
        self._is_awaited = True
        self.openings += 1

    async def hold_open(self) -> None:
        """Open; no simulated car comes where none was let in."""
        self.is_up = True

    async def cars_crossed(self, timeout_s: float) -> int:
        """The cars that the simulation sends, after the time they take."""
        if not self._is_awaited:
            await asyncio.sleep(timeout_s)
            return 0
        await asyncio.sleep(min(self._crossing_s, timeout_s))
        self._is_awaited = False
        return self._cars()

    async def lower_arm(self) -> None:
        """Close at once."""
        self.is_up = False
