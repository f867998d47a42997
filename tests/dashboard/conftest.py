from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.identity import Role
from facility.settings import Settings
from facility.site import Site
from gateway.app import create_app
from gateway.staff.people import add_person
from tests.dashboard import garage
from tests.fakes import FakeClock

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def context(dsn: str, pool: Pool, site: Site) -> Context:
    """A garage with cars in it, at a moment that stands still."""
    with psycopg.connect(dsn) as conn:
        garage.fill(conn, site, NOW, days=2)
    return Context(settings=Settings(), dsn=dsn, pool=pool, clock=FakeClock(NOW), site=site)


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application; 李强 holds every role (`li`), 王磊 is crew (`wang`), 吴洁 is an auditor (`wu`)."""
    people = (
        ("li", "李强", [role.value for role in Role]),
        ("wang", "王磊", ["crew"]),
        ("wu", "吴洁", ["auditor"]),
    )
    async with unit_of_work(context.pool) as conn:
        for login, name, roles in people:
            await add_person(conn, login=login, name=name, roles=roles, password=garage.PASSWORD, now=NOW)
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://garage") as opened:
        yield opened
