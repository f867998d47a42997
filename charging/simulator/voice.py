# mypy: disable-error-code="untyped-decorator"
# The ocpp library carries no types.
"""What a simulated charger answers to the central system: every operation of OCPP 1.6, through the ocpp library."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, Reason

if TYPE_CHECKING:
    from charging.simulator.charger import SimulatedCharger


class Voice(ChargePoint):  # type: ignore[misc]  # the library is untyped
    """The charger's end of one socket."""

    def __init__(self, charger: "SimulatedCharger", ws: Any) -> None:
        super().__init__(charger.make.identity, ws, response_timeout=30)
        self._charger = charger
        self._tasks: set[asyncio.Task[None]] = set()

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @on(Action.remote_start_transaction)
    def remote_start(self, id_tag: str, **_more: Any) -> Any:
        charger = self._charger
        is_kept = charger.reservation is not None and charger.reservation[1].casefold() != id_tag.casefold()
        is_free = charger.is_free and not is_kept
        return call_result.RemoteStartTransaction(status="Accepted" if is_free else "Rejected")

    @after(Action.remote_start_transaction)
    async def after_remote_start(self, id_tag: str, **_more: Any) -> None:
        if self._charger.is_free:
            self._charger.start_remotely(id_tag)

    @on(Action.remote_stop_transaction)
    def remote_stop(self, transaction_id: int, **_more: Any) -> Any:
        is_mine = transaction_id == self._charger.transaction_id
        if is_mine:
            self._charger.stop(Reason.remote)
        return call_result.RemoteStopTransaction(status="Accepted" if is_mine else "Rejected")

    @on(Action.change_availability)
    def change_availability(self, type: str, **_more: Any) -> Any:
        self._charger.is_operative = type == "Operative"
        is_later = not self._charger.is_operative and self._charger.transaction_id is not None
        return call_result.ChangeAvailability(status="Scheduled" if is_later else "Accepted")

    @after(Action.change_availability)
    async def after_change_availability(self, **_more: Any) -> None:
        self._later(self._charger.apply_availability())

    @on(Action.change_configuration)
    def change_configuration(self, key: str, value: str, **_more: Any) -> Any:
        if key not in self._charger.configuration and key != "AuthorizationKey":
            return call_result.ChangeConfiguration(status="NotSupported")
        if key != "AuthorizationKey":
            self._charger.configuration[key] = value
        return call_result.ChangeConfiguration(status="Accepted")

    @on(Action.get_configuration)
    def get_configuration(self, key: list[str] | None = None, **_more: Any) -> Any:
        known = self._charger.configuration
        wanted = key or list(known)
        return call_result.GetConfiguration(
            configuration_key=[
                {"key": name, "readonly": False, "value": known[name]} for name in wanted if name in known
            ],
            unknown_key=[name for name in wanted if name not in known],
        )

    @on(Action.set_charging_profile)
    def set_charging_profile(self, cs_charging_profiles: dict[str, Any], **_more: Any) -> Any:
        schedule = cs_charging_profiles["charging_schedule"]
        limit = schedule["charging_schedule_period"][0]["limit"]
        is_watts = schedule["charging_rate_unit"] == "W"
        make = self._charger.make
        watts = int(limit if is_watts else limit * make.voltage_v)
        self._charger.limits_w[cs_charging_profiles["charging_profile_purpose"]] = watts
        return call_result.SetChargingProfile(status="Accepted")

    @on(Action.clear_charging_profile)
    def clear_charging_profile(self, **_more: Any) -> Any:
        self._charger.limits_w.clear()
        return call_result.ClearChargingProfile(status="Accepted")

    @on(Action.get_composite_schedule)
    def get_composite_schedule(self, **_more: Any) -> Any:
        return call_result.GetCompositeSchedule(status="Rejected")

    @on(Action.reserve_now)
    def reserve_now(self, reservation_id: int, id_tag: str, expiry_date: str, **_more: Any) -> Any:
        if not self._charger.is_free or self._charger.reservation is not None:
            return call_result.ReserveNow(status="Occupied")
        self._charger.keep_free(reservation_id, id_tag, datetime.fromisoformat(expiry_date))
        return call_result.ReserveNow(status="Accepted")

    @on(Action.cancel_reservation)
    def cancel_reservation(self, reservation_id: int, **_more: Any) -> Any:
        is_mine = self._charger.reservation is not None and self._charger.reservation[0] == reservation_id
        if is_mine:
            self._charger.give_free()
        return call_result.CancelReservation(status="Accepted" if is_mine else "Rejected")

    @on(Action.unlock_connector)
    def unlock_connector(self, **_more: Any) -> Any:
        if self._charger.transaction_id is not None:
            self._charger.stop(Reason.unlock_command)
        return call_result.UnlockConnector(status="Unlocked")

    @on(Action.reset)
    def reset(self, type: str, **_more: Any) -> Any:
        reason = Reason.hard_reset if type == "Hard" else Reason.soft_reset
        if self._charger.transaction_id is not None:
            self._charger.stop(reason)
        return call_result.Reset(status="Accepted")

    @after(Action.reset)
    async def after_reset(self, **_more: Any) -> None:
        self._later(self._connection.close())

    @on(Action.trigger_message)
    def trigger_message(self, requested_message: str, **_more: Any) -> Any:
        is_known = requested_message == "StatusNotification"
        return call_result.TriggerMessage(status="Accepted" if is_known else "NotImplemented")

    @after(Action.trigger_message)
    async def after_trigger_message(self, requested_message: str, **_more: Any) -> None:
        if requested_message == "StatusNotification":
            self._later(self._charger.show(self._charger.status))

    @on(Action.send_local_list)
    def send_local_list(self, list_version: int, **_more: Any) -> Any:
        self._charger.list_version = list_version
        return call_result.SendLocalList(status="Accepted")

    @on(Action.get_local_list_version)
    def get_local_list_version(self, **_more: Any) -> Any:
        return call_result.GetLocalListVersion(list_version=self._charger.list_version)

    @on(Action.clear_cache)
    def clear_cache(self, **_more: Any) -> Any:
        return call_result.ClearCache(status="Accepted")

    @on(Action.get_diagnostics)
    def get_diagnostics(self, **_more: Any) -> Any:
        return call_result.GetDiagnostics()

    @on(Action.update_firmware)
    def update_firmware(self, **_more: Any) -> Any:
        return call_result.UpdateFirmware()

    @on(Action.data_transfer)
    def data_transfer(self, **_more: Any) -> Any:
        return call_result.DataTransfer(status="UnknownVendorId")
