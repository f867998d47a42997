from collections.abc import AsyncIterator

import httpx
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.settings import Settings
from facility.site import Site
from gateway.app import create_app
from gateway.staff.people import add_person
from tests.fakes import FakeClock


@pytest.fixture
def context(dsn: str, pool: Pool, site: Site, clock: FakeClock) -> Context:
    return Context(settings=Settings(), dsn=dsn, pool=pool, clock=clock, site=site)


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """A browser-like client of the whole application; 李强 is a manager (`li`), 吴敏 an attendant (`wu`)."""
    async with unit_of_work(context.pool) as conn:
        for login, name, role in (("li", "李强", "manager"), ("wu", "吴敏", "attendant")):
            await add_person(
                conn, login=login, name=name, roles=[role], password="long enough", now=context.clock.now()
            )
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://garage") as opened:
        yield opened
