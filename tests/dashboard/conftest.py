import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from facility.context import Context
from facility.db import open_pool
from facility.embedded import Server
from facility.identity import Role
from facility.settings import Settings
from facility.site import Site
from gateway.app import create_app
from gateway.staff.people import add_person
from tests.conftest import _copy as copy_database
from tests.dashboard import garage
from tests.fakes import FakeClock

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


PEOPLE = (
    ("li", "李强", [role.value for role in Role]),
    ("wang", "王磊", ["crew"]),
    ("wu", "吴洁", ["auditor"]),
)


async def _fill(dsn: str, site: Site) -> None:
    with psycopg.connect(dsn) as conn:
        garage.fill(conn, site, NOW, days=2)
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        for login, name, roles in PEOPLE:
            await add_person(conn, login=login, name=name, roles=roles, password=garage.PASSWORD, now=NOW)


@pytest.fixture(scope="session")
def garage_dsn(server: Server, template: str, site: Site) -> str:
    """A garage with cars in it and people, for tests that only look; made once."""
    dsn = server.dsn(copy_database(server, template))
    asyncio.run(_fill(dsn, site))
    return dsn


@pytest.fixture
async def context(garage_dsn: str, site: Site) -> AsyncIterator[Context]:
    """The filled garage, at a moment that stands still."""
    pool = await open_pool(garage_dsn)
    yield Context(settings=Settings(), dsn=garage_dsn, pool=pool, clock=FakeClock(NOW), site=site)
    await pool.close()


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application; 李强 holds every role (`li`), 王磊 is crew (`wang`), 吴洁 is an auditor (`wu`)."""
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://garage") as opened:
        yield opened
