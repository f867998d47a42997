"""Rows of transactions, their samples, and stops that found no transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from charging.rules.transaction import TransactionState

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One charging transaction; `stopped_at` and what belongs to it is None while it is open."""

    id: int
    charger_id: int
    evse_no: int
    connector_no: int
    station_transaction: str | None
    id_tag: str
    plate: str | None
    token: str
    reservation_id: int | None
    state: TransactionState
    is_told_late: bool
    is_clock_set: bool
    flags: list[str]
    started_at: datetime
    started_raw: str
    start_received_at: datetime
    meter_start_wh: int
    last_sign_at: datetime
    evidence: str | None
    evidence_at: datetime | None
    stopped_at: datetime | None
    stopped_raw: str | None
    meter_stop_wh: int | None
    stop_reason: str | None
    closed_by: str | None
    closing_reason: str | None
    charging_ended_at: datetime | None
    unplugged_at: datetime | None
    delivered_wh: int | None
    energy_tariff_id: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", TransactionState(self.state))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransaction:
    """What is known of a transaction when it begins."""

    charger_id: int
    evse_no: int
    connector_no: int = 1
    station_transaction: str | None = None
    id_tag: str
    plate: str | None
    token: str
    reservation_id: int | None
    is_told_late: bool
    is_clock_set: bool
    flags: list[str]
    started_at: datetime
    started_raw: str
    start_received_at: datetime
    meter_start_wh: int
    energy_tariff_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a transaction's end writes; `stopped_raw` and `meter_stop_wh` are None where no stop came."""

    state: TransactionState
    stopped_at: datetime
    stopped_raw: str | None
    received_at: datetime
    meter_stop_wh: int | None
    stop_reason: str | None
    stop_id_tag: str | None
    closed_by: str | None
    closing_reason: str | None
    delivered_wh: int
    unplugged_at: datetime | None
    flags: list[str]


async def read_open(conn: Connection, charger_id: int | None = None) -> list[Transaction]:
    """The open transactions of one charger, or of all, oldest first."""
    async with conn.cursor(row_factory=class_row(Transaction)) as cur:
        await cur.execute(
            """
            select id, charger_id, evse_no, connector_no, station_transaction, id_tag, plate, token, reservation_id,
                   state, is_told_late, is_clock_set, flags, started_at, started_raw, start_received_at,
                   meter_start_wh, last_sign_at, evidence, evidence_at, stopped_at, stopped_raw, meter_stop_wh,
                   stop_reason, closed_by, closing_reason, charging_ended_at, unplugged_at, delivered_wh,
                   energy_tariff_id
            from charging.transaction
            where state in ('running', 'suspended') and (%(charger_id)s::int is null or charger_id = %(charger_id)s)
            order by id
            """,
            {"charger_id": charger_id},
        )
        return await cur.fetchall()


async def lock_transaction(conn: Connection, transaction_id: int) -> Transaction | None:
    """One transaction, held against others until the end of the unit of work."""
    async with conn.cursor(row_factory=class_row(Transaction)) as cur:
        await cur.execute(
            """
            select id, charger_id, evse_no, connector_no, station_transaction, id_tag, plate, token, reservation_id,
                   state, is_told_late, is_clock_set, flags, started_at, started_raw, start_received_at,
                   meter_start_wh, last_sign_at, evidence, evidence_at, stopped_at, stopped_raw, meter_stop_wh,
                   stop_reason, closed_by, closing_reason, charging_ended_at, unplugged_at, delivered_wh,
                   energy_tariff_id
            from charging.transaction where id = %(id)s for update
            """,
            {"id": transaction_id},
        )
        return await cur.fetchone()


async def find_transactions(
    conn: Connection,
    *,
    charger_id: int | None = None,
    token: str | None = None,
    station_transaction: str | None = None,
    since: datetime | None = None,
    is_open: bool | None = None,
    limit: int = 200,
) -> list[Transaction]:
    """Transactions that fit everything given, newest first."""
    async with conn.cursor(row_factory=class_row(Transaction)) as cur:
        await cur.execute(
            """
            select id, charger_id, evse_no, connector_no, station_transaction, id_tag, plate, token, reservation_id,
                   state, is_told_late, is_clock_set, flags, started_at, started_raw, start_received_at,
                   meter_start_wh, last_sign_at, evidence, evidence_at, stopped_at, stopped_raw, meter_stop_wh,
                   stop_reason, closed_by, closing_reason, charging_ended_at, unplugged_at, delivered_wh,
                   energy_tariff_id
            from charging.transaction
            where (%(charger_id)s::int is null or charger_id = %(charger_id)s)
              and (%(token)s::text is null or token = %(token)s)
              and (%(station_transaction)s::text is null or station_transaction = %(station_transaction)s)
              and (%(since)s::timestamptz is null or started_at >= %(since)s)
              and (%(is_open)s::boolean is null or (state in ('running', 'suspended')) = %(is_open)s)
            order by id desc limit %(limit)s
            """,
            {
                "charger_id": charger_id,
                "token": token,
                "station_transaction": station_transaction,
                "since": since,
                "is_open": is_open,
                "limit": limit,
            },
        )
        return await cur.fetchall()


async def find_same_starts(
    conn: Connection, charger_id: int, evse_no: int, id_tag: str, started_raw: str, meter_start_wh: int
) -> list[Transaction]:
    """Transactions whose start said the same, newest first; the lock keeps a retry on another socket out."""
    await conn.execute("select pg_advisory_xact_lock(1668506983, %(id)s)", {"id": charger_id})
    async with conn.cursor(row_factory=class_row(Transaction)) as cur:
        await cur.execute(
            """
            select id, charger_id, evse_no, connector_no, station_transaction, id_tag, plate, token, reservation_id,
                   state, is_told_late, is_clock_set, flags, started_at, started_raw, start_received_at,
                   meter_start_wh, last_sign_at, evidence, evidence_at, stopped_at, stopped_raw, meter_stop_wh,
                   stop_reason, closed_by, closing_reason, charging_ended_at, unplugged_at, delivered_wh,
                   energy_tariff_id
            from charging.transaction
            where charger_id = %(charger_id)s and evse_no = %(evse_no)s and lower(id_tag) = lower(%(id_tag)s)
              and started_raw = %(started_raw)s and meter_start_wh = %(meter_start_wh)s
            order by id desc limit 3
            """,
            {
                "charger_id": charger_id,
                "evse_no": evse_no,
                "id_tag": id_tag,
                "started_raw": started_raw,
                "meter_start_wh": meter_start_wh,
            },
        )
        return await cur.fetchall()


async def add_transaction(conn: Connection, new: NewTransaction) -> int:
    """Write a started transaction; returns its number, from a sequence that never gives 0."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into charging.transaction
                (charger_id, evse_no, connector_no, station_transaction, id_tag, plate, token, reservation_id, state,
                 is_told_late, is_clock_set, flags, started_at, started_raw, start_received_at, meter_start_wh,
                 last_sign_at, energy_tariff_id)
            values
                (%(charger_id)s, %(evse_no)s, %(connector_no)s, %(station_transaction)s, %(id_tag)s, %(plate)s,
                 %(token)s, %(reservation_id)s, 'running', %(is_told_late)s, %(is_clock_set)s, %(flags)s,
                 %(started_at)s, %(started_raw)s, %(start_received_at)s, %(meter_start_wh)s, %(start_received_at)s,
                 %(energy_tariff_id)s)
            returning id
            """,
            {
                "charger_id": new.charger_id,
                "evse_no": new.evse_no,
                "connector_no": new.connector_no,
                "station_transaction": new.station_transaction,
                "id_tag": new.id_tag,
                "plate": new.plate,
                "token": new.token,
                "reservation_id": new.reservation_id,
                "is_told_late": new.is_told_late,
                "is_clock_set": new.is_clock_set,
                "flags": new.flags,
                "started_at": new.started_at,
                "started_raw": new.started_raw,
                "start_received_at": new.start_received_at,
                "meter_start_wh": new.meter_start_wh,
                "energy_tariff_id": new.energy_tariff_id,
            },
        )
        number: int | None = await cur.fetchone()
    assert number is not None  # an insert without ON CONFLICT returns its row or raises
    await conn.execute("select pg_notify('transaction', %(id)s::text)", {"id": number})
    return number


async def end_transaction(conn: Connection, transaction_id: int, ending: Ending) -> None:
    """Write how a transaction ended; a later stop overwrites what was presumed."""
    await conn.execute(
        """
        update charging.transaction
        set state = %(state)s, stopped_at = %(stopped_at)s, stopped_raw = %(stopped_raw)s,
            stop_received_at = %(received_at)s, meter_stop_wh = %(meter_stop_wh)s, stop_reason = %(stop_reason)s,
            stop_id_tag = %(stop_id_tag)s, closed_by = coalesce(%(closed_by)s, closed_by),
            closing_reason = coalesce(%(closing_reason)s, closing_reason), delivered_wh = %(delivered_wh)s,
            flags = %(flags)s, unplugged_at = %(unplugged_at)s,
            charging_ended_at = least(charging_ended_at, %(stopped_at)s)
        where id = %(id)s
        """,
        {
            "id": transaction_id,
            "state": ending.state,
            "stopped_at": ending.stopped_at,
            "stopped_raw": ending.stopped_raw,
            "received_at": ending.received_at,
            "meter_stop_wh": ending.meter_stop_wh,
            "stop_reason": ending.stop_reason,
            "stop_id_tag": ending.stop_id_tag,
            "closed_by": ending.closed_by,
            "closing_reason": ending.closing_reason,
            "delivered_wh": ending.delivered_wh,
            "unplugged_at": ending.unplugged_at,
            "flags": ending.flags,
        },
    )
    await conn.execute("select pg_notify('transaction', %(id)s::text)", {"id": transaction_id})


async def set_state(
    conn: Connection, transaction_id: int, state: TransactionState, charging_ended_at: datetime | None
) -> None:
    """Note that the car stopped or resumed taking energy."""
    await conn.execute(
        """
        update charging.transaction set state = %(state)s, charging_ended_at = %(charging_ended_at)s
        where id = %(id)s and state in ('running', 'suspended')
        """,
        {"id": transaction_id, "state": state, "charging_ended_at": charging_ended_at},
    )


async def note_evidence(
    conn: Connection, transaction_id: int, evidence: str | None, at: datetime | None
) -> None:
    """Note evidence that a transaction is over, or (None) that it is not."""
    await conn.execute(
        "update charging.transaction set evidence = %(evidence)s, evidence_at = %(at)s where id = %(id)s",
        {"id": transaction_id, "evidence": evidence, "at": at},
    )
