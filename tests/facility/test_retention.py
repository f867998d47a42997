"""What is older than its series is kept goes; what is younger stays."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from facility.db import Pool, unit_of_work
from facility.retention import trim_all
from facility.retention_store import is_hypertable, read_kept_series

NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def count(pool: Pool, table: str) -> int:
    schema, _, name = table.partition(".")
    async with unit_of_work(pool) as conn:
        cur = await conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name)))
        row = await cur.fetchone()
    assert row is not None
    return int(row[0])


async def test_old_facts_go_in_batches_and_young_ones_stay(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facility.retention_store.BATCH_ROWS", 10)
    monkeypatch.setattr("facility.retention.BATCH_ROWS", 10)
    async with unit_of_work(pool) as conn:
        await conn.execute(
            "insert into facility.fact (at, kind, subject) "
            "select %(now)s - n * interval '1 day', 'bay.changed', 'B1-001' from generate_series(0, 60) as n",
            {"now": NOW},
        )
    assert await trim_all(pool, NOW) == {"facility.fact": 46}
    assert await count(pool, "facility.fact") == 15
    assert await trim_all(pool, NOW) == {}


async def test_whole_chunks_of_a_hypertable_go(pool: Pool) -> None:
    async with unit_of_work(pool) as conn:
        await conn.execute(
            "insert into parking.occupancy_sample (zone_id, sampled_at, occupied, capacity, cause) "
            "select 'z', %(now)s - n * interval '10 days', 1, 2, 'minute' from generate_series(0, 79) as n",
            {"now": NOW},
        )
    gone = await trim_all(pool, NOW)
    async with unit_of_work(pool) as conn:
        series = {found.table_name: found for found in await read_kept_series(conn)}["occupancy_sample"]
        in_chunks = await is_hypertable(conn, series)
        oldest = await (await conn.execute("select min(sampled_at) from parking.occupancy_sample")).fetchone()
    assert gone["parking.occupancy_sample"] > 0
    assert oldest is not None
    # A chunk of seven days goes only when all of it is over, and never a row too early.
    slack = timedelta(days=7) if in_chunks else timedelta(0)
    assert NOW - series.kept_for - slack <= oldest[0] <= NOW - series.kept_for + timedelta(days=10)
    assert 41 <= await count(pool, "parking.occupancy_sample") <= 42


async def test_every_series_names_a_table_and_a_moment_that_exist(pool: Pool) -> None:
    async with unit_of_work(pool) as conn:
        kept = await read_kept_series(conn)
        for series in kept:
            cur = await conn.execute(
                "select data_type from information_schema.columns where table_schema = %(schema)s "
                "and table_name = %(table)s and column_name = %(column)s",
                {"schema": series.schema_name, "table": series.table_name, "column": series.column_name},
            )
            assert await cur.fetchone() == ("timestamp with time zone",), series
    assert len(kept) >= 4
