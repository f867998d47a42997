"""The start of a charging transaction, in every OCPP version: known again where it is repeated, else begun.

Runs inside the caller's unit of work and is safe to repeat, because chargers repeat.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from psycopg import AsyncConnection

from charging import bill_store, tag_store, transaction_store
from charging.ghosts import presume_ended
from charging.rules.moments import Moment
from charging.rules.transaction import OPEN_STATES, Evidence, OfflineStart, StartFacts, is_retry
from charging.stops import end_with_parked_stop
from charging.tags import judge_tag
from charging.tariffs import NoTariff
from charging.transaction_store import NewTransaction, Transaction
from facility.ids import new_secret

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTold:
    """A start as a station tells it; `started_raw` is the charger's own text of the time."""

    charger_id: int
    evse_no: int
    connector_no: int = 1
    station_transaction: str | None = None
    id_tag: str
    moment: Moment
    started_raw: str
    received_at: datetime
    meter_start_wh: int
    reservation_id: int | None = None
    is_offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a start is answered with; `closed` are ghosts it proved over, `is_ended` says that its stop came first."""

    transaction_id: int
    tag_status: str
    parent_tag: str | None
    expires_at: datetime | None
    is_repeated: bool
    is_told_late: bool
    is_ended: bool = False
    closed: tuple[int, ...] = ()


async def start_transaction(conn: Connection, told: StartTold) -> Started:
    """Begin a transaction, or find the one this start already began.

    A start that is refused for its tag is still a transaction: the charger may have begun, and its stop will name it.

    Raises:
        NoTariff: no price list is in force.
    """
    status, tag = await judge_tag(conn, told.id_tag, told.charger_id, told.evse_no, told.received_at)
    known = await _known_start(conn, told)
    is_told_late = told.is_offline or told.moment.is_late
    if known is not None:
        return _started(known.id, status, tag, is_repeated=True, is_told_late=known.is_told_late)
    tariff_id = await bill_store.tariff_in_force(conn, told.moment.at)
    if tariff_id is None:
        raise NoTariff("no energy tariff is in force")
    closed = () if is_told_late else await _close_before_start(conn, told)
    transaction_id = await transaction_store.add_transaction(
        conn,
        NewTransaction(
            charger_id=told.charger_id,
            evse_no=told.evse_no,
            connector_no=told.connector_no,
            station_transaction=told.station_transaction,
            id_tag=told.id_tag,
            plate=tag.plate if tag else None,
            token=new_secret(12),
            reservation_id=told.reservation_id,
            is_told_late=is_told_late,
            is_clock_set=told.moment.is_clock_set,
            flags=list(told.moment.flags),
            started_at=told.moment.at,
            started_raw=told.started_raw,
            start_received_at=told.received_at,
            meter_start_wh=told.meter_start_wh,
            energy_tariff_id=tariff_id,
        ),
    )
    if told.reservation_id is not None:
        await tag_store.end_reservation(conn, told.charger_id, told.reservation_id, "used", transaction_id)
    log.info("transaction.started", transaction=transaction_id, charger=told.charger_id, late=is_told_late)
    is_ended = is_told_late and await end_with_parked_stop(
        conn, told.charger_id, transaction_id, _offline_start(told), told.received_at
    )
    started = _started(transaction_id, status, tag, is_repeated=False, is_told_late=is_told_late)
    return replace(started, is_ended=is_ended, closed=closed)


def _started(
    transaction_id: int, status: str, tag: tag_store.IdTag | None, *, is_repeated: bool, is_told_late: bool
) -> Started:
    return Started(
        transaction_id=transaction_id,
        tag_status=status,
        parent_tag=tag.parent_tag if tag else None,
        expires_at=tag.expires_at if tag else None,
        is_repeated=is_repeated,
        is_told_late=is_told_late,
    )


async def _known_start(conn: Connection, told: StartTold) -> Transaction | None:
    came = StartFacts(
        evse_no=told.evse_no,
        id_tag=told.id_tag,
        started_raw=told.started_raw,
        meter_start_wh=told.meter_start_wh,
    )
    same = await transaction_store.find_same_starts(
        conn, told.charger_id, told.evse_no, told.id_tag, told.started_raw, told.meter_start_wh
    )
    for known in same:
        facts = replace(came, id_tag=known.id_tag)
        if known.station_transaction == told.station_transaction and is_retry(
            facts, known.state not in OPEN_STATES, known.is_clock_set, came
        ):
            return known
    return None


async def _close_before_start(conn: Connection, told: StartTold) -> tuple[int, ...]:
    """An outlet serves one car: a new start proves whatever was open there over."""
    closed = []
    for open_one in await transaction_store.read_open(conn, told.charger_id):
        if open_one.evse_no == told.evse_no and not open_one.is_told_late:
            await presume_ended(conn, open_one, Evidence.NEXT_START, told.received_at)
            closed.append(open_one.id)
    return tuple(closed)


def _offline_start(told: StartTold) -> OfflineStart:
    return OfflineStart(
        id_tag=told.id_tag,
        started_at=told.moment.at,
        meter_start_wh=told.meter_start_wh,
        is_told_late=True,
    )
