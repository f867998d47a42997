"""A driver, a page, a simulated charger: the whole charge through the real central system."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import httpx
import pytest

from charging import reconcile
from charging.orders import hearing_answers
from charging.simulator.charger import Pace, SimulatedCharger
from charging.simulator.fleet import make_of, new_car
from facility import board_store
from facility.board import EquipmentKind, Source
from facility.db import unit_of_work
from facility.ids import EvseId
from gateway.app import create_app
from tests.charging.conftest import Yard


@pytest.fixture
async def browser(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(yard.ctx)
    async with hearing_answers(yard.ctx.dsn, yard.ctx.pool) as answers:
        app.state.order_answers = answers
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", follow_redirects=True
        ) as client:
            yield client


@pytest.fixture
async def simulated(yard: Yard) -> AsyncIterator[SimulatedCharger]:
    """E27 (DC), sampling 25 times a second, its car charging 600 times faster than real ones."""
    make = make_of(yard.ctx.site.evses[EvseId("E27")])
    pace = Pace(sample_every_s=0.04, speed=600)
    charger = SimulatedCharger(
        make, f"ws://127.0.0.1:{yard.port}/ocpp", yard.clock, pace, lambda: new_car(Random(1), make)
    )
    running = asyncio.create_task(charger.run())
    await yard.eventually(lambda: _status_is(yard, "Available"))
    yield charger
    running.cancel()
    for task in (running, charger._session):
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _status_is(yard: Yard, status: str) -> bool:
    rows = await yard.rows(
        "select status from charging.connector where evse_id = 'E27' and status = %(status)s", status=status
    )
    return bool(rows)


async def _situation(browser: httpx.AsyncClient, wanted: str) -> str:
    async with asyncio.timeout(10):
        while True:
            text = (await browser.get("/c/E27")).text
            if f'data-situation="{wanted}"' in text:
                return text
            await asyncio.sleep(0.03)


async def test_a_driver_starts_sees_the_cost_move_and_stops(
    yard: Yard, browser: httpx.AsyncClient, simulated: SimulatedCharger
) -> None:
    assert 'data-situation="free"' in (await browser.get("/c/E27")).text
    await browser.post("/c/E27/start", data={"plate": "苏F·D12345"})
    await _situation(browser, "mine")
    await yard.eventually(lambda: _has(yard, "select 1 from charging.meter_sample where delivered_wh > 500"))
    first = await _situation(browser, "mine")
    await browser.post("/c/E27/stop")
    done = await _situation(browser, "done")
    assert "¥" in first and "kWh" in done
    # The tab itself says that the charge is over: the page reloads when its situation changes.
    assert "<title>正在充电 · E27</title>" in first and "<title>充电已结束 · E27</title>" in done
    ((total_fen, plate, reason),) = await yard.rows(
        "select b.total_fen, t.plate, t.stop_reason "
        "from charging.bill b join charging.transaction t on t.id = b.transaction_id"
    )
    assert total_fen > 0
    assert (plate, reason) == ("苏FD12345", "Remote")


async def _has(yard: Yard, query: str) -> bool:
    return bool(await yard.rows(query))


async def test_a_stranger_cannot_stop_someone_elses_charge(
    yard: Yard, browser: httpx.AsyncClient, simulated: SimulatedCharger
) -> None:
    await browser.post("/c/E27/start")
    await _situation(browser, "mine")
    browser.cookies.clear()
    answer = await browser.post("/c/E27/stop")
    assert 'data-situation="others"' in answer.text
    assert not await yard.rows("select 1 from charging.charger_order where action = 'RemoteStopTransaction'")


async def test_a_reservation_keeps_others_out_and_is_used_by_its_driver(
    yard: Yard, browser: httpx.AsyncClient, simulated: SimulatedCharger
) -> None:
    await browser.post("/c/E27/reserve")
    await _situation(browser, "kept")
    await yard.eventually(lambda: _has(yard, "select 1 from charging.reservation where state = 'active'"))
    mine = dict(browser.cookies)
    browser.cookies.clear()
    answer = await browser.post("/c/E27/start")
    assert 'data-situation="reserved"' in answer.text
    browser.cookies.update(mine)
    await browser.post("/c/E27/start")
    await _situation(browser, "mine")
    assert await yard.rows(
        "select 1 from charging.reservation where state = 'used' and transaction_id is not null"
    )


async def test_a_lockout_stops_the_charge_bills_it_and_takes_the_charger_out_until_it_is_lifted(
    yard: Yard, browser: httpx.AsyncClient, simulated: SimulatedCharger
) -> None:
    await browser.post("/c/E27/start")
    await _situation(browser, "mine")
    now = yard.clock.now()
    async with unit_of_work(yard.ctx.pool) as conn:
        await board_store.place_lockout(
            conn,
            kind=EquipmentKind.EVSE,
            equipment_id="E27",
            source=Source.CONVERSION,
            reason="run",
            by="x",
            now=now,
        )

    async def settled(status: str) -> bool:
        async with unit_of_work(yard.ctx.pool) as conn:
            await reconcile.reconcile(conn, yard.ctx)
        yard.clock.ahead += timedelta(seconds=5)
        return await _status_is(yard, status)

    await yard.eventually(lambda: settled("Unavailable"), within_s=20)
    assert await _has(yard, "select 1 from charging.bill")
    assert 'data-situation="locked"' in (await browser.get("/c/E27", headers={"cookie": ""})).text
    async with unit_of_work(yard.ctx.pool) as conn:
        await board_store.lift_lockout(
            conn,
            kind=EquipmentKind.EVSE,
            equipment_id="E27",
            source=Source.CONVERSION,
            by="x",
            now=yard.clock.now(),
        )
    await yard.eventually(lambda: settled("Available"), within_s=20)


async def test_a_reservation_runs_out_after_fifteen_minutes(
    yard: Yard, browser: httpx.AsyncClient, simulated: SimulatedCharger
) -> None:
    await browser.post("/c/E27/reserve")
    await _situation(browser, "kept")
    await yard.eventually(lambda: _has(yard, "select 1 from charging.reservation where state = 'active'"))
    mine = dict(browser.cookies)
    browser.cookies.clear()
    await _situation(browser, "reserved")
    yard.clock.ahead += timedelta(minutes=14)
    await yard.central.look_once()
    assert 'data-situation="reserved"' in (await browser.get("/c/E27")).text
    yard.clock.ahead += timedelta(minutes=1, seconds=1)
    await yard.central.look_once()
    assert await yard.rows("select 1 from charging.reservation where state = 'expired'")
    browser.cookies.update(mine)
    await _situation(browser, "free")
    browser.cookies.clear()
    await browser.post("/c/E27/reserve")
    await _situation(browser, "kept")
