"""Every look at a picture of a car is an audit row."""

from pathlib import Path

import httpx
import pytest

from facility.context import Context
from facility.db import Pool, unit_of_work
from facility.ids import new_uuid
from facility.settings import Settings
from facility.site import Site
from facility.store import read_audit
from tests.fakes import FakeClock


@pytest.fixture
def context(dsn: str, pool: Pool, site: Site, clock: FakeClock, tmp_path: Path) -> Context:
    """A garage whose pictures lie in a folder of the test."""
    return Context(settings=Settings(data=tmp_path), dsn=dsn, pool=pool, clock=clock, site=site)


async def test_a_look_at_a_picture_is_kept_with_who_looked(
    client: httpx.AsyncClient, context: Context
) -> None:
    read_id = new_uuid()
    (context.settings.data / "car.jpg").write_bytes(b"a picture")
    async with unit_of_work(context.pool) as conn:
        await conn.execute(
            """
            insert into lpr.plate_read (id, camera_id, lane_id, direction, text, raw_text, kind, confidence,
                char_confidence, accepted, looks, origin, picture_path, seen_at, published_at)
            values (%(id)s, 'cam-A-IN', 'A-IN', 'in', '苏F12345', '苏F12345', 'blue', 0.9, '{}', true, 1, 'reader',
                    'car.jpg', %(now)s, %(now)s)
            """,
            {"id": read_id, "now": context.clock.now()},
        )
    address = f"/api/v1/reads/{read_id}/picture"
    assert (await client.get(address)).status_code == 401
    await client.post("/api/v1/session", json={"login": "wu", "password": "long enough"})
    seen = await client.get(address)
    assert seen.content == b"a picture" and "private, max-age=3600" in seen.headers["cache-control"]
    async with unit_of_work(context.pool) as conn:
        looks = [row for row in await read_audit(conn) if row.act == "read.picture_seen"]
    assert [(row.person_name, row.subject) for row in looks] == [("吴敏", str(read_id))]
