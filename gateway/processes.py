"""The processes of the product: each opens its context, beats, and runs its part until it is told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config

from facility.clock import SystemClock
from facility.context import Context
from facility.db import open_pool
from facility.heartbeat import beat
from facility.logs import get_logger, set_up_logs
from facility.settings import Settings
from facility.site import load_site

Run = Callable[[Context], Awaitable[None]]


@asynccontextmanager
async def opened_context(settings: Settings, dsn: str) -> AsyncIterator[Context]:
    """A context whose pool is open for as long as the block runs."""
    site = load_site(settings.site)
    pool = await open_pool(dsn)
    try:
        yield Context(settings=settings, dsn=dsn, pool=pool, clock=SystemClock(), site=site)
    finally:
        await pool.close()


async def run_web(ctx: Context) -> None:
    """Serve HTTP until cancelled."""
    from gateway.app import create_app
    from gateway.tls import server_files

    config = Config()
    plain = f"{ctx.settings.host}:{ctx.settings.http_port}"
    certificate = server_files(ctx.settings)
    if certificate is None:
        config.bind = [plain]
    else:
        config.bind, config.insecure_bind = [f"{ctx.settings.host}:{ctx.settings.https_port}"], [plain]
        config.certfile, config.keyfile = str(certificate[0]), str(certificate[1])
    config.accesslog = None
    config.graceful_timeout = 2
    config.shutdown_timeout = 3
    config.keep_alive_timeout = 75
    forever = asyncio.Event()
    await serve(create_app(ctx), config, shutdown_trigger=forever.wait)  # type: ignore[arg-type]


# Each process imports only its own part, so that a fault in one cannot keep the others from starting.
ENTRIES = {
    "web": "gateway.processes:run_web",
    "work": "gateway.work:run",
    "charging": "charging.central:run",
    "lpr": "lpr.reading:run",
}


def _entry(name: str) -> Any:
    module, _, function = ENTRIES[name].partition(":")
    return getattr(import_module(module), function)


async def _until_told(name: str, run: Run, settings: Settings, dsn: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with opened_context(settings, dsn) as ctx:
        main = asyncio.ensure_future(run(ctx))
        beating = asyncio.ensure_future(beat(ctx, name))
        waiting = asyncio.ensure_future(stop.wait())
        await asyncio.wait({main, beating, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for part in (main, beating, waiting):
            part.cancel()
        outcomes = await asyncio.gather(main, beating, waiting, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome


def run_process(name: str, settings: Settings, dsn: str) -> int:
    """Run one process until SIGTERM or SIGINT; returns its exit status."""
    set_up_logs(name)
    run = _entry(name)
    try:
        if name == "lpr":  # reads cameras in threads, without an event loop
            status: int = run(settings, dsn)
            return status
        # The compiled loop saves the charging process a fifth of its time; the others gain nothing worth mentioning.
        factory = uvloop.new_event_loop if name == "charging" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_until_told(name, run, settings, dsn))
    except Exception:  # outermost loop of a process: log, then let the supervisor start it again
        get_logger().exception("process.failed")
        return 1
    return 0
