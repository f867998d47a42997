"""The pool, the unit of work, and listening across a restart of the database."""

from contextlib import aclosing

import psycopg
import pytest

from facility.db import (
    SWEEP,
    BadAddress,
    DatabaseAway,
    Notice,
    Pool,
    connect_sync,
    listen,
    notify,
    open_pool,
    unit_of_work,
)
from facility.embedded import Server


async def test_a_unit_of_work_keeps_all_or_nothing(pool: Pool) -> None:
    async with unit_of_work(pool) as conn:
        await conn.execute("CREATE TABLE t (n int)")
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(pool) as conn:
            await conn.execute("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError
    async with unit_of_work(pool) as conn:
        assert await (await conn.execute("SELECT count(*) FROM t")).fetchone() == (0,)


async def test_moments_come_back_in_utc(pool: Pool) -> None:
    async with unit_of_work(pool) as conn:
        row = await (await conn.execute("SELECT timestamptz '2026-03-02 09:00+08'")).fetchone()
    assert row is not None
    assert row[0].isoformat() == "2026-03-02T01:00:00+00:00"


async def test_the_pool_does_not_hand_out_a_connection_that_was_cut(pool: Pool, dsn: str) -> None:
    async with unit_of_work(pool) as conn:
        row = await (await conn.execute("SELECT pg_backend_pid()")).fetchone()
        assert row is not None
    with connect_sync(dsn) as other:
        other.execute("SELECT pg_terminate_backend(%(pid)s, 5000)", {"pid": row[0]})
    async with unit_of_work(pool) as conn:
        assert await (await conn.execute("SELECT 1")).fetchone() == (1,)


async def test_a_listener_first_sweeps_then_hears_what_is_committed(dsn: str, pool: Pool) -> None:
    async with aclosing(listen(dsn, ["order", "fact"], sweep_every_s=30)) as heard:
        assert (await anext(heard)).is_sweep
        async with unit_of_work(pool) as conn:
            await notify(conn, "order", "17")
            await notify(conn, "fact", "18")
        assert await anext(heard) == Notice("order", "17")
        assert await anext(heard) == Notice("fact", "18")


async def test_a_listener_sweeps_on_its_timer(dsn: str) -> None:
    async with aclosing(listen(dsn, ["order"], sweep_every_s=0.05)) as heard:
        assert [await anext(heard) for _ in range(3)] == [SWEEP, SWEEP, SWEEP]


async def test_a_cut_listener_comes_back_and_sweeps(dsn: str, pool: Pool) -> None:
    async with aclosing(listen(dsn, ["order"], sweep_every_s=30)) as heard:
        await anext(heard)
        with connect_sync(dsn) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        assert (await anext(heard)).is_sweep
        async with unit_of_work(pool) as conn:
            await notify(conn, "order", "17")
        assert await anext(heard) == Notice("order", "17")


def test_a_wrong_address_is_one_clear_line_without_the_password() -> None:
    with pytest.raises(DatabaseAway) as caught:
        connect_sync("postgresql://someone:geheim@127.0.0.1:9/nothing")
    assert "127.0.0.1:9/nothing" in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unreadable_address_is_one_clear_line() -> None:
    with pytest.raises(BadAddress, match="cannot be read"):
        connect_sync("postgresql://[")


async def test_a_missing_database_is_named(server: Server) -> None:
    with pytest.raises(DatabaseAway, match="nothing-here"):
        connect_sync(server.dsn("nothing-here"))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn("nothing-here"))


async def test_a_pool_without_a_server_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facility.db._CONNECT_WITHIN_S", 0.3)
    with pytest.raises(DatabaseAway, match="does not answer"):
        await open_pool("postgresql://someone@127.0.0.1:9/nothing")
