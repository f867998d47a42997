"""Rows that say how long a series is kept, and the letting go of what is older."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSeries:
    """One table that only ever grows, and how long its rows stay."""

    schema_name: str
    table_name: str
    column_name: str
    kept_for: timedelta


async def read_kept_series(conn: AsyncConnection[Any]) -> list[KeptSeries]:
    """Every series that a package has named."""
    async with conn.cursor(row_factory=class_row(KeptSeries)) as cur:
        await cur.execute(
            "select schema_name, table_name, column_name, kept_for from facility.retention order by 1, 2"
        )
        return await cur.fetchall()


async def is_hypertable(conn: AsyncConnection[Any], series: KeptSeries) -> bool:
    """Whether TimescaleDB keeps the table in chunks."""
    found = await conn.execute("select to_regclass('_timescaledb_catalog.hypertable') is not null")
    if await found.fetchone() != (True,):
        return False
    cur = await conn.execute(
        "select exists (select from _timescaledb_catalog.hypertable "
        "where schema_name = %(schema)s and table_name = %(table)s)",
        {"schema": series.schema_name, "table": series.table_name},
    )
    return await cur.fetchone() == (True,)


async def drop_chunks_before(conn: AsyncConnection[Any], series: KeptSeries, before: datetime) -> int:
    """Let go of the chunks that lie wholly before a moment; returns how many."""
    cur = await conn.execute(
        "select count(*) from drop_chunks(format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass, "
        "older_than => %(before)s::timestamptz)",
        {"schema": series.schema_name, "table": series.table_name, "before": before},
    )
    row = await cur.fetchone()
    return int(row[0]) if row else 0


async def delete_batch_before(conn: AsyncConnection[Any], series: KeptSeries, before: datetime) -> int:
    """Let go of up to `BATCH_ROWS` rows older than a moment; returns how many."""
    statement = sql.SQL(
        "delete from {table} where ctid = any (array("
        "select ctid from {table} where {column} < %(before)s limit %(most)s))"
    ).format(
        table=sql.Identifier(series.schema_name, series.table_name), column=sql.Identifier(series.column_name)
    )
    cur = await conn.execute(statement, {"before": before, "most": BATCH_ROWS})
    return cur.rowcount
