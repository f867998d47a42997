"""The journey of a charging transaction: start, end, close, and the bill; the same for every OCPP version.

Stations turn what a charger told into `StartTold` and `StopTold`; every function here runs inside the caller's unit of
work and is safe to repeat, because chargers repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from psycopg import AsyncConnection

from charging import bill_store, orphan_store, sample_store, tag_store, transaction_store
from charging.bills import make_bill
from charging.orphan_store import OrphanStop
from charging.rules.authorise import TagFacts, tag_status
from charging.rules.metering import Meter, Outlet, settle_meter, start_meter
from charging.rules.moments import Moment
from charging.rules.transaction import (
    OPEN_STATES,
    Evidence,
    OfflineStart,
    ParkedStop,
    StartFacts,
    TransactionEvent,
    TransactionState,
    advance,
    belongs,
    is_over,
    is_retry,
)
from charging.sample_store import LastSample
from charging.samples import OpenTransaction
from charging.tariffs import NoTariff
from charging.transaction_store import Ending, NewTransaction, Transaction
from facility import store as facility_store
from facility.errors import Missing
from facility.ids import new_secret

log = structlog.get_logger(__name__)

Connection = AsyncConnection[Any]
CLOCK_FLAGS: Final = frozenset({"missing", "unreadable", "unset_clock", "future"})


class NoSuchTransaction(Missing):
    """No transaction has this number."""

    code = "transaction_missing"


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
class StopTold:
    """A stop as a station tells it; `transaction` is the number or text the charger used for the transaction."""

    charger_id: int
    transaction: str
    moment: Moment
    stopped_raw: str
    received_at: datetime
    meter_stop_wh: int | None
    id_tag: str | None
    reason: str | None
    payload: dict[str, Any]


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


async def judge_tag(
    conn: Connection, id_tag: str, charger_id: int, evse_no: int, now: datetime
) -> tuple[str, tag_store.IdTag | None]:
    """The standard's word for a tag at an outlet, and what is stored of it."""
    tag = await tag_store.find_tag(conn, id_tag)
    if tag is None:
        return tag_status(None, now, False), None
    facts = TagFacts(status=tag.status, expires_at=tag.expires_at, parent_tag=tag.parent_tag)
    is_busy = await tag_store.has_open_transaction(conn, id_tag, charger_id, evse_no)
    return tag_status(facts, now, is_busy), tag


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
            is_clock_set=not CLOCK_FLAGS.intersection(told.moment.flags),
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
    is_ended = is_told_late and await _end_with_parked_stop(conn, transaction_id, told)
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
            await _presume_ended(conn, open_one, Evidence.NEXT_START, told.received_at)
            closed.append(open_one.id)
    return tuple(closed)


async def stop_transaction(conn: Connection, told: StopTold, outlet: Outlet) -> Transaction | None:
    """End a transaction and make its bill.

    Returns:
        The transaction as it was before; None where the stop found none and was kept as an orphan (with an alarm).
    """
    transaction = await _named_transaction(conn, told)
    if transaction is None:
        await _keep_orphan(conn, told, outlet)
        return None
    if transaction.state == TransactionState.ENDED:
        return transaction  # the same stop again
    await _end(conn, transaction, told, outlet, TransactionEvent.STOP)
    return transaction


async def _named_transaction(conn: Connection, told: StopTold) -> Transaction | None:
    number = told.transaction
    if not number.isascii() or not number.lstrip("-").isdigit() or not 0 < int(number) < 2**31:
        return None
    found = await transaction_store.lock_transaction(conn, int(number))
    return found if found is not None and found.charger_id == told.charger_id else None


async def end_told(conn: Connection, transaction: Transaction, told: StopTold, outlet: Outlet) -> None:
    """End a transaction that the caller has found and locked (2.x names it by the station's own id)."""
    if transaction.state != TransactionState.ENDED:
        await _end(conn, transaction, told, outlet, TransactionEvent.STOP)


async def _keep_orphan(conn: Connection, told: StopTold, outlet: Outlet) -> None:
    is_parked = told.transaction in ("0", "-1")
    orphan = OrphanStop(
        id=0,
        charger_id=told.charger_id,
        sent_transaction=told.transaction,
        is_parked=is_parked,
        meter_stop_wh=told.meter_stop_wh or 0,
        stopped_at=told.moment.at,
        stopped_raw=told.stopped_raw,
        received_at=told.received_at,
        id_tag=told.id_tag,
        reason=told.reason,
        flags=list(told.moment.flags),
        payload=told.payload,
    )
    if not await orphan_store.add_orphan_stop(conn, orphan):
        return
    if is_parked and await _end_waiting_start(conn, told, outlet):
        return
    await facility_store.raise_alarm(
        conn,
        "charging.orphan_stop",
        f"{told.charger_id}/{told.transaction}",
        "warning",
        {"transaction": told.transaction, "meter_stop_wh": told.meter_stop_wh, "parked": is_parked},
        now=told.received_at,
    )


async def _end_waiting_start(conn: Connection, told: StopTold, outlet: Outlet) -> bool:
    """The off-line start may already be here: a parked stop ends the one start it fits, if there is just one."""
    fitting = [
        one
        for one in await transaction_store.read_open(conn, told.charger_id)
        if belongs(_parked(told), _offline_start(one))
    ]
    if len(fitting) != 1:
        return False
    for orphan in await orphan_store.read_parked_stops(conn, told.charger_id):
        if orphan.stopped_raw == told.stopped_raw and orphan.meter_stop_wh == (told.meter_stop_wh or 0):
            await orphan_store.resolve_orphan_stop(conn, orphan.id, fitting[0].id, told.received_at)
    await _end(conn, fitting[0], told, outlet, TransactionEvent.STOP)
    return True


async def _end_with_parked_stop(conn: Connection, transaction_id: int, told: StartTold) -> bool:
    """The other order: the stop came first and waits."""
    start = OfflineStart(
        id_tag=told.id_tag,
        started_at=told.moment.at,
        meter_start_wh=told.meter_start_wh,
        is_told_late=True,
    )
    for orphan in await orphan_store.read_parked_stops(conn, told.charger_id):
        parked = ParkedStop(
            stopped_at=orphan.stopped_at, meter_stop_wh=orphan.meter_stop_wh, id_tag=orphan.id_tag
        )
        if not belongs(parked, start):
            continue
        transaction = await transaction_store.lock_transaction(conn, transaction_id)
        assert transaction is not None  # written a moment ago in this unit of work
        await orphan_store.resolve_orphan_stop(conn, orphan.id, transaction_id, told.received_at)
        stop = StopTold(
            charger_id=told.charger_id,
            transaction=orphan.sent_transaction,
            moment=Moment(at=orphan.stopped_at, flags=tuple(orphan.flags)),
            stopped_raw=orphan.stopped_raw,
            received_at=told.received_at,
            meter_stop_wh=orphan.meter_stop_wh,
            id_tag=orphan.id_tag,
            reason=orphan.reason,
            payload=orphan.payload,
        )
        await _end(conn, transaction, stop, Outlet(), TransactionEvent.STOP)
        subject = f"{told.charger_id}/{orphan.sent_transaction}"
        await facility_store.clear_alarm(conn, "charging.orphan_stop", subject, now=told.received_at)
        return True
    return False


def _parked(told: StopTold) -> ParkedStop:
    return ParkedStop(stopped_at=told.moment.at, meter_stop_wh=told.meter_stop_wh or 0, id_tag=told.id_tag)


def _offline_start(one: Transaction) -> OfflineStart:
    return OfflineStart(
        id_tag=one.id_tag,
        started_at=one.started_at,
        meter_start_wh=one.meter_start_wh,
        is_told_late=one.is_told_late,
    )


async def load_meter(conn: Connection, transaction: Transaction) -> Meter:
    """The meter of an open transaction as its stored samples left it."""
    last = await sample_store.read_last_sample(conn, transaction.id, transaction.started_at)
    return meter_after(transaction, last)


def meter_after(transaction: Transaction, last: LastSample | None) -> Meter:
    """The meter of an open transaction after its newest stored sample."""
    if last is None:
        return start_meter(transaction.meter_start_wh, transaction.started_at)
    return Meter(
        segment_wh=last.register_wh,
        register_wh=last.register_wh,
        read_at=last.measured_at,
        carried_wh=last.delivered_wh,
    )


async def load_open(conn: Connection, charger_id: int) -> list[OpenTransaction]:
    """The open transactions of a charger with their meters, for the holder of its socket."""
    return [
        OpenTransaction(
            id=one.id,
            evse_no=one.evse_no,
            connector_no=one.connector_no,
            meter=await load_meter(conn, one),
            is_suspended=one.state == TransactionState.SUSPENDED,
            is_told_late=one.is_told_late,
        )
        for one in await transaction_store.read_open(conn, charger_id)
    ]


async def _end(
    conn: Connection, transaction: Transaction, told: StopTold, outlet: Outlet, event: TransactionEvent
) -> None:
    state = advance(transaction.state, event)
    meter = await load_meter(conn, transaction)
    stopped_at = max(told.moment.at, transaction.started_at)
    is_clock_set = transaction.is_clock_set and not CLOCK_FLAGS.intersection(told.moment.flags)
    settlement = settle_meter(
        meter, transaction.meter_start_wh, told.meter_stop_wh, stopped_at if is_clock_set else None, outlet
    )
    flags = _joined(transaction.flags, told.moment.flags, settlement.flags)
    if told.moment.at < transaction.started_at:
        flags = _joined(flags, ("stop_before_start",))
    await transaction_store.end_transaction(
        conn,
        transaction.id,
        Ending(
            state=state,
            stopped_at=stopped_at,
            stopped_raw=told.stopped_raw,
            received_at=told.received_at,
            meter_stop_wh=told.meter_stop_wh,
            stop_reason=told.reason or "Local",
            stop_id_tag=told.id_tag,
            closed_by=None,
            closing_reason=None,
            delivered_wh=settlement.delivered_wh,
            unplugged_at=stopped_at if _is_unplugged_by(transaction, told) else None,
            flags=flags,
        ),
    )
    if "jump" in settlement.flags:
        detail = {"meter_stop_wh": told.meter_stop_wh, "billed_wh": settlement.delivered_wh}
        await facility_store.raise_alarm(
            conn, "charging.energy_doubtful", str(transaction.id), "warning", detail, now=told.received_at
        )
    await make_bill(conn, transaction.id, told.received_at)
    log.info("transaction.ended", transaction=transaction.id, delivered_wh=settlement.delivered_wh)


def _is_unplugged_by(transaction: Transaction, told: StopTold) -> bool:
    """Whether the stop itself says that the car has left the plug (history told late has long left)."""
    return told.reason == "EVDisconnected" or transaction.is_told_late


def _joined(*groups: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(flag for group in groups for flag in group))


async def _presume_ended(
    conn: Connection, transaction: Transaction, evidence: Evidence, now: datetime
) -> None:
    await _close(
        conn,
        transaction,
        TransactionEvent.EVIDENCE,
        closed_by="system",
        reason=f"evidence: {evidence.value}",
        now=now,
    )
    await facility_store.raise_alarm(
        conn,
        "charging.ghost",
        str(transaction.id),
        "info",
        {"transaction": transaction.id, "evidence": evidence.value},
        now=now,
    )


async def close_stuck(
    conn: Connection, transaction_id: int, *, by: str, reason: str, now: datetime
) -> Transaction:
    """A person closes a transaction whose stop will not come; its energy so far is billed.

    Raises:
        NoSuchTransaction: the number is not known.
        TransactionConflict: it is not open.
    """
    transaction = await transaction_store.lock_transaction(conn, transaction_id)
    if transaction is None:
        raise NoSuchTransaction(f"no transaction {transaction_id}")
    await _close(conn, transaction, TransactionEvent.CLOSE, closed_by=by, reason=reason, now=now)
    return transaction


async def _close(
    conn: Connection,
    transaction: Transaction,
    event: TransactionEvent,
    *,
    closed_by: str,
    reason: str,
    now: datetime,
) -> None:
    state = advance(transaction.state, event)
    meter = await load_meter(conn, transaction)
    settlement = settle_meter(meter, transaction.meter_start_wh, None, now, Outlet())
    await transaction_store.end_transaction(
        conn,
        transaction.id,
        Ending(
            state=state,
            stopped_at=max(meter.read_at, transaction.started_at),
            stopped_raw=None,
            received_at=now,
            meter_stop_wh=None,
            stop_reason=None,
            stop_id_tag=None,
            closed_by=closed_by,
            closing_reason=reason,
            delivered_wh=settlement.delivered_wh,
            # Nobody knows when the car left: no idle fee is asked for.
            unplugged_at=max(meter.read_at, transaction.started_at),
            flags=_joined(transaction.flags, settlement.flags),
        ),
    )
    await make_bill(conn, transaction.id, now)
    log.info("transaction.closed", transaction=transaction.id, reason=reason)


async def note_evidence(
    conn: Connection, charger_id: int, evidence: Evidence, now: datetime, evse_no: int | None = None
) -> None:
    """Evidence that open transactions (all of a charger's, or one outlet's) are over; time will tell."""
    for one in await transaction_store.read_open(conn, charger_id):
        if evse_no is not None and one.evse_no != evse_no:
            continue
        if one.evidence is None or evidence == Evidence.STATUS:
            await transaction_store.note_evidence(conn, one.id, evidence, now)


async def close_ghosts(conn: Connection, now: datetime) -> list[int]:
    """End the open transactions whose evidence has stood, without a sign of life, for its grace time."""
    closed = []
    for one in await transaction_store.read_open(conn):
        if one.evidence is None or one.evidence_at is None:
            continue
        sampled_at = await sample_store.read_last_sign(conn, one.id, one.started_at)
        sign_at = max(sampled_at or one.last_sign_at, one.last_sign_at)
        evidence = Evidence(one.evidence)
        if is_over(evidence, one.evidence_at, sign_at, now):
            await _presume_ended(conn, one, evidence, now)
            closed.append(one.id)
        elif sign_at > one.evidence_at:
            await transaction_store.note_evidence(conn, one.id, None, None)
    return closed


async def note_power(conn: Connection, transaction_id: int, *, is_flowing: bool, at: datetime) -> None:
    """The car stopped taking energy (the idle clock starts), or takes it again (the idle clock is reset)."""
    transaction = await transaction_store.lock_transaction(conn, transaction_id)
    if transaction is None or transaction.state not in OPEN_STATES:
        return
    event = TransactionEvent.RESUME if is_flowing else TransactionEvent.SUSPEND
    ended_at = None if is_flowing else (transaction.charging_ended_at or at)
    await transaction_store.set_state(conn, transaction_id, advance(transaction.state, event), ended_at)


async def note_unplugged(
    conn: Connection, charger_id: int, evse_no: int, at: datetime, now: datetime
) -> None:
    """The car has left the plug: the idle fee of its bill, while that is open, is fixed."""
    for transaction_id in await transaction_store.note_unplugged(conn, charger_id, evse_no, at):
        await make_bill(conn, transaction_id, now)
