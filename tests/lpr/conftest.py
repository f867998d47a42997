"""One reader for all tests of this folder, and an attendant at a gate whose camera pushes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.ids import CameraId
from facility.settings import Settings
from facility.site import Site
from gateway.app import create_app
from gateway.staff.people import add_person
from lpr.reader import PlateReader
from tests.fakes import FakeClock


@pytest.fixture(scope="session")
def reader() -> PlateReader:
    """The models as they ship."""
    return PlateReader(threads=2)


@pytest.fixture
def pushing(site: Site) -> Site:
    """The demonstration site with one camera that pushes."""
    camera = replace(site.cameras[CameraId("cam-A-IN")], source="push", address=None)
    return replace(site, cameras={**site.cameras, camera.id: camera})


@pytest.fixture
async def client(
    dsn: str, pool: Pool, pushing: Site, clock: FakeClock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """An attendant at the gate."""
    context = Context(settings=Settings(data=tmp_path), dsn=dsn, pool=pool, clock=clock, site=pushing)
    async with unit_of_work(pool) as conn:
        await add_person(
            conn, login="wu", name="吴敏", roles=["attendant"], password="long enough", now=clock.now()
        )
    transport = httpx.ASGITransport(create_app(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://garage") as opened:
        answer = await opened.post("/api/v1/session", json={"login": "wu", "password": "long enough"})
        assert answer.status_code == 200
        yield opened
