"""OCPP 1.6J: what a charger says, turned into rows and journeys. One instance for each socket.

Handlers are thin: read, call one journey, answer. Nothing here waits for the charger. Plain notices are in `notices16`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import psycopg
from ocpp.v16.enums import Action, ChargePointStatus, RegistrationStatus

from charging import answers16, ghosts, registration, signing
from charging.batch import NotKept, Row
from charging.batch_store import BootRow, EventRow, StatusRow, UnpluggedRow, copy_samples
from charging.mending16 import (
    START_NUMBERS,
    STOP_NUMBERS,
    known_reason,
    known_status,
    number_of,
    register_of,
    whole_numbers,
)
from charging.notices16 import NOTICES, Notice
from charging.order_store import Order
from charging.rpc import Call, CallRefused, Fault, Payload
from charging.rules.metering import Outlet, start_meter
from charging.rules.moments import Moment, moment_text, read_moment
from charging.rules.transaction import Evidence
from charging.running import load_open, note_power
from charging.samples import OpenTransaction, Told, sample_rows
from charging.schemas import check_incoming, knows
from charging.starts import StartTold, start_transaction
from charging.station import StationContext
from charging.stops import StopTold, stop_transaction
from charging.tags import judge_tag, tag_info
from facility.db import unit_of_work
from facility.errors import Unavailable
from facility.fact_store import write_fact

VERSION: Final = "1.6"
HEARTBEAT_S: Final = 300
PENDING_RETRY_S: Final = 60

_FLOWING: Final = frozenset({ChargePointStatus.charging.value})
_PAUSED_BY_CAR: Final = frozenset({ChargePointStatus.suspended_ev.value, ChargePointStatus.finishing.value})
_TRANSACTIONAL: Final = frozenset({Action.start_transaction.value, Action.authorize.value})

Handler = Callable[["Station16", Payload, datetime], Awaitable[Payload]]


class Station16:
    """One charger that speaks OCPP 1.6J."""

    def __init__(self, given: StationContext) -> None:
        self._ctx = given.ctx
        self._batch = given.batch
        self._charger = given.charger
        self._passwords = given.passwords
        self._outlets = given.outlets
        self._outlet = Outlet(max_w=given.charger.max_w)
        self._open: dict[int, OpenTransaction] = {one.id: one for one in given.open_transactions}

    async def answer(self, call: Call, received_at: datetime) -> Payload:
        """See `Station.answer`.

        Repeated starts and stops are known by their content, because chargers repeat under new message ids, and some
        use one id for everything.
        """
        if self._charger.registration != "accepted" and call.action in _TRANSACTIONAL:
            raise CallRefused(Fault.SECURITY)
        try:
            if handler := HANDLERS.get(call.action):
                return await handler(self, call.payload, received_at)
            if notice := NOTICES.get(call.action):
                return await self._notice(call.action, notice, call.payload, received_at)
        except (Unavailable, NotKept, psycopg.OperationalError, psycopg.InterfaceError):
            # Not answered with a result: the charger keeps the message and sends it again.
            raise CallRefused(Fault.INTERNAL) from None
        raise CallRefused(Fault.UNSERVED_ACTION if knows(VERSION, call.action) else Fault.UNKNOWN_ACTION)

    async def take_answer(self, order: Order, response: Payload) -> None:
        """See `Station.take_answer`."""
        if not answers16.changes_something(order.action):
            return
        async with unit_of_work(self._ctx.pool) as conn:
            await answers16.apply_answer(conn, order, response, self._ctx.clock.now())
            if new_password := answers16.rotated_password(order, response):
                await registration.set_password(conn, self._charger.id, new_password, self._passwords)

    async def _boot(self, sent: Payload, received_at: datetime) -> Payload:
        boot = check_incoming(VERSION, Action.boot_notification, sent)
        await self._batch.keep(
            [
                BootRow(
                    charger_id=self._charger.id,
                    protocol="ocpp1.6",
                    vendor=boot["chargePointVendor"],
                    model=boot["chargePointModel"],
                    serial_number=boot.get("chargePointSerialNumber") or boot.get("chargeBoxSerialNumber"),
                    firmware=boot.get("firmwareVersion"),
                    boot=boot,
                    booted_at=received_at,
                )
            ]
        )
        if self._open:
            async with unit_of_work(self._ctx.pool) as conn:
                await ghosts.note_evidence(conn, self._charger.id, Evidence.BOOT, received_at)
        status = {
            "accepted": RegistrationStatus.accepted,
            "pending": RegistrationStatus.pending,
            "rejected": RegistrationStatus.rejected,
        }[self._charger.registration]
        is_accepted = status == RegistrationStatus.accepted
        return {
            "status": status.value,
            "currentTime": moment_text(self._ctx.clock.now()),
            "interval": HEARTBEAT_S if is_accepted else PENDING_RETRY_S,
        }

    async def _heartbeat(self, sent: Payload, received_at: datetime) -> Payload:
        return {"currentTime": moment_text(self._ctx.clock.now())}

    async def _authorize(self, sent: Payload, received_at: datetime) -> Payload:
        asked = check_incoming(VERSION, Action.authorize, sent)
        async with unit_of_work(self._ctx.pool) as conn:
            status, tag = await judge_tag(conn, asked["idTag"], self._charger.id, -1, received_at)
        # Whether the tag charges elsewhere is decided at the start: Authorize also asks for a stop.
        status = "Accepted" if status == "ConcurrentTx" else status
        return {
            "idTagInfo": tag_info(status, tag.parent_tag if tag else None, tag.expires_at if tag else None)
        }

    async def _status(self, sent: Payload, received_at: datetime) -> Payload:
        told = check_incoming(VERSION, Action.status_notification, known_status(sent))
        moment = read_moment(told.get("timestamp"), received_at)
        evse_no = number_of(told["connectorId"])
        rows: list[Row] = [
            StatusRow(
                charger_id=self._charger.id,
                evse_no=evse_no,
                connector_no=1,
                status=told["status"],
                error_code=told["errorCode"],
                info=told.get("info"),
                vendor_error=told.get("vendorErrorCode"),
                status_at=moment.at,
                received_at=received_at,
            )
        ]
        if evse_no > 0 and told["status"] == ChargePointStatus.available and self._live(evse_no) is None:
            rows.append(UnpluggedRow(self._charger.id, evse_no, moment.at, received_at))
        await self._batch.keep(rows)
        if evse_no > 0:
            await self._follow_status(evse_no, told["status"], moment, received_at)
        return {}

    async def _follow_status(self, evse_no: int, status: str, moment: Moment, received_at: datetime) -> None:
        """What a status says about the transaction on its connector, if there is one that is live."""
        running = self._live(evse_no)
        if running is None:
            return
        if status == ChargePointStatus.available:
            async with unit_of_work(self._ctx.pool) as conn:
                await ghosts.note_evidence(conn, self._charger.id, Evidence.STATUS, received_at, evse_no)
        elif status in _PAUSED_BY_CAR or (status in _FLOWING and running.is_suspended):
            is_flowing = status in _FLOWING
            running.is_suspended = not is_flowing
            async with unit_of_work(self._ctx.pool) as conn:
                await note_power(conn, running.id, is_flowing=is_flowing, at=moment.at)

    def _live(self, evse_no: int) -> OpenTransaction | None:
        return next(
            (one for one in self._open.values() if one.evse_no == evse_no and not one.is_told_late), None
        )

    async def _start(self, sent: Payload, received_at: datetime) -> Payload:
        told = check_incoming(VERSION, Action.start_transaction, whole_numbers(sent, START_NUMBERS))
        moment = read_moment(told.get("timestamp"), received_at)
        start = StartTold(
            charger_id=self._charger.id,
            evse_no=number_of(told["connectorId"]),
            id_tag=told["idTag"],
            moment=moment,
            started_raw=str(told.get("timestamp", "")),
            received_at=received_at,
            meter_start_wh=register_of(told["meterStart"]),
            reservation_id=told.get("reservationId"),
        )
        async with unit_of_work(self._ctx.pool) as conn:
            started = await start_transaction(conn, start)
        for ghost in started.closed:
            self._open.pop(ghost, None)
        if not started.is_repeated and not started.is_ended:
            self._open[started.transaction_id] = OpenTransaction(
                id=started.transaction_id,
                evse_no=start.evse_no,
                meter=start_meter(start.meter_start_wh, moment.at),
                is_told_late=started.is_told_late,
            )
        return {
            "transactionId": started.transaction_id,
            "idTagInfo": tag_info(started.tag_status, started.parent_tag, started.expires_at),
        }

    async def _stop(self, sent: Payload, received_at: datetime) -> Payload:
        transaction_data = sent.get("transactionData")
        head = {key: value for key, value in sent.items() if key != "transactionData"}
        told = check_incoming(
            VERSION, Action.stop_transaction, known_reason(whole_numbers(head, STOP_NUMBERS))
        )
        moment = read_moment(told.get("timestamp"), received_at)
        number = int(told["transactionId"])
        stop = StopTold(
            charger_id=self._charger.id,
            transaction=str(number),
            moment=moment,
            stopped_raw=str(told.get("timestamp", "")),
            received_at=received_at,
            meter_stop_wh=register_of(told["meterStop"]),
            id_tag=told.get("idTag"),
            reason=told.get("reason"),
            payload=told,
        )
        answer: Payload = {}
        async with unit_of_work(self._ctx.pool) as conn:
            if isinstance(transaction_data, list) and number in self._open:
                rows = sample_rows(
                    self._told(self._open[number].evse_no, number, received_at), transaction_data
                )
                await copy_samples(conn, rows)
            before = await stop_transaction(conn, stop, self._outlet)
            evse_id = self._outlets.get(before.evse_no) if before is not None else None
            if evse_id is not None:
                await write_fact(conn, "evse.changed", evse_id, {"power_w": 0}, now=received_at)
            if stop.id_tag is not None:
                tag_status, tag = await judge_tag(conn, stop.id_tag, -1, -1, received_at)
                tag_status = "Accepted" if tag_status == "ConcurrentTx" else tag_status
                answer["idTagInfo"] = tag_info(
                    tag_status, tag.parent_tag if tag else None, tag.expires_at if tag else None
                )
        ended = self._open.pop(number, None)
        if ended is None and before is None:
            await self._reload_open()
        return answer

    async def _reload_open(self) -> None:
        """A parked stop may have ended a transaction under another number."""
        async with unit_of_work(self._ctx.pool) as conn:
            self._open = {one.id: one for one in await load_open(conn, self._charger.id)}

    async def _meter_values(self, sent: Payload, received_at: datetime) -> Payload:
        # Not checked by the schema: one unknown measurand would refuse the whole message. `sample_rows` quarantines.
        evse_no = sent.get("connectorId")
        told = self._told(
            number_of(evse_no) if type(evse_no) is int else 0, sent.get("transactionId"), received_at
        )
        rows = sample_rows(told, sent.get("meterValue"))
        if rows:
            await self._batch.keep(rows)
        return {}

    def _told(self, evse_no: int, number: object, received_at: datetime) -> Told:
        """Which transaction meter values belong to: the one they name, or the connector's own where they name none."""
        running: OpenTransaction | None = None
        named: int | None = None
        flag: str | None = None
        if type(number) is int and number > 0:
            running = self._open.get(number)
            if running is None:
                named, flag = (number if number < 2**31 else None), "not_open"
            elif running.evse_no != evse_no:
                flag = "other_connector"
        elif number is None:
            running = self._live(evse_no)
        else:
            flag = "no_transaction_id"
        return Told(
            charger_id=self._charger.id,
            evse_no=running.evse_no if running else evse_no,
            received_at=received_at,
            outlet=self._outlet,
            transaction=running,
            transaction_id=named,
            flag=flag,
        )

    async def _event(
        self, subject: str, status: str, sent: Payload, received_at: datetime, at: object = None
    ) -> None:
        await self._batch.keep(
            [
                EventRow(
                    charger_id=self._charger.id,
                    subject=subject,
                    status=status[:50],
                    occurred_at=read_moment(at, received_at).at if at is not None else received_at,
                    received_at=received_at,
                    detail=sent,
                )
            ]
        )

    async def _notice(self, action: str, notice: Notice, sent: Payload, received_at: datetime) -> Payload:
        told = check_incoming(VERSION, action, sent)
        at = told.get(notice.moment_member) if notice.moment_member else None
        await self._event(notice.subject, told[notice.status_member], told, received_at, at)
        return dict(notice.answer)

    async def _sign_certificate(self, sent: Payload, received_at: datetime) -> Payload:
        told = check_incoming(VERSION, Action.sign_certificate, sent)
        chain = signing.signed_chain(self._ctx, self._charger, told["csr"], received_at)
        await self._event("certificate", "refused" if chain is None else "signed", {}, received_at)
        if chain is None:
            return {"status": "Rejected"}
        await signing.order_certificate(self._ctx, self._charger, VERSION, {"certificateChain": chain})
        return {"status": "Accepted"}


HANDLERS: Final[dict[str, Handler]] = {
    Action.authorize: Station16._authorize,
    Action.boot_notification: Station16._boot,
    Action.heartbeat: Station16._heartbeat,
    Action.meter_values: Station16._meter_values,
    Action.sign_certificate: Station16._sign_certificate,
    Action.start_transaction: Station16._start,
    Action.status_notification: Station16._status,
    Action.stop_transaction: Station16._stop,
}
