"""A car inside for 95 minutes that owes 8 yuan, and the simulated bank, beside a real web process."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from facility.clock import SystemClock
from facility.context import Context
from facility.db import open_pool, unit_of_work
from facility.settings import Settings
from facility.site import demonstration_site
from gateway.parking import dues_store, gates_store, occupancy
from gateway.parking.arrivals import arrive
from gateway.parking.drivers import payment_simulated
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.gates import carry_out
from tests.fakes import FakeClock
from tests.gateway.parking_world import read_of

PRICES = {"free_minutes": 30, "unit_minutes": 30, "price_per_unit": 2, "exit_grace_minutes": 15}
PARKED_FOR = timedelta(minutes=95)
PLATE, NEV_PLATE = "苏F12345", "苏FD12345"


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end in a thread of its own: the browser's own loop runs in the test's."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, work).result()


async def fill(dsn: str, *, now: datetime) -> None:
    """A price list, and both cars inside since 95 minutes; the first stands in B1-050."""
    site = demonstration_site()
    pool = await open_pool(dsn)
    clock = FakeClock(now - PARKED_FOR)
    ctx = Context(settings=Settings(data=Path("unused")), dsn=dsn, pool=pool, clock=clock, site=site)
    try:
        await occupancy.prepare(ctx)
        async with unit_of_work(pool) as conn:
            await dues_store.insert_tariff(
                conn,
                name="list",
                body=PRICES,
                in_force_from=now - timedelta(days=1),
                saved_at=now - timedelta(days=1),
                saved_by="manager",
            )
        for plate, kind, lane in ((PLATE, "blue", "A-IN"), (NEV_PLATE, "green", "B-IN")):
            async with unit_of_work(pool) as conn:
                await arrive(conn, site, read_of(plate, lane, clock.now(), kind=kind), now=clock.now())
            async with unit_of_work(pool) as conn:
                (order,) = await gates_store.read_waiting_orders(conn)
            await carry_out(ctx, SimulatedGate(0.0), order)
            assert order.stay_id is not None
            bay = "B1-050" if plate == PLATE else "B1-020"
            async with unit_of_work(pool) as conn:
                await occupancy.bay_heard(conn, bay, is_occupied=True, now=clock.now(), stay_id=order.stay_id)
    finally:
        await pool.close()


def car_without_plate(dsn: str) -> None:
    """One stands at the upper entry now."""

    async def main() -> None:
        pool = await open_pool(dsn)
        now = datetime.now(UTC)
        try:
            async with unit_of_work(pool) as conn:
                await arrive(conn, demonstration_site(), read_of("", "U-IN", now, accepted=False), now=now)
        finally:
            await pool.close()

    run_apart(main())


@contextmanager
def bank(dsn: str, port: int) -> Iterator[None]:
    """The simulated bank at work, telling the web process over HTTP what was paid."""
    stop = threading.Event()

    async def main() -> None:
        pool = await open_pool(dsn)
        ctx = Context(
            settings=Settings(http_port=port, demo=True),
            dsn=dsn,
            pool=pool,
            clock=SystemClock(),
            site=demonstration_site(),
        )
        work = asyncio.ensure_future(payment_simulated.run(ctx))
        try:
            await asyncio.to_thread(stop.wait)
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await pool.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)
