"""One simulated charger: its plug, its meter, its socket. The client side is the ocpp library's own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ocpp.v16 import call
from ocpp.v16.enums import ChargePointErrorCode, Reason
from ocpp.v16.enums import ChargePointStatus as Status

from charging.simulator.car import Car
from charging.simulator.line import Line
from charging.simulator.voice import Voice
from facility.clock import Clock

VENDOR: Final = "Pingzhan simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What kind of charger this is."""

    identity: str
    model: str
    max_w: int
    is_dc: bool
    voltage_v: int = 220


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often it samples, and how much faster than the wall clock its car charges (1 in the demonstration)."""

    sample_every_s: float = 10.0
    speed: int = 1


class SimulatedCharger:
    """A charger with one plug. Its life is `run`; cars come by `plug_in`."""

    def __init__(
        self,
        make: Make,
        address: str,
        clock: Clock,
        pace: Pace,
        new_car: Callable[[], Car],
        password: str | None = None,
    ) -> None:
        self.make = make
        self.clock = clock
        self.status: Status = Status.available
        self.is_operative = True
        self.limits_w: dict[str, int] = {}
        self.configuration = {
            "MeterValueSampleInterval": str(int(pace.sample_every_s)),
            "HeartbeatInterval": "300",
            "NumberOfConnectors": "1",
            "AuthorizeRemoteTxRequests": "false",
            "SupportedFeatureProfiles": "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging",
            "ChargeProfileMaxStackLevel": "10",
            "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
        }
        self._reservation: tuple[int, str, datetime] | None = None
        self.list_version = 0
        self.transaction_id: int | None = None
        self._pace = pace
        self._new_car = new_car
        self._register_mwh = 1_000_000 * (sum(make.identity.encode()) * 37 % 5000 + 200)
        self._line = Line(
            address=address,
            identity=make.identity,
            protocol="ocpp1.6",
            password=password,
            open_voice=lambda ws: Voice(self, ws),
            greet=self._greet,
            beat=lambda voice: voice.call(call.Heartbeat(), suppress=True),
        )
        self._is_connected = self._line.is_connected
        self._car: Car | None = None
        self._session: asyncio.Task[None] | None = None
        self._stop_reason: Reason | None = None
        self._woken = asyncio.Event()

    @property
    def is_free(self) -> bool:
        """Whether a car may plug in."""
        return self._car is None and self.is_operative and self._is_connected.is_set()

    @property
    def reservation(self) -> tuple[int, str] | None:
        """Number and tag of the reservation that stands now; it lapses by itself when its time is over."""
        kept = self._reservation
        return None if kept is None or kept[2] <= self.clock.now() else kept[:2]

    def keep_free(self, number: int, tag: str, until: datetime) -> None:
        """Keep the plug for a tag until a moment."""
        self._reservation = (number, tag, until)

    def give_free(self) -> None:
        """End the reservation."""
        self._reservation = None

    @property
    def limit_w(self) -> int:
        """What a car may take now: the transaction's profile before the default, never above the charger's own."""
        usual = self.limits_w.get("TxDefaultProfile", self.make.max_w)
        own = self.limits_w.get("ChargePointMaxProfile", self.make.max_w)
        return min(self.make.max_w, own, self.limits_w.get("TxProfile", usual))

    async def run(self) -> None:
        """Stay connected for ever."""
        await self._line.run()

    async def _greet(self, voice: Voice) -> float:
        while True:
            booted = await voice.call(
                call.BootNotification(
                    charge_point_model=self.make.model,
                    charge_point_vendor=VENDOR,
                    charge_point_serial_number=self.make.identity[:25],
                    firmware_version="sim-1",
                ),
                suppress=False,
            )
            if booted.status == "Accepted":
                break
            await asyncio.sleep(max(1, booted.interval))
        await voice.call(self._status_message(0, Status.available), suppress=False)
        await voice.call(self._status_message(1, self.status), suppress=False)
        return float(booted.interval or 300)

    def _status_message(self, connector: int, status: Status) -> Any:
        if connector == 0 and not self.is_operative:
            status = Status.unavailable
        return call.StatusNotification(
            connector_id=connector,
            error_code=ChargePointErrorCode.no_error,
            status=status,
            timestamp=self._now_text(),
        )

    def _now_text(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def tell(self, payload: Any) -> Any:
        """Send until it is answered: what concerns a transaction survives lost connections, as in a real charger."""
        return await self._line.tell(lambda voice: voice.call(payload, suppress=False))

    async def show(self, status: Status) -> None:
        """Change and report the plug's status."""
        self.status = status
        await self.tell(self._status_message(1, status))

    def plug_in(self, car: Car, tag: str, stay: timedelta) -> None:
        """A car comes, charges and leaves after `stay`."""
        self._car = car
        self._session = asyncio.create_task(self._charge(car, tag, self.clock.now() + stay))

    def start_remotely(self, tag: str) -> None:
        """A driver at the page: a simulated car stands here for an hour and a half."""
        self.plug_in(self._new_car(), tag, timedelta(minutes=90))

    def stop(self, reason: Reason) -> None:
        """End the running transaction, if there is one."""
        self._stop_reason = reason
        self._woken.set()

    async def apply_availability(self) -> None:
        """Report what a change of availability made of the plug."""
        if self._car is None:
            await self.show(Status.available if self.is_operative else Status.unavailable)

    async def _charge(self, car: Car, tag: str, leaves_at: datetime) -> None:
        self._stop_reason = None
        await self.show(Status.preparing)
        started = await self.tell(
            call.StartTransaction(
                connector_id=1,
                id_tag=tag,
                meter_start=self._register_mwh // 1000,
                timestamp=self._now_text(),
                reservation_id=self.reservation[0] if self.reservation else None,
            )
        )
        self._reservation = None
        self.transaction_id = started.transaction_id
        if started.id_tag_info["status"] == "Accepted":
            await self.show(Status.charging)
            await self._deliver(car, leaves_at)
        else:
            self._stop_reason = Reason.de_authorized
        await self.tell(
            call.StopTransaction(
                meter_stop=self._register_mwh // 1000,
                timestamp=self._now_text(),
                transaction_id=started.transaction_id,
                reason=self._stop_reason or Reason.ev_disconnected,
                id_tag=tag,
            )
        )
        self.transaction_id = None
        await self.show(Status.finishing)
        if self._stop_reason not in (None, Reason.ev_disconnected):
            await asyncio.sleep(min(20.0, 2 * self._pace.sample_every_s) / self._pace.speed)
        self._car = None
        self.limits_w.pop("TxProfile", None)
        await self.show(Status.available if self.is_operative else Status.unavailable)

    async def _deliver(self, car: Car, leaves_at: datetime) -> None:
        """Charge and sample until the car leaves or something ends it."""
        while self._stop_reason is None and self.clock.now() < leaves_at:
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
            await self.tell(self._sample(car, power_w))
            wanted = Status.suspended_ev if car.is_full else Status.charging
            if self.limit_w == 0 and not car.is_full:
                wanted = Status.suspended_evse
            if wanted != self.status:
                await self.show(wanted)

    def _sample(self, car: Car, power_w: int) -> Any:
        register = {
            "measurand": "Energy.Active.Import.Register",
            "unit": "Wh",
            "value": str(self._register_mwh // 1000),
        }
        power = {"measurand": "Power.Active.Import", "unit": "W", "value": str(power_w)}
        current = {
            "measurand": "Current.Import",
            "unit": "A",
            "value": f"{power_w / self.make.voltage_v:.1f}",
            "phase": "L1",
        }
        voltage = {"measurand": "Voltage", "unit": "V", "value": str(self.make.voltage_v), "phase": "L1"}
        sampled = [register, power, current, voltage]
        if self.make.is_dc:
            sampled.append({"measurand": "SoC", "unit": "Percent", "value": str(car.soc_pct)})
        return call.MeterValues(
            connector_id=1,
            transaction_id=self.transaction_id,
            meter_value=[{"timestamp": self._now_text(), "sampledValue": sampled}],
        )
