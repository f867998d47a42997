"""A barrier on a Modbus/TCP relay module: coils that open and close it, inputs for its loop and its end switches."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from facility.layout import BarrierWiring
from facility.modbus import ModbusClient, ModbusFault
from gateway.parking.drivers.gate import GateFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long this kind of barrier takes.

    Attributes:
        pulse_s: how long a coil is held for the barrier's controller to take it as a press of the button.
        poll_s: between two looks at the inputs; a car of 4 m at 15 km/h is on the loop for about a second.
        move_s: an arm that has not reached its end switch by then does not move (fast barriers 1 s, slow ones 6 s).
        quiet_s: a loop that was quiet for so long will not be crossed by a follower.
        clear_s: how long a car may stand under the arm before somebody must look.
    """

    pulse_s: float = 0.5
    poll_s: float = 0.05
    move_s: float = 8.0
    quiet_s: float = 2.5
    clear_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """How the barrier stands."""

    is_on_loop: bool
    is_up: bool
    is_down: bool


class ModbusGate:
    """See `Gate`. The arm's own controller keeps it from falling on a car; this driver waits for the loop too."""

    is_simulated = False

    def __init__(self, client: ModbusClient, wiring: BarrierWiring, pace: Pace | None = None) -> None:
        self._client = client
        self._wiring = wiring
        self._pace = pace or Pace()

    async def raise_arm(self) -> None:
        """Press the opening button and wait for the upper end switch; where there is no closing coil, hold it."""
        await self._command(self._wiring.open_coil, is_held=self._wiring.close_coil is None)
        await self._await_end(is_up=True)

    async def hold_open(self) -> None:
        """Hold the opening button: a barrier whose button is held does not close by its own timer."""
        await self._command(self._wiring.open_coil, is_held=True)
        await self._await_end(is_up=True)

    async def cars_crossed(self, timeout_s: float) -> int:
        """Count cars that drove onto the loop and off it again, until it has been quiet for a while."""
        cars, was_on_loop = 0, False
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + timeout_s
        while was_on_loop or now_s() < until_s:
            here = await self._look()
            if was_on_loop and not here.is_on_loop:
                cars += 1
                until_s = now_s() + self._pace.quiet_s
            was_on_loop = here.is_on_loop
            await asyncio.sleep(self._pace.poll_s)
        return cars

    async def lower_arm(self) -> None:
        """Wait until nothing stands on the loop, let the opening button go, press the closing one."""
        await self._await_clear_loop()
        await self._switch(self._wiring.open_coil, is_on=False)
        if self._wiring.close_coil is not None:
            await self._command(self._wiring.close_coil, is_held=False)
        await self._await_end(is_up=False)

    async def _command(self, coil: int, *, is_held: bool) -> None:
        await self._switch(coil, is_on=True)
        if is_held:
            return
        try:
            await asyncio.sleep(self._pace.pulse_s)
        finally:  # also where the order is called off: a button that stays pressed would hold the arm
            await self._switch(coil, is_on=False)

    async def _await_clear_loop(self) -> None:
        if not await self._await(lambda here: not here.is_on_loop, self._pace.clear_s):
            raise GateFault(f"a car stands under the arm for {self._pace.clear_s:.0f} s")

    async def _await_end(self, *, is_up: bool) -> None:
        if not await self._await(lambda here: self._is_at_end(here, is_up=is_up), self._pace.move_s):
            raise GateFault(f"the arm is not {'up' if is_up else 'down'} after {self._pace.move_s:.0f} s")

    async def _await(self, is_so: Callable[[_Inputs], bool], within_s: float) -> bool:
        """Look until it is so; returns whether it was in time."""
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + within_s
        while not is_so(await self._look()):
            if now_s() > until_s:
                return False
            await asyncio.sleep(self._pace.poll_s)
        return True

    def _is_at_end(self, here: _Inputs, *, is_up: bool) -> bool:
        if here.is_up and here.is_down:
            raise GateFault("both end switches say that the arm has arrived")
        return here.is_up if is_up else here.is_down

    async def _look(self) -> _Inputs:
        wiring = self._wiring
        addresses = (wiring.loop_input, wiring.up_input, wiring.down_input)
        first = min(addresses)
        try:
            bits = await self._client.read_inputs(first, max(addresses) - first + 1)
        except ModbusFault as fault:
            raise GateFault(str(fault)) from fault
        loop, up, down = (bits[address - first] for address in addresses)
        return _Inputs(is_on_loop=loop, is_up=up, is_down=down)

    async def _switch(self, coil: int, *, is_on: bool) -> None:
        try:
            await self._client.write_coil(coil, is_on=is_on)
        except ModbusFault as fault:
            raise GateFault(str(fault)) from fault
