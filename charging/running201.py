"""A transaction of OCPP 2.x as one socket knows it: found or begun, judged beside each event, and mended by later ones.

Everything with a connection runs inside the caller's unit of work.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from charging import event_store, sample_store, transaction_store
from charging.rules.event201 import ENDED, STARTED, UPDATED, EventTold, register_of
from charging.rules.metering import start_meter
from charging.rules.moments import Moment
from charging.rules.transaction import OPEN_STATES
from charging.running import load_open, note_power
from charging.samples import OpenTransaction
from charging.starts import StartTold, start_transaction

Connection = AsyncConnection[Any]


@dataclass(slots=True, kw_only=True)
class Running:
    """A transaction as this socket knows it; `open` is None once it has ended."""

    id: int
    open: OpenTransaction | None
    last_seq: int
    has_tag: bool
    has_register: bool
    has_asked: bool = False
    cost_told_at: datetime


async def find_running(conn: Connection, charger_id: int, name: str, now: datetime) -> Running | None:
    """A transaction that an earlier socket (or process) knew, as its rows tell it."""
    found = await transaction_store.find_transactions(
        conn, charger_id=charger_id, station_transaction=name, limit=1
    )
    if not found:
        return None
    one = found[0]
    is_open = one.state in OPEN_STATES
    opened = None
    if is_open:
        opened = next(got for got in await load_open(conn, charger_id) if got.id == one.id)
    has_samples = await sample_store.read_last_sample(conn, one.id, one.started_at) is not None
    return Running(
        id=one.id,
        open=opened,
        last_seq=await event_store.read_last_seq(conn, one.id),
        has_tag=one.id_tag != "",
        has_register="no_start_register" not in one.flags or has_samples,
        cost_told_at=now,
    )


async def begin_running(
    conn: Connection, charger_id: int, told: EventTold
) -> tuple[Running, tuple[int, ...]]:
    """Begin the transaction of its first event, which need not be *Started*: that may be lost, or come later.

    Returns:
        The transaction, and the ghosts at its outlet that it proved over.
    """
    register_wh = register_of(told.meter_value, "Transaction.Begin")
    odd = [*told.moment.flags]
    if told.kind != STARTED:
        odd.append("no_start")
    if register_wh is None:
        odd.append("no_start_register")
    token = told.token if told.kind != ENDED else None
    started = await start_transaction(
        conn,
        StartTold(
            charger_id=charger_id,
            evse_no=told.evse_no or 0,
            connector_no=told.connector_no or 1,
            station_transaction=told.name,
            id_tag=token.tag if token else "",
            moment=Moment(at=told.moment.at, flags=tuple(odd)),
            started_raw=told.occurred_raw,
            received_at=told.received_at,
            meter_start_wh=register_wh or 0,
            reservation_id=told.reservation_id,
            is_offline=told.is_offline,
        ),
    )
    opened = OpenTransaction(
        id=started.transaction_id,
        evse_no=told.evse_no or 0,
        connector_no=told.connector_no or 1,
        meter=start_meter(register_wh, told.moment.at),
        is_told_late=started.is_told_late,
    )
    running = Running(
        id=started.transaction_id,
        open=opened,
        last_seq=-1,
        has_tag=token is not None,
        has_register=register_wh is not None,
        cost_told_at=told.received_at,
    )
    return running, started.closed


def is_plain(running: Running, told: EventTold) -> bool:
    """Whether an event tells nothing but meter values of a transaction that goes on as it was, and is surely new."""
    opened = running.open
    return (
        opened is not None
        and told.kind == UPDATED
        and told.seq_no > running.last_seq
        and told.token is None
        and told.evse_no in (None, opened.evse_no)
        and running.has_register
        and not (opened.is_told_late and not told.is_history)
        and _is_suspended(opened, told) == opened.is_suspended
        and not told.is_unplugged
        and not is_gap(running, told)
    )


def is_gap(running: Running, told: EventTold) -> bool:
    """Whether live events are missing before this one; asked about once, because some chargers always skip."""
    return (
        running.open is not None
        and told.kind != ENDED
        and told.seq_no > running.last_seq + 1
        and not told.is_history
        and not running.has_asked
    )


def _is_suspended(opened: OpenTransaction, told: EventTold) -> bool:
    """Whether the car takes no energy, of its own will: a pause by the charger does not start the idle clock."""
    if told.charging_state == "Charging":
        return False
    if told.charging_state == "SuspendedEV":
        return True
    if told.charging_state in ("EVConnected", "Idle"):
        # Before the first energy a plugged car merely waits; afterwards it has finished.
        return opened.is_suspended or opened.meter.delivered_wh > 0
    return opened.is_suspended


async def follow_power(conn: Connection, opened: OpenTransaction, told: EventTold) -> None:
    """Note where the car stopped taking energy, or takes it again."""
    is_suspended = _is_suspended(opened, told)
    if is_suspended != opened.is_suspended:
        await note_power(conn, opened.id, is_flowing=not is_suspended, at=told.moment.at)
        opened.is_suspended = is_suspended


async def mend_running(conn: Connection, running: Running, opened: OpenTransaction, told: EventTold) -> None:
    """What later events may add to the start: the outlet, the first register, the start itself, being live."""
    if told.evse_no and told.evse_no != opened.evse_no:
        if await event_store.place(conn, running.id, told.evse_no, told.connector_no or 1):
            opened.evse_no, opened.connector_no = told.evse_no, told.connector_no or 1
        else:
            await event_store.add_flag(conn, running.id, "other_connector")
    if opened.is_told_late and not told.is_history and await event_store.make_live(conn, running.id):
        opened.is_told_late = False
    first_wh = None if running.has_register else register_of(told.meter_value, "Transaction.Begin")
    if first_wh is not None:
        running.has_register = True
        opened.meter = start_meter(first_wh, opened.meter.read_at)
        await event_store.set_start(conn, running.id, told.moment.at, None, first_wh)
    elif told.kind == STARTED and told.seq_no < running.last_seq:
        await _mend_start(conn, running, opened, told)


async def _mend_start(conn: Connection, running: Running, opened: OpenTransaction, told: EventTold) -> None:
    """*Started* came after later events: its time and register stand, and what was counted since is kept."""
    begin_wh = register_of(told.meter_value, "Transaction.Begin")
    meter = opened.meter
    if begin_wh is not None and begin_wh <= meter.segment_wh and not meter.resets:
        opened.meter = replace(meter, segment_wh=begin_wh)
        # Samples that came before counted from their own first register: by the hour, the bill needs them lifted.
        await event_store.raise_samples(conn, running.id, told.moment.at, meter.segment_wh - begin_wh)
    else:
        begin_wh = None
    await event_store.set_start(conn, running.id, told.moment.at, told.occurred_raw, begin_wh)
