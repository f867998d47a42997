"""Where loops are felt: inputs behind a small protocol, polled by a thread that hands on their edges."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from facility.errors import Unavailable
from facility.layout import LoopWiring
from facility.modbus import ModbusClient, ModbusFault
from lpr.rules.loops import LoopEvent

log = structlog.get_logger(__name__)
POLL_S = 0.04
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 10.0


class LoopsAway(Unavailable):
    """The inputs of a lane's loops cannot be read."""

    code = "lpr.loops_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Whether a car stands on the arrival loop A and on the exit loop B."""

    arrival: bool
    exit: bool


class LoopInputs(Protocol):
    """A seam: whatever can say which loops are pressed now."""

    async def read(self) -> Pressed:
        """The loops now.

        Raises:
            LoopsAway: the inputs do not answer.
        """
        ...


class SimulatedLoops:
    """Loops that are pressed by hand."""

    def __init__(self) -> None:
        self.pressed = Pressed(arrival=False, exit=False)
        self.is_away = False

    async def read(self) -> Pressed:
        """As pressed.

        Raises:
            LoopsAway: `is_away` is set.
        """
        if self.is_away:
            raise LoopsAway("simulated loops are away")
        return self.pressed


class ModbusLoops:
    """Loop detectors whose relays hang on the inputs of a Modbus/TCP module."""

    def __init__(self, client: ModbusClient, wiring: LoopWiring) -> None:
        self._client, self._wiring = client, wiring

    async def read(self) -> Pressed:
        """Both inputs in one question.

        Raises:
            LoopsAway: the module does not answer as it should.
        """
        wired = self._wiring
        first, last = sorted((wired.arrival_input, wired.exit_input))
        try:
            bits = await self._client.read_inputs(first, last - first + 1)
        except ModbusFault as fault:
            raise LoopsAway(fault.detail) from fault
        return Pressed(
            arrival=bits[wired.arrival_input - first] is not wired.is_inverted,
            exit=bits[wired.exit_input - first] is not wired.is_inverted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A loop was pressed or left; without an `event` the inputs were away: the loops are as `pressed`, taken anew."""

    at_s: float
    event: LoopEvent | None
    pressed: Pressed


class LoopWatch:
    """Polls the inputs and keeps the edges until the camera's loop takes them. Trouble is logged at its ends."""

    def __init__(self, inputs: LoopInputs, name: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self._inputs, self._name, self._now_s = inputs, name, now_s
        self._edges: deque[Edge] = deque(maxlen=1000)
        self._known: Pressed | None = None
        self.is_away = False

    def start(self, stop: threading.Event) -> None:
        """Poll in a thread of its own until `stop` is set."""

        def run() -> None:
            asyncio.run(self._poll_on(stop))

        threading.Thread(target=run, name=f"loops-{self._name}", daemon=True).start()

    def taken(self) -> list[Edge]:
        """The edges since the last call, oldest first."""
        edges = []
        while self._edges:
            edges.append(self._edges.popleft())
        return edges

    async def poll(self) -> bool:
        """Read the inputs once; whether they answered."""
        try:
            pressed = await self._inputs.read()
        except LoopsAway as fault:
            if not self.is_away:
                log.warning("loops.away", camera=self._name, fault=fault.detail)
            self.is_away, self._known = True, None
            return False
        if self.is_away:
            log.info("loops.returned", camera=self._name)
        at_s = self._now_s()
        if self._known is None:
            self._edges.append(Edge(at_s=at_s, event=None, pressed=pressed))
        else:
            self._edges.extend(Edge(at_s=at_s, event=e, pressed=pressed) for e in edges(self._known, pressed))
        self.is_away, self._known = False, pressed
        return True

    async def _poll_on(self, stop: threading.Event) -> None:
        wait_s = RETRY_FIRST_S
        while not stop.is_set():
            if await self.poll():
                wait_s = RETRY_FIRST_S
                await asyncio.sleep(POLL_S)
            else:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_MOST_S)


def edges(before: Pressed, now: Pressed) -> list[LoopEvent]:
    """What changed; a loop is pressed before another is left, since a car is longer than the way between."""
    found = []
    if now.arrival and not before.arrival:
        found.append(LoopEvent.A_ON)
    if now.exit and not before.exit:
        found.append(LoopEvent.B_ON)
    if before.arrival and not now.arrival:
        found.append(LoopEvent.A_OFF)
    if before.exit and not now.exit:
        found.append(LoopEvent.B_OFF)
    return found
