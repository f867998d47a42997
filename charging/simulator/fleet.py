"""The demonstration's chargers and the cars that come to them, at the pace of the day and in real time."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Final

from charging.demo import DEMO_TAGS, demo_plate
from charging.simulator.car import AC_TAPER, DC_TAPER, Car
from charging.simulator.charger import Make, Pace, SimulatedCharger
from charging.simulator.charger201 import SimulatedCharger201
from facility.clock import Clock
from facility.layout import Evse
from facility.units import local

ARRIVALS_AN_HOUR: Final = (
    0.05, 0.03, 0.02, 0.02, 0.02, 0.05, 0.10, 0.25, 0.45, 0.40, 0.35, 0.40,
    0.45, 0.35, 0.30, 0.30, 0.35, 0.45, 0.55, 0.55, 0.45, 0.30, 0.20, 0.10,
)  # fmt: skip
"""Cars an hour at one free charger, by local hour: an assumption of the demonstration."""

LOOK_EVERY_S: Final = 5.0

VERSIONS: Final = {"E28": "2.0.1", "E30": "2.1"}
"""EVSEs of the demonstration whose chargers speak OCPP 2.x; every other one speaks 1.6."""

Simulated = SimulatedCharger | SimulatedCharger201


def make_of(evse: Evse) -> Make:
    """The simulated charger of an EVSE of the site."""
    is_dc = evse.current == "dc"
    return Make(
        identity=evse.charger,
        model="SIM-DC60" if is_dc else "SIM-AC7",
        max_w=evse.max_w,
        is_dc=is_dc,
        voltage_v=660 if is_dc else 220,
    )


def new_car(rng: Random, make: Make) -> Car:
    """A believable car: 38 to 85 kWh, arriving with 15 to 70 percent."""
    capacity_wh = rng.choice((38_000, 50_000, 60_000, 70_000, 85_000))
    start_pct = rng.randint(15, 70)
    return Car(
        plate=demo_plate(rng.randrange(len(DEMO_TAGS))),
        capacity_wh=capacity_wh,
        held_mwh=capacity_wh * 10 * start_pct,
        target_pct=rng.choice((80, 90, 100, 100)),
        max_w=make.max_w if make.is_dc else rng.choice((3300, 6600, 7000)),
        taper=DC_TAPER if make.is_dc else AC_TAPER,
    )


class Fleet:
    """All simulated chargers of one process."""

    def __init__(
        self,
        evses: Iterable[Evse],
        address: str,
        clock: Clock,
        pace: Pace,
        seed: int,
        version: str | None = None,
    ) -> None:
        """`version` is spoken by all of them; None: each its own, as in `VERSIONS`."""
        self._clock = clock
        self._rng = Random(seed)
        self.chargers = [
            self._charger(make_of(evse), address, pace, version or VERSIONS.get(evse.id, "1.6"))
            for evse in evses
        ]

    def _charger(self, make: Make, address: str, pace: Pace, version: str) -> Simulated:
        def come() -> Car:
            return new_car(self._rng, make)

        if version == "1.6":
            return SimulatedCharger(make, address, self._clock, pace, come)
        return SimulatedCharger201(make, address, self._clock, pace, come, version=version)

    async def run(self, *, with_cars: bool) -> None:
        """Run every charger, and let cars come."""
        async with asyncio.TaskGroup() as tasks:
            for charger in self.chargers:
                tasks.create_task(charger.run())
            if with_cars:
                tasks.create_task(self._let_cars_come())

    async def _let_cars_come(self) -> None:
        """A third of the chargers is taken soon after the start, so that a fresh screen is not empty."""
        await asyncio.sleep(LOOK_EVERY_S)
        for charger in self._rng.sample(self.chargers, k=max(1, len(self.chargers) // 3)):
            self._send_car(charger)
            await asyncio.sleep(1)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            chance = ARRIVALS_AN_HOUR[local(self._clock.now()).hour] * LOOK_EVERY_S / 3600
            for charger in self.chargers:
                if self._rng.random() < chance * (3 if charger.make.is_dc else 1):
                    self._send_car(charger)

    def _send_car(self, charger: Simulated) -> None:
        if not charger.is_free or charger.reservation is not None:
            return
        car = new_car(self._rng, charger.make)
        minutes = self._rng.randint(20, 50) if charger.make.is_dc else self._rng.randint(60, 260)
        charger.plug_in(car, self._rng.choice(DEMO_TAGS), timedelta(minutes=minutes))
