"""Rows of samples as transactions need them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from charging.rules.fees import Reading

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSample:
    """The newest believed energy of a transaction."""

    measured_at: datetime
    delivered_wh: int
    register_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSample:
    """What a screen shows of a running charge."""

    measured_at: datetime
    power_w: int | None
    soc_pct: int | None


async def read_last_sample(conn: Connection, transaction_id: int, since: datetime) -> LastSample | None:
    """The newest sample of a transaction that carries energy, not older than `since`."""
    async with conn.cursor(row_factory=class_row(LastSample)) as cur:
        await cur.execute(
            """
            select measured_at, delivered_wh, register_wh from charging.meter_sample
            where transaction_id = %(id)s and measured_at >= %(since)s
              and delivered_wh is not null and register_wh is not null
            order by measured_at desc, delivered_wh desc limit 1
            """,
            {"id": transaction_id, "since": since},
        )
        return await cur.fetchone()


async def read_live_sample(conn: Connection, transaction_id: int, since: datetime) -> LiveSample | None:
    """The newest sample of a transaction, as a screen shows it."""
    async with conn.cursor(row_factory=class_row(LiveSample)) as cur:
        await cur.execute(
            """
            select measured_at, power_w, soc_pct from charging.meter_sample
            where transaction_id = %(id)s and measured_at >= %(since)s
            order by measured_at desc limit 1
            """,
            {"id": transaction_id, "since": since},
        )
        return await cur.fetchone()


async def read_powers(conn: Connection, transaction_id: int, since: datetime) -> list[tuple[datetime, int]]:
    """Moments and W of a transaction's samples since a moment."""
    cur = await conn.execute(
        """
        select measured_at, power_w from charging.meter_sample
        where transaction_id = %(id)s and measured_at >= %(since)s and power_w is not null
        order by measured_at desc limit 200
        """,
        {"id": transaction_id, "since": since},
    )
    return [(at, power_w) for at, power_w in await cur.fetchall()]


async def read_last_sign(conn: Connection, transaction_id: int, since: datetime) -> datetime | None:
    """When the newest sample of a transaction was received."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select max(received_at) from charging.meter_sample
            where transaction_id = %(id)s and measured_at >= %(since)s
            """,
            {"id": transaction_id, "since": since},
        )
        sign: datetime | None = await cur.fetchone()
        return sign


async def read_readings(conn: Connection, transaction_id: int, since: datetime) -> list[Reading]:
    """The energy of a transaction over time: the last believed value of each five minutes, in order."""
    async with conn.cursor(row_factory=class_row(Reading)) as cur:
        await cur.execute(
            """
            select distinct on (date_bin('5 minutes', measured_at, timestamptz 'epoch'))
                   measured_at as at, delivered_wh
            from charging.meter_sample
            where transaction_id = %(id)s and measured_at >= %(since)s and delivered_wh is not null
            order by date_bin('5 minutes', measured_at, timestamptz 'epoch'), measured_at desc, delivered_wh desc
            """,
            {"id": transaction_id, "since": since},
        )
        return await cur.fetchall()


async def adopt_samples(
    conn: Connection, transaction_id: int, charger_id: int, evse_no: int, since: datetime, until: datetime
) -> None:
    """Give samples without a transaction, taken while this one ran off-line, to it."""
    await conn.execute(
        """
        update charging.meter_sample set transaction_id = %(id)s
        where charger_id = %(charger_id)s and evse_no = %(evse_no)s and transaction_id is null
          and measured_at between %(since)s and %(until)s
        """,
        {"id": transaction_id, "charger_id": charger_id, "evse_no": evse_no, "since": since, "until": until},
    )
