"""What a killed charging process leaves behind is written off, and the numbers for those who watch."""

import asyncio
from datetime import timedelta
from typing import Any

from httpx import ASGITransport, AsyncClient

from charging import process_store
from charging.central import Central
from facility.db import unit_of_work
from facility.ids import new_uuid
from facility.retention import trim_all
from gateway.app import create_app
from tests.charging.conftest import Yard

CONNECTED = "select identity, is_connected from report.charger where identity = 'NT-E01'"
START: dict[str, Any] = {
    "connectorId": 1,
    "idTag": "TAG1",
    "meterStart": 0,
    "timestamp": "2026-11-23T01:00:00Z",
}


async def test_a_new_process_writes_off_what_a_killed_one_held(yard: Yard) -> None:
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        assert await yard.rows(CONNECTED) == [("NT-E01", True)]
        # A second process at the same place: the first cannot live any longer.
        async with asyncio.TaskGroup() as tasks:
            await Central(yard.ctx, tasks).prepare()
        assert await yard.rows(CONNECTED) == [("NT-E01", False)]
        assert await yard.rows("select socket, held_by from charging.charger where identity = 'NT-E01'") == [
            (None, None)
        ]


async def test_a_process_elsewhere_that_fell_silent_loses_its_sockets_and_a_living_one_keeps_them(
    yard: Yard,
) -> None:
    other, now = new_uuid(), yard.clock.now()
    async with unit_of_work(yard.ctx.pool) as conn:
        await process_store.enter_process(conn, other, "other machine", now)
    async with yard.charger("NT-E01") as mine, yard.charger("NT-E27") as theirs:
        await mine.boot()
        await theirs.boot()
        async with unit_of_work(yard.ctx.pool) as conn:
            await conn.execute(
                "update charging.charger set held_by = %(other)s where identity = 'NT-E27'", {"other": other}
            )
        connected = "select identity from report.charger where is_connected order by identity"
        await yard.central.look_once()
        assert await yard.rows(connected) == [("NT-E01",), ("NT-E27",)]
        async with unit_of_work(yard.ctx.pool) as conn:
            await conn.execute(
                "update charging.process set seen_at = seen_at - interval '31 seconds' where id = %(other)s",
                {"other": other},
            )
        await yard.central.look_once()
        assert await yard.rows(connected) == [("NT-E01",)]


async def test_a_process_taken_to_be_gone_lets_its_chargers_connect_again(yard: Yard) -> None:
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        async with unit_of_work(yard.ctx.pool) as conn:
            await conn.execute("delete from charging.process")
        await yard.central.look_once()
        await charger.ws.wait_closed()
        assert charger.ws.close_code == 1012
    async with yard.charger("NT-E01") as charger:
        await charger.boot()
        assert await yard.rows(CONNECTED) == [("NT-E01", True)]


async def test_metrics_count_chargers_transactions_and_orders(yard: Yard) -> None:
    await yard.tag("TAG1")
    application = create_app(yard.ctx)
    async with AsyncClient(transport=ASGITransport(application), base_url="http://garage") as watcher:
        async with yard.charger("NT-E01") as charger:
            await charger.boot()
            await charger.call("StartTransaction", START)
            text = (await watcher.get("/metrics")).text
    assert "pingzhan_chargers_connected 1.0" in text
    assert "pingzhan_chargers_registered 2.0" in text
    assert "pingzhan_charging_transactions_open 1.0" in text
    assert 'pingzhan_charger_orders_waiting{state="queued"} 0.0' in text


async def test_the_message_trace_is_kept_ninety_days_and_samples_four_hundred(yard: Yard) -> None:
    now = yard.clock.now()
    async with unit_of_work(yard.ctx.pool) as conn:
        await conn.execute(
            """
            insert into charging.message (at, charger_id, is_incoming, kind, body)
            select %(now)s - n * interval '1 day', 1, true, 2, '[]' from generate_series(0, 119) as n
            """,
            {"now": now},
        )
        await conn.execute(
            """
            insert into charging.meter_sample (measured_at, received_at, charger_id, evse_no, context)
            select %(now)s - n * interval '1 day', %(now)s, 1, 1, 'Sample.Periodic' from generate_series(0, 499) as n
            """,
            {"now": now},
        )
    gone = await trim_all(yard.ctx.pool, now)
    assert gone["charging.message"] > 0
    assert gone["charging.meter_sample"] > 0
    oldest = await yard.rows(
        "select (select min(at) from charging.message), (select min(measured_at) from charging.meter_sample)"
    )
    # Whole chunks (a day of messages, a week of samples) go where the table has them: never a row too early.
    assert timedelta(days=89) <= now - oldest[0][0] <= timedelta(days=92)
    assert timedelta(days=399) <= now - oldest[0][1] <= timedelta(days=408)
