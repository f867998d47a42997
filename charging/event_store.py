"""Rows of TransactionEvents of OCPP 2.x, and what they mend of a transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]


class TxEventRow(NamedTuple):
    """One event of a transaction; `payload` (less its meter values) only where it says more than a sample does."""

    transaction_id: int
    seq_no: int
    kind: str
    occurred_raw: str
    message_id: str
    trigger_reason: str
    is_offline: bool
    occurred_at: datetime
    received_at: datetime
    payload: dict[str, Any] | None


async def write_tx_events(conn: Connection, rows: Sequence[TxEventRow]) -> int:
    """Keep events; one that is known already changes nothing. Returns how many were new."""
    columns = dict(zip(TxEventRow._fields, map(list, zip(*rows, strict=True)), strict=True))
    columns["payload"] = [None if one is None else Jsonb(one) for one in columns["payload"]]
    written = await conn.execute(
        """
        insert into charging.transaction_event
            (transaction_id, seq_no, kind, occurred_raw, message_id, trigger_reason, is_offline, occurred_at,
             received_at, payload)
        select * from unnest(%(transaction_id)s::int8[], %(seq_no)s::int4[], %(kind)s::text[], %(occurred_raw)s::text[],
            %(message_id)s::text[], %(trigger_reason)s::text[], %(is_offline)s::bool[], %(occurred_at)s::timestamptz[],
            %(received_at)s::timestamptz[], %(payload)s::jsonb[])
        on conflict do nothing
        """,
        columns,
    )
    return written.rowcount


async def lock_charger(conn: Connection, charger_id: int) -> None:
    """Keep every other socket of this charger from beginning the same transaction until the unit of work ends."""
    await conn.execute("select pg_advisory_xact_lock(1668506983, %(id)s)", {"id": charger_id})


async def read_last_seq(conn: Connection, transaction_id: int) -> int:
    """The highest sequence number of a transaction's events; -1 without any."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select coalesce(max(seq_no), -1) from charging.transaction_event where transaction_id = %(id)s",
            {"id": transaction_id},
        )
        last: int | None = await cur.fetchone()
    return -1 if last is None else last


async def count_missing(conn: Connection, transaction_id: int) -> int:
    """How many sequence numbers up to the highest one never came."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select coalesce(max(seq_no) - min(seq_no) + 1 - count(distinct seq_no), 0)
            from charging.transaction_event where transaction_id = %(id)s
            """,
            {"id": transaction_id},
        )
        return int(await cur.fetchone() or 0)


async def add_flag(conn: Connection, transaction_id: int, flag: str) -> None:
    """Note once what is odd about a transaction."""
    await conn.execute(
        """
        update charging.transaction set flags = flags || %(flag)s::text
        where id = %(id)s and not %(flag)s = any(flags)
        """,
        {"id": transaction_id, "flag": flag},
    )


async def note_sign(conn: Connection, transaction_id: int, at: datetime) -> None:
    """A sign of life of an open transaction."""
    await conn.execute(
        """
        update charging.transaction set last_sign_at = greatest(last_sign_at, %(at)s)
        where id = %(id)s and state in ('running', 'suspended')
        """,
        {"id": transaction_id, "at": at},
    )


async def set_tag(conn: Connection, transaction_id: int, tag: str, plate: str | None) -> None:
    """Say who charges, where the transaction began before anybody was authorised."""
    await conn.execute(
        """
        update charging.transaction set id_tag = %(tag)s, plate = coalesce(plate, %(plate)s)
        where id = %(id)s and id_tag = ''
        """,
        {"id": transaction_id, "tag": tag, "plate": plate},
    )


async def set_start(
    conn: Connection,
    transaction_id: int,
    started_at: datetime,
    started_raw: str | None,
    meter_start_wh: int | None,
) -> None:
    """Mend an open transaction's start from an event that came after later ones, or its first register."""
    await conn.execute(
        """
        update charging.transaction
        set started_at = least(started_at, %(started_at)s), started_raw = coalesce(%(started_raw)s, started_raw),
            meter_start_wh = coalesce(%(meter_start_wh)s, meter_start_wh)
        where id = %(id)s and state in ('running', 'suspended')
        """,
        {
            "id": transaction_id,
            "started_at": started_at,
            "started_raw": started_raw,
            "meter_start_wh": meter_start_wh,
        },
    )


async def place(conn: Connection, transaction_id: int, evse_no: int, connector_no: int) -> bool:
    """Say at which outlet a transaction runs, unless another one is open there; returns whether it was written."""
    placed = await conn.execute(
        """
        update charging.transaction t set evse_no = %(evse_no)s, connector_no = %(connector_no)s
        where t.id = %(id)s
          and not exists (select from charging.transaction o
                          where o.charger_id = t.charger_id and o.evse_no = %(evse_no)s and o.id <> t.id
                            and o.state in ('running', 'suspended') and not o.is_told_late)
        """,
        {"id": transaction_id, "evse_no": evse_no, "connector_no": connector_no},
    )
    return bool(placed.rowcount)


async def make_live(conn: Connection, transaction_id: int) -> bool:
    """A transaction that began off-line goes on live, unless another one is open at its outlet."""
    made = await conn.execute(
        """
        update charging.transaction t set is_told_late = false
        where t.id = %(id)s and t.is_told_late and t.state in ('running', 'suspended')
          and not exists (select from charging.transaction o
                          where o.charger_id = t.charger_id and o.evse_no = t.evse_no and o.id <> t.id
                            and o.state in ('running', 'suspended') and not o.is_told_late)
        """,
        {"id": transaction_id},
    )
    return bool(made.rowcount)


async def set_energy(conn: Connection, transaction_id: int, delivered_wh: int) -> None:
    """Correct the energy of an ended transaction."""
    await conn.execute(
        "update charging.transaction set delivered_wh = %(wh)s where id = %(id)s and stopped_at is not null",
        {"id": transaction_id, "wh": delivered_wh},
    )


async def mend_start(
    conn: Connection,
    transaction_id: int,
    *,
    started_at: datetime,
    started_raw: str,
    gained_wh: int,
    energy_tariff_id: int | None,
) -> None:
    """Write the start of an ended transaction, which was told after its end, and what it shows was missing."""
    await conn.execute(
        """
        update charging.transaction
        set started_at = %(started_at)s, started_raw = %(started_raw)s,
            meter_start_wh = meter_start_wh - %(gained_wh)s, delivered_wh = delivered_wh + %(gained_wh)s,
            energy_tariff_id = coalesce(%(energy_tariff_id)s, energy_tariff_id)
        where id = %(id)s and stopped_at is not null
        """,
        {
            "id": transaction_id,
            "started_at": started_at,
            "started_raw": started_raw,
            "gained_wh": gained_wh,
            "energy_tariff_id": energy_tariff_id,
        },
    )


async def raise_samples(conn: Connection, transaction_id: int, since: datetime, gained_wh: int) -> None:
    """Lift the energy of a transaction's samples by what was missing before the first of them."""
    await conn.execute(
        """
        update charging.meter_sample set delivered_wh = delivered_wh + %(gained_wh)s
        where transaction_id = %(id)s and measured_at >= %(since)s and delivered_wh is not null
        """,
        {"id": transaction_id, "since": since, "gained_wh": gained_wh},
    )
