"""A garage with people who convert it: a commander, a leader, a second person and an evaluator."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.settings import Settings
from facility.site import Site
from gateway.app import create_app
from gateway.staff.people import add_token
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand, join

PEOPLE = {
    "commander": ("孙指挥", ["commander", "manager"]),
    "leader": ("张组长", ["crew"]),
    "second": ("李副手", ["crew"]),
    "evaluator": ("周评估", ["evaluator"]),
}


@pytest.fixture
def ctx(dsn: str, pool: Pool, site: Site, clock: FakeClock) -> Context:
    """The process's context on this test's own database."""
    return Context(settings=Settings(), dsn=dsn, pool=pool, clock=clock, site=site)


@pytest.fixture
async def hands(ctx: Context) -> AsyncIterator[dict[str, Hand]]:
    """People with accounts and PINs, each with a client of their own."""
    app = create_app(ctx)
    async with AsyncExitStack() as stack:
        found: dict[str, Hand] = {}
        for number, (key, (name, roles)) in enumerate(PEOPLE.items()):
            found[key] = await _hand(app, ctx, stack, key, name, roles, f"{1111 * (number + 1)}")
        yield found


async def _hand(
    app: object, ctx: Context, stack: AsyncExitStack, login: str, name: str, roles: list[str], pin: str
) -> Hand:
    now = ctx.clock.now()
    async with unit_of_work(ctx.pool) as conn:
        _, secret = await add_token(conn, name=name, roles=roles, by="test", now=now)
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    client = httpx.AsyncClient(
        transport=transport, base_url="http://garage", headers={"Authorization": f"Bearer {secret}"}
    )
    await stack.enter_async_context(client)
    who = (await client.get("/api/v1/session")).json()
    return Hand(id=who["id"], name=name, key=await join(client, pin), client=client)
