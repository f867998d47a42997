"""Which routes, pages and screens the web process serves: one line a package."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

import charging.history_http
import charging.http
import charging.http201
import charging.web.assets
import charging.web.desk
import charging.web.desk_acts
import charging.web.pages
import dashboard.app
import gateway.board
import gateway.live
import gateway.office.pages
import gateway.parking.feed_http
import gateway.parking.http
import gateway.parking.payments_http
import gateway.parking.permits_http
import gateway.parking.pricing_http
import gateway.parking.privacy_http
import gateway.parking.webhooks_http
import gateway.staff.http
import gateway.tls_page
import gateway.web.attendant
import gateway.web.books
import gateway.web.drivers
import gateway.web.paying
import gateway.web.receipts
import gateway.web.rights
import gateway.web.static_files
import gateway.web.stays
import lpr.http
import wartime_conversion.aftermath.http
import wartime_conversion.depot.http
import wartime_conversion.exercise.http
import wartime_conversion.http
import wartime_conversion.outlook.http
import wartime_conversion.pages
import wartime_conversion.phone.http
import wartime_conversion.plan_library.http
import wartime_conversion.siren.http
import wartime_conversion.upkeep.http
from charging.orders import hearing_answers
from facility.context import Context

ROUTERS = (
    charging.http.router,
    charging.http201.router,
    charging.history_http.router,
    charging.web.pages.router,
    charging.web.assets.pages,
    charging.web.desk.pages,
    charging.web.desk_acts.pages,
    gateway.board.router,
    gateway.staff.http.router,
    gateway.staff.http.pages,
    gateway.live.router,
    gateway.web.static_files.router,
    gateway.web.drivers.pages,
    gateway.web.attendant.pages,
    gateway.web.stays.pages,
    gateway.web.rights.pages,
    gateway.web.books.pages,
    gateway.web.paying.pages,
    gateway.web.receipts.pages,
    gateway.office.pages.pages,
    lpr.http.router,
    gateway.parking.feed_http.router,
    gateway.parking.pricing_http.router,
    gateway.parking.webhooks_http.router,
    gateway.parking.http.router,
    gateway.parking.permits_http.router,
    gateway.parking.privacy_http.router,
    gateway.parking.payments_http.router,
    gateway.parking.payments_http.pages,
    wartime_conversion.aftermath.http.router,
    wartime_conversion.depot.http.router,
    wartime_conversion.http.router,
    gateway.tls_page.pages,
    wartime_conversion.outlook.http.router,
    wartime_conversion.pages.pages,
    wartime_conversion.phone.http.router,
    wartime_conversion.exercise.http.router,
    wartime_conversion.plan_library.http.router,
    wartime_conversion.siren.http.router,
    wartime_conversion.upkeep.http.router,
)


def include(app: FastAPI) -> None:
    """Add every router; the order matters only where two match the same path."""
    for router in ROUTERS:
        app.include_router(router)


def mount(app: FastAPI, context: Context) -> None:
    """Add the screens that bring their own application; they come after every route."""
    dashboard.app.mount(app, context)


@asynccontextmanager
async def background(app: FastAPI, context: Context) -> AsyncIterator[None]:
    """What the web process keeps running beside its routes (the live feed, its heartbeat)."""
    async with AsyncExitStack() as stack:
        app.state.order_answers = await stack.enter_async_context(hearing_answers(context.dsn, context.pool))
        app.state.live = await stack.enter_async_context(gateway.live.following(context))
        yield
