"""One simulated charger that speaks OCPP 2.0.1 or 2.1: its plug, its meter, its transaction."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from charging.simulator.answers201 import ANSWERS, ANSWERS_21
from charging.simulator.car import Car
from charging.simulator.charger import VENDOR, Make, Pace
from charging.simulator.line import Line
from charging.simulator.memory201 import Memory, Payload, fresh_memory
from charging.simulator.voice201 import open_voice
from facility.clock import Clock
from facility.ids import new_uuid

_PURPOSES: Final = ("TxProfile", "TxDefaultProfile")


@dataclass(slots=True, kw_only=True)
class Charge:
    """The running transaction."""

    name: str
    tag: str
    seq_no: int = -1
    state: str = "Charging"
    remote_start_id: int | None = None
    is_told: asyncio.Event = field(default_factory=asyncio.Event)


class SimulatedCharger201:
    """A charger with one EVSE and one plug. Its life is `run`; cars come by `plug_in`."""

    def __init__(
        self,
        make: Make,
        address: str,
        clock: Clock,
        pace: Pace,
        new_car: Callable[[], Car],
        password: str | None = None,
        version: str = "2.0.1",
    ) -> None:
        self.make = make
        self.clock = clock
        self.version = version
        self.status = "Available"
        self.is_operative = True
        self.reservation: tuple[int, str] | None = None
        self.memory: Memory = fresh_memory(max(1, int(pace.sample_every_s)), make.model)
        self.charge: Charge | None = None
        self.obeys_profiles = True
        self.boot_reason = "PowerUp"
        self.resets_when_idle = False
        self._pace = pace
        self._new_car = new_car
        self._register_mwh = 1_000_000 * (sum(make.identity.encode()) * 37 % 5000 + 200)
        self._car: Car | None = None
        self._session: asyncio.Task[None] | None = None
        self._stopped: tuple[str, str] | None = None
        self._woken = asyncio.Event()
        self.line = Line(
            address=address,
            identity=make.identity,
            protocol=f"ocpp{version}",
            password=password,
            open_voice=lambda ws: open_voice(self, ws, version, ANSWERS_21 if version == "2.1" else ANSWERS),
            greet=self._greet,
            beat=lambda voice: voice.ask("Heartbeat", {}),
        )

    @property
    def is_free(self) -> bool:
        """Whether a car may plug in."""
        return self._car is None and self.is_operative and self.line.is_connected.is_set()

    @property
    def limit_w(self) -> int:
        """What a car may take now: the highest level of each purpose, the transaction's own before the default."""
        if not self.obeys_profiles:
            return self.make.max_w
        station = self._limit_of("ChargingStationMaxProfile")
        own = next((limit for one in _PURPOSES if (limit := self._limit_of(one)) is not None), None)
        return min(limit for limit in (self.make.max_w, station, own) if limit is not None)

    def _limit_of(self, purpose: str) -> int | None:
        fitting = [
            profile
            for _, profile in self.memory.profiles.values()
            if profile["chargingProfilePurpose"] == purpose
        ]
        if not fitting:
            return None
        schedule = max(fitting, key=lambda one: int(one["stackLevel"]))["chargingSchedule"][0]
        limit = schedule["chargingSchedulePeriod"][0]["limit"]
        return int(limit if schedule["chargingRateUnit"] == "W" else limit * self.make.voltage_v)

    async def run(self) -> None:
        """Stay connected for ever."""
        await self.line.run()

    async def _greet(self, voice: Any) -> float:
        while True:
            booted = await voice.ask("BootNotification", self.boot_message())
            if booted["status"] == "Accepted":
                break
            await asyncio.sleep(max(1, booted["interval"]))
        self.boot_reason = "PowerUp"
        await voice.ask("StatusNotification", self.status_message())
        return float(booted["interval"] or 300)

    def boot_message(self) -> Payload:
        """BootNotification."""
        station = {
            "model": self.make.model,
            "vendorName": VENDOR,
            "serialNumber": self.make.identity[:25],
            "firmwareVersion": self.memory.firmware,
        }
        return {"reason": self.boot_reason, "chargingStation": station}

    def status_message(self) -> Payload:
        """StatusNotification of the one connector."""
        return {
            "timestamp": self.now_text(),
            "connectorStatus": self.status,
            "evseId": 1,
            "connectorId": 1,
        }

    def now_text(self) -> str:
        """The time as OCPP writes it."""
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def tell(self, action: str, payload: Payload) -> Payload:
        """Call until it is answered."""
        answered: Payload = await self.line.tell(lambda voice: voice.ask(action, payload))
        return answered

    async def show(self, status: str) -> None:
        """Change and report the connector's status."""
        self.status = status
        await self.tell("StatusNotification", self.status_message())

    async def show_idle(self) -> None:
        """Report what an empty plug is now."""
        if self._car is not None:
            return
        idle = "Reserved" if self.reservation else "Available"
        await self.show(idle if self.is_operative else "Unavailable")

    async def restart(self, reason: str) -> None:
        """End what runs, then connect and boot anew."""
        self.boot_reason = reason
        self.resets_when_idle = False
        if self._session is not None and self.charge is not None:
            await asyncio.wait({self._session})
        await self.line.hang_up()

    def plug_in(self, car: Car, tag: str, stay: timedelta, remote_start_id: int | None = None) -> None:
        """A car comes, charges and leaves after `stay`."""
        self._car = car
        self.charge = Charge(name=str(new_uuid()), tag=tag, remote_start_id=remote_start_id)
        self._session = asyncio.create_task(self._serve(car, self.charge, self.clock.now() + stay))

    def start_remotely(self, tag: str, remote_start_id: int) -> None:
        """A driver at the page: a simulated car stands here for an hour and a half."""
        self.plug_in(self._new_car(), tag, timedelta(minutes=90), remote_start_id)

    def stop(self, reason: str, trigger: str) -> None:
        """End the running transaction, if there is one."""
        self._stopped = (reason, trigger)
        self._woken.set()

    async def _serve(self, car: Car, charge: Charge, leaves_at: datetime) -> None:
        self._stopped = None
        await self.show("Occupied")
        token = {"idToken": charge.tag, "type": "Central" if charge.remote_start_id else "ISO14443"}
        more: Payload = {"evse": {"id": 1, "connectorId": 1}, "idToken": token}
        if self.reservation is not None:
            more["reservationId"] = self.reservation[0]
            self.reservation = None
        trigger = "RemoteStart" if charge.remote_start_id else "Authorized"
        answer = await self.event("Started", trigger, charge, "Transaction.Begin", 0, **more)
        if answer.get("idTokenInfo", {}).get("status") == "Accepted":
            await self._deliver(car, charge, leaves_at)
        else:
            self._stopped = ("DeAuthorized", "Deauthorized")
        reason, trigger = self._stopped or ("EVDisconnected", "EVDeparted")
        charge.state = "Idle" if reason == "EVDisconnected" else "EVConnected"
        await self.event("Ended", trigger, charge, "Transaction.End", 0, reason=reason)
        self.memory.profiles = {
            number: one
            for number, one in self.memory.profiles.items()
            if one[1]["chargingProfilePurpose"] != "TxProfile"
        }
        self.charge = None
        if reason != "EVDisconnected":
            await asyncio.sleep(min(20.0, 2 * self._pace.sample_every_s) / self._pace.speed)
        self._car = None
        await self.show_idle()
        if self.resets_when_idle:
            await self.restart("ScheduledReset")

    async def _deliver(self, car: Car, charge: Charge, leaves_at: datetime) -> None:
        """Charge and sample until the car leaves or something ends it."""
        while self._stopped is None and self.clock.now() < leaves_at:
            began_s = self.clock.monotonic()
            self._woken.clear()
            try:
                async with asyncio.timeout(self._pace.sample_every_s):
                    await self._woken.wait()
            except TimeoutError:
                pass
            milliseconds = int((self.clock.monotonic() - began_s) * 1000) * self._pace.speed
            power_w, energy_mwh = car.take(self.limit_w, milliseconds)
            self._register_mwh += energy_mwh
            wanted = "SuspendedEV" if car.is_full else "SuspendedEVSE" if self.limit_w == 0 else "Charging"
            trigger = "MeterValuePeriodic" if wanted == charge.state else "ChargingStateChanged"
            charge.state = wanted
            await self.event("Updated", trigger, charge, "Sample.Periodic", power_w, soc_pct=car.soc_pct)

    async def event(
        self,
        kind: str,
        trigger: str,
        charge: Charge,
        context: str,
        power_w: int,
        *,
        reason: str | None = None,
        soc_pct: int | None = None,
        **more: Any,
    ) -> Payload:
        """Tell a TransactionEvent; one that begins without a connection is told later as history."""
        charge.seq_no += 1
        info: Payload = {"transactionId": charge.name, "chargingState": charge.state}
        if reason is not None:
            info["stoppedReason"] = reason
        if charge.remote_start_id is not None and kind == "Started":
            info["remoteStartId"] = charge.remote_start_id
        payload = {
            "eventType": kind,
            "timestamp": self.now_text(),
            "triggerReason": trigger,
            "seqNo": charge.seq_no,
            "transactionInfo": info,
            "meterValue": [self.meter_value(context, power_w, soc_pct)],
            **more,
        }
        if not self.line.is_connected.is_set():
            payload["offline"] = True
        answer = await self.tell("TransactionEvent", payload)
        charge.is_told.set()
        return answer

    def meter_value(self, context: str, power_w: int, soc_pct: int | None = None) -> Payload:
        """The meter as it stands."""
        energy = {"value": self._register_mwh / 1e6, "context": context, "unitOfMeasure": {"unit": "kWh"}}
        power = {"value": power_w, "context": context, "measurand": "Power.Active.Import"}
        values: list[Payload] = [energy, {**power, "unitOfMeasure": {"unit": "W"}}]
        if soc_pct is not None and self.make.is_dc:
            values.append({"value": soc_pct, "context": context, "measurand": "SoC"})
        return {"timestamp": self.now_text(), "sampledValue": values}
