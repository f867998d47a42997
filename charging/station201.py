"""OCPP 2.0.1 and 2.1: what a charger says, turned into rows and journeys. One instance for each socket.

Handlers are thin, as in `station16`; TransactionEvents are in `events201`, plain notices in `notices201`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import psycopg

from charging import (
    answers201,
    asking201,
    ghosts,
    needs201,
    provisioning201,
    registration,
    reports,
    settlements21,
    signing,
    tag_store,
)
from charging.batch import NotKept, Row
from charging.batch_store import BootRow, EventRow, StatusRow, UnpluggedRow
from charging.events201 import TransactionEvents
from charging.notices201 import NOTICES, NOTICES_21, Notice
from charging.order_store import Order
from charging.reports import REPORTS
from charging.rpc import Call, CallRefused, Fault, Payload
from charging.rules.event201 import TokenTold, mended_head, read_event
from charging.rules.moments import moment_text, read_moment
from charging.rules.transaction import Evidence
from charging.samples import sample_rows
from charging.schemas import check_incoming, knows
from charging.station import StationContext
from charging.tokens201 import TokenJudged, judge_token, token_info
from facility.db import unit_of_work
from facility.errors import Unavailable

HEARTBEAT_S: Final = 300
PENDING_RETRY_S: Final = 60
MAX_NUMBER: Final = 255
_TRANSACTIONAL: Final = frozenset({"Authorize", "TransactionEvent"})
Handler = Callable[["Station201", Payload, datetime], Awaitable[Payload]]


class Station201:
    """One charger that speaks OCPP 2.0.1 or 2.1."""

    def __init__(self, given: StationContext, version: str) -> None:
        self._ctx = given.ctx
        self._batch = given.batch
        self._charger = given.charger
        self._passwords = given.passwords
        self._outlets = given.outlets
        self._version = version
        self._events = TransactionEvents(given, version)
        self._notices = NOTICES_21 if version == "2.1" else NOTICES
        self._handlers = HANDLERS_21 if version == "2.1" else HANDLERS

    async def answer(self, call: Call, received_at: datetime) -> Payload:
        """See `Station.answer`."""
        if self._charger.registration != "accepted" and call.action in _TRANSACTIONAL:
            raise CallRefused(Fault.SECURITY)
        try:
            if call.action == "TransactionEvent":
                return await self._transaction_event(call, received_at)
            if handler := self._handlers.get(call.action):
                return await handler(self, call.payload, received_at)
            if call.action in REPORTS:
                return await self._report(call.action, call.payload, received_at)
            if notice := self._notices.get(call.action):
                return await self._notice(call.action, notice, call.payload, received_at)
        except (Unavailable, NotKept, psycopg.OperationalError, psycopg.InterfaceError):
            # Not answered with a result: the charger keeps the message and sends it again.
            raise CallRefused(Fault.INTERNAL) from None
        is_known = knows(self._version, call.action)
        raise CallRefused(Fault.UNSERVED_ACTION if is_known else Fault.UNKNOWN_ACTION)

    async def take_answer(self, order: Order, response: Payload) -> None:
        """See `Station.take_answer`."""
        check_incoming(self._version, order.action, response, is_response=True)
        async with unit_of_work(self._ctx.pool) as conn:
            await answers201.apply_answer(conn, order, response, self._ctx.clock.now())
            if new_password := answers201.rotated_password(order, response):
                await registration.set_password(conn, self._charger.id, new_password, self._passwords)

    def _checked(self, action: str, sent: Payload) -> Payload:
        return check_incoming(self._version, action, sent)

    async def _boot(self, sent: Payload, received_at: datetime) -> Payload:
        boot = self._checked("BootNotification", sent)
        station = boot["chargingStation"]
        if self._charger.registration == "accepted":
            async with unit_of_work(self._ctx.pool) as conn:
                await provisioning201.ask_inventory(
                    conn, self._charger, self._version, station.get("firmwareVersion"), self._ctx.clock
                )
        await self._batch.keep(
            [
                BootRow(
                    charger_id=self._charger.id,
                    protocol=f"ocpp{self._version}",
                    vendor=station["vendorName"],
                    model=station["model"],
                    serial_number=station.get("serialNumber"),
                    firmware=station.get("firmwareVersion"),
                    boot=boot,
                    booted_at=received_at,
                )
            ]
        )
        if self._events.any_open:
            async with unit_of_work(self._ctx.pool) as conn:
                await ghosts.note_evidence(conn, self._charger.id, Evidence.BOOT, received_at)
                await asking201.ask_all(conn, self._charger.id, self._version, self._ctx.clock)
        is_accepted = self._charger.registration == "accepted"
        return {
            "status": self._charger.registration.capitalize(),
            "currentTime": moment_text(self._ctx.clock.now()),
            "interval": HEARTBEAT_S if is_accepted else PENDING_RETRY_S,
        }

    async def _heartbeat(self, sent: Payload, received_at: datetime) -> Payload:
        return {"currentTime": moment_text(self._ctx.clock.now())}

    async def _authorize(self, sent: Payload, received_at: datetime) -> Payload:
        asked = self._checked("Authorize", sent)
        token = TokenTold(tag=asked["idToken"]["idToken"], kind=asked["idToken"]["type"])
        async with unit_of_work(self._ctx.pool) as conn:
            judged = await judge_token(conn, token, self._charger.id, -1, received_at)
        # Whether the token charges elsewhere is decided at the start: Authorize also asks for a stop.
        status = "Accepted" if judged.status == "ConcurrentTx" else judged.status
        answer: Payload = {"idTokenInfo": token_info(TokenJudged(status=status, tag=judged.tag))}
        if "certificate" in asked or "iso15118CertificateHashData" in asked:
            # No contract certificate can be checked here, so none is vouched for (see the docs: plug and charge).
            answer["idTokenInfo"] = {"status": "Invalid"}
            answer["certificateStatus"] = "NoCertificateAvailable"
        return answer

    async def _transaction_event(self, call: Call, received_at: datetime) -> Payload:
        # Meter values are not checked by the schema: one unknown measurand would refuse the whole event.
        head = self._checked("TransactionEvent", mended_head(call.payload, self._version))
        told = read_event(head, call.payload.get("meterValue"), received_at, call.payload.get("costDetails"))
        if not 0 <= told.seq_no < 2**31 or not 0 <= (told.evse_no or 0) <= MAX_NUMBER:
            raise CallRefused(Fault.PROPERTY)
        return await self._events.take(told, call.message_id)

    async def _meter_values(self, sent: Payload, received_at: datetime) -> Payload:
        evse_no = _small(sent.get("evseId", 0))
        running = self._events.live(evse_no)
        rows = sample_rows(self._events.told(evse_no, received_at, running), sent.get("meterValue"))
        if rows:
            await self._batch.keep(rows)
        return {}

    async def _status(self, sent: Payload, received_at: datetime) -> Payload:
        told = self._checked("StatusNotification", sent)
        await self._took_status(
            _small(told["evseId"]),
            _small(told["connectorId"]),
            told["connectorStatus"],
            told.get("timestamp"),
            received_at,
        )
        return {}

    async def _took_status(
        self, evse_no: int, connector_no: int, status: str, at: object, received_at: datetime
    ) -> None:
        moment = read_moment(at, received_at)
        rows: list[Row] = [
            StatusRow(
                charger_id=self._charger.id,
                evse_no=evse_no,
                connector_no=connector_no,
                status=status,
                error_code=None,
                info=None,
                vendor_error=None,
                status_at=moment.at,
                received_at=received_at,
            )
        ]
        is_free = status == "Available" and evse_no > 0
        if is_free and self._events.live(evse_no) is None:
            rows.append(UnpluggedRow(self._charger.id, evse_no, moment.at, received_at))
        await self._batch.keep(rows)
        if is_free and self._events.live(evse_no, connector_no) is not None:
            async with unit_of_work(self._ctx.pool) as conn:
                await ghosts.note_evidence(conn, self._charger.id, Evidence.STATUS, received_at, evse_no)

    async def _notify_event(self, sent: Payload, received_at: datetime) -> Payload:
        """Monitoring events; the state of a connector among them counts as its status (2.1 tells it so)."""
        told = self._checked("NotifyEvent", sent)
        for event in told["eventData"]:
            component, variable = event["component"], event["variable"]["name"]
            await self._event(
                "monitoring", f"{component['name']}.{variable}", event, received_at, event.get("timestamp")
            )
            evse = component.get("evse") or {}
            is_state = (component["name"], variable) == ("Connector", "AvailabilityState")
            if is_state and "connectorId" in evse and event["actualValue"] in _CONNECTOR_STATES:
                await self._took_status(
                    _small(evse["id"]),
                    _small(evse["connectorId"]),
                    event["actualValue"],
                    event.get("timestamp"),
                    received_at,
                )
        return {}

    async def _report(self, action: str, sent: Payload, received_at: datetime) -> Payload:
        told = self._checked(action, sent)
        async with unit_of_work(self._ctx.pool) as conn:
            await reports.take(conn, self._charger.id, action, told, received_at)
        return {}

    async def _reservation(self, sent: Payload, received_at: datetime) -> Payload:
        told = self._checked("ReservationStatusUpdate", sent)
        state = "cancelled" if told["reservationUpdateStatus"] == "Removed" else "expired"
        async with unit_of_work(self._ctx.pool) as conn:
            await tag_store.end_reservation(conn, self._charger.id, told["reservationId"], state)
        return {}

    async def _charging_needs(self, sent: Payload, received_at: datetime) -> Payload:
        """A running car's needs are met by the sharing loop's next profile; without a car nobody makes one (K15)."""
        told = self._checked("NotifyEVChargingNeeds", sent)
        running = self._events.live(_small(told["evseId"]))
        await self._event("charging_needs", "told", told, received_at)
        if running is None or running.evse_no not in self._outlets:
            return {"status": "Rejected"}
        async with unit_of_work(self._ctx.pool) as conn:
            await needs201.take_needs(conn, running, told["chargingNeeds"], received_at)
        return {"status": "Accepted"}

    async def _settlement(self, sent: Payload, received_at: datetime) -> Payload:
        told = self._checked("NotifySettlement", sent)
        await self._event("settlement", told["status"], told, received_at, told["settlementTime"])
        async with unit_of_work(self._ctx.pool) as conn:
            await settlements21.take_settlement(conn, self._charger, told, received_at)
        return {}

    async def _sign_certificate(self, sent: Payload, received_at: datetime) -> Payload:
        told = self._checked("SignCertificate", sent)
        kind = told.get("certificateType", "ChargingStationCertificate")
        chain = None
        if kind == "ChargingStationCertificate":
            chain = signing.signed_chain(self._ctx, self._charger, told["csr"], received_at)
        await self._event("certificate", "refused" if chain is None else "signed", {}, received_at)
        if chain is None:
            return {"status": "Rejected"}
        payload: Payload = {"certificateChain": chain, "certificateType": kind}
        if "requestId" in told:
            payload["requestId"] = told["requestId"]
        await signing.order_certificate(self._ctx, self._charger, self._version, payload)
        return {"status": "Accepted"}

    async def _notice(self, action: str, notice: Notice, sent: Payload, received_at: datetime) -> Payload:
        told = self._checked(action, sent)
        status = told.get(notice.status_member) if notice.status_member else None
        await self._event(notice.subject, str(status or action), told, received_at, told.get("timestamp"))
        return notice.answer(told, received_at)

    async def _event(
        self, subject: str, status: str, detail: dict[str, Any], received_at: datetime, at: object = None
    ) -> None:
        await self._batch.keep(
            [
                EventRow(
                    charger_id=self._charger.id,
                    subject=subject,
                    status=status[:50],
                    occurred_at=read_moment(at, received_at).at if at is not None else received_at,
                    received_at=received_at,
                    detail=detail,
                )
            ]
        )


_CONNECTOR_STATES: Final = frozenset({"Available", "Occupied", "Reserved", "Unavailable", "Faulted"})


def _small(value: Any) -> int:
    """An EVSE or connector number; one outside what any charger has is refused."""
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise CallRefused(Fault.PROPERTY)
    return value


HANDLERS: Final[dict[str, Handler]] = {
    "Authorize": Station201._authorize,
    "BootNotification": Station201._boot,
    "Heartbeat": Station201._heartbeat,
    "MeterValues": Station201._meter_values,
    "NotifyEVChargingNeeds": Station201._charging_needs,
    "NotifyEvent": Station201._notify_event,
    "ReservationStatusUpdate": Station201._reservation,
    "SignCertificate": Station201._sign_certificate,
    "StatusNotification": Station201._status,
}

HANDLERS_21: Final[dict[str, Handler]] = {**HANDLERS, "NotifySettlement": Station201._settlement}
