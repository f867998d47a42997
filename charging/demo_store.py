"""Writing the demonstration's past by COPY."""

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

Connection = AsyncConnection[Any]


async def take_numbers(conn: Connection, count: int) -> int:
    """Take `count` transaction numbers from the sequence; returns the first."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select setval('charging.transaction_number', nextval('charging.transaction_number') + %(count)s)
            """,
            {"count": count},
        )
        last: int | None = await cur.fetchone()
    assert last is not None  # setval returns its value
    return last - count


async def copy_transactions(conn: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append finished transactions."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            """
            copy charging.transaction
                (id, charger_id, evse_no, id_tag, plate, token, state, started_at, started_raw, start_received_at,
                 meter_start_wh, last_sign_at, stopped_at, stop_received_at, meter_stop_wh, stop_reason,
                 charging_ended_at, unplugged_at, delivered_wh, energy_tariff_id)
            from stdin
            """
        ) as copy,
    ):
        for row in rows:
            await copy.write_row(row)


async def copy_samples(conn: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append samples."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            """
            copy charging.meter_sample
                (measured_at, received_at, charger_id, evse_no, transaction_id, delivered_wh, register_wh, power_w,
                 context)
            from stdin (format binary)
            """
        ) as copy,
    ):
        copy.set_types("timestamptz timestamptz int4 int2 int8 int8 int8 int4 text".split())
        for row in rows:
            await copy.write_row(row)


async def copy_bills(conn: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append settled bills."""
    async with (
        conn.cursor() as cur,
        cur.copy(
            """
            copy charging.bill
                (transaction_id, state, total_fen, energy_fen, service_fen, idle_fen, delivered_wh, lines,
                 energy_tariff, made_at, settled_at, settled_by, payment_reference)
            from stdin
            """
        ) as copy,
    ):
        for row in rows:
            await copy.write_row(row)
