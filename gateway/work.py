"""The work process: loops that wait on rows and devices."""

import asyncio
from collections.abc import Awaitable, Callable

import facility.retention
import gateway.parking.arrivals
import gateway.parking.boards
import gateway.parking.demo
import gateway.parking.drivers.payment_simulated
import gateway.parking.fallback
import gateway.parking.forecasting
import gateway.parking.occupancy
import gateway.parking.privacy
import gateway.parking.reconcile_payments
import gateway.parking.webhooks
import wartime_conversion.outlook.foresee
import wartime_conversion.ticker
from facility.context import Context

Loop = Callable[[Context], Awaitable[None]]

LOOPS: tuple[Loop, ...] = (
    gateway.parking.arrivals.run,
    gateway.parking.fallback.run,
    gateway.parking.boards.run,
    gateway.parking.occupancy.run,
    gateway.parking.demo.run,
    gateway.parking.forecasting.run,
    gateway.parking.reconcile_payments.run,
    gateway.parking.webhooks.run,
    gateway.parking.privacy.run,
    gateway.parking.drivers.payment_simulated.run,
    wartime_conversion.ticker.run,
    wartime_conversion.outlook.foresee.run,
    facility.retention.run,
)


async def run(ctx: Context) -> None:
    """Run every loop until cancelled; one that fails ends the process, and the supervisor starts it again."""
    async with asyncio.TaskGroup() as group:
        for loop in LOOPS:
            group.create_task(_forever(loop, ctx), name=loop.__module__)
        if not LOOPS:
            await asyncio.Event().wait()


async def _forever(loop: Loop, ctx: Context) -> None:
    await loop(ctx)
