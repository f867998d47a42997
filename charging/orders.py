"""Orders to chargers: written as rows, sent by whichever process holds the socket, answered through the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection

from charging import charger_store, order_store, schemas
from charging.charger_store import Charger
from charging.operations201 import CSMS_ACTIONS_21, CSMS_ACTIONS_201
from charging.order_store import Order
from facility.clock import Clock
from facility.db import Pool, listen, statement
from facility.errors import Invalid, Missing
from facility.ids import new_uuid

DEFAULT_VERSION: Final = "1.6"
VERSION_OF_PROTOCOL: Final = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}

KEEP_FOR: Final = timedelta(hours=24)
"""An order for a charger that is off-line waits this long, unless its requester says otherwise."""

CSMS_ACTIONS_16: Final = frozenset(
    {
        "CancelReservation", "CertificateSigned", "ChangeAvailability", "ChangeConfiguration", "ClearCache",
        "ClearChargingProfile", "DataTransfer", "DeleteCertificate", "ExtendedTriggerMessage",
        "GetCompositeSchedule", "GetConfiguration", "GetDiagnostics", "GetInstalledCertificateIds",
        "GetLocalListVersion", "GetLog", "InstallCertificate", "RemoteStartTransaction",
        "RemoteStopTransaction", "ReserveNow", "Reset", "SendLocalList", "SetChargingProfile",
        "SignedUpdateFirmware", "TriggerMessage", "UnlockConnector", "UpdateFirmware",
    }
)  # fmt: skip

CSMS_ACTIONS: Final = {"1.6": CSMS_ACTIONS_16, "2.0.1": CSMS_ACTIONS_201, "2.1": CSMS_ACTIONS_21}

REPEATABLE: Final = (
    "CancelReservation", "CertificateSigned", "ChangeAvailability", "ChangeConfiguration", "ClearChargingProfile",
    "DeleteCertificate", "GetCompositeSchedule", "GetConfiguration", "GetInstalledCertificateIds",
    "GetLocalListVersion", "InstallCertificate", "RemoteStopTransaction", "SendLocalList", "SetChargingProfile",
    "TriggerMessage", "ExtendedTriggerMessage", "RequestStopTransaction", "SetVariables", "GetVariables",
    "GetBaseReport", "GetReport", "CostUpdated", "GetTransactionStatus", "SetMonitoringBase", "SetMonitoringLevel",
    "GetMonitoringReport", "GetDisplayMessages", "ClearDisplayMessage", "GetChargingProfiles",
    "SetDisplayMessage", "SetNetworkProfile", "SetDefaultTariff", "GetTariffs", "ChangeTransactionTariff",
)  # fmt: skip
"""Actions that do the same when done twice, so they are sent again after a lost connection."""


class NoSuchCharger(Missing):
    """No charger has this identity."""

    code = "charger_missing"


class NoSuchOperation(Missing):
    """The charger's OCPP version has no such operation from our side."""

    code = "operation_missing"


class BadPayload(Invalid):
    """The operation's payload breaks the standard's schema."""

    code = "operation_payload"


def version_of(protocol: str | None) -> str:
    """OCPP version of a sub-protocol; 1.6 where the charger never connected."""
    return VERSION_OF_PROTOCOL.get(protocol or "", DEFAULT_VERSION)


def checked_payload(version: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """An operation's payload in the standard's member order.

    Raises:
        NoSuchOperation: the version has no such operation from our side.
        BadPayload: the payload breaks the schema.
    """
    if action not in CSMS_ACTIONS[version]:
        raise NoSuchOperation(f"OCPP {version} has no operation {action[:50]}")
    try:
        return schemas.check_outgoing(version, action, payload)
    except ValueError as wrong:
        raise BadPayload(f"{action}: {wrong}") from None


async def find_charger(conn: AsyncConnection[Any], identity: str) -> Charger:
    """A charger by its identity.

    Raises:
        NoSuchCharger: it is not registered.
    """
    charger = await charger_store.find_charger(conn, identity)
    if charger is None:
        raise NoSuchCharger(f"no charger {identity[:48]}")
    return charger


async def request_order(
    conn: AsyncConnection[Any],
    *,
    charger_id: int,
    version: str,
    action: str,
    payload: dict[str, Any],
    by: str,
    clock: Clock,
    keep_for: timedelta = KEEP_FOR,
) -> UUID:
    """Check and queue an order.

    Raises:
        NoSuchOperation, BadPayload: it cannot be sent to a charger of this version.
    """
    checked = checked_payload(version, action, payload)
    order_id, now = new_uuid(), clock.now()
    await order_store.add_order(
        conn,
        order_id=order_id,
        charger_id=charger_id,
        action=action,
        payload=checked,
        by=by,
        now=now,
        expires_at=now + keep_for,
    )
    return order_id


@asynccontextmanager
async def hearing_answers(dsn: str, pool: Pool) -> AsyncIterator["OrderAnswers"]:
    """Keep an `OrderAnswers` running for as long as the block runs."""
    answers = OrderAnswers(dsn, pool)
    running = asyncio.create_task(answers.run())
    try:
        yield answers
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


class OrderAnswers:
    """Waits for the outcomes of orders, for everyone in this process, on one connection."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        self._dsn = dsn
        self._pool = pool
        self._waiting: dict[UUID, set[asyncio.Event]] = {}

    async def run(self) -> None:
        """Hear of finished orders, for ever."""
        async for notice in listen(self._dsn, ["order_done"], sweep_every_s=5.0):
            if notice.is_sweep:
                for events in self._waiting.values():
                    for event in events:
                        event.set()
            else:
                for event in self._waiting.get(UUID(notice.payload), ()):
                    event.set()

    async def outcome(self, order_id: UUID, within_s: float) -> Order:
        """The order once it is finished, or as it stands after `within_s` seconds."""
        event = asyncio.Event()
        self._waiting.setdefault(order_id, set()).add(event)
        try:
            async with asyncio.timeout(within_s):
                while not (order := await self._read(order_id)).answered_at:
                    await event.wait()
                    event.clear()
            return order
        except TimeoutError:
            return await self._read(order_id)
        finally:
            self._waiting[order_id].discard(event)
            if not self._waiting[order_id]:
                del self._waiting[order_id]

    async def _read(self, order_id: UUID) -> Order:
        async with statement(self._pool) as conn:
            order = await order_store.read_order(conn, order_id)
        if order is None:
            raise Missing(f"no order {order_id}")
        return order
