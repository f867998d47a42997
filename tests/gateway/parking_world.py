"""A garage in a test: the demonstration site in a database, and cars that come and go by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from facility.context import Context
from facility.db import Pool
from facility.ids import new_uuid
from facility.settings import Settings
from facility.site import Site
from gateway.parking import gates_store, occupancy, occupancy_store, store
from gateway.parking.drivers.gate import SimulatedGate
from gateway.parking.gates import carry_out
from gateway.parking.lanes_store import PlateRead
from tests.fakes import FakeClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Garage:
    """What a test acts on."""

    ctx: Context
    clock: FakeClock

    @asynccontextmanager
    async def rows(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A unit of work."""
        async with self.ctx.pool.connection() as conn:
            yield conn

    async def pass_gates(self, cars: int = 1) -> list[str]:
        """Carry out every waiting gate order; returns how each ended."""
        async with self.rows() as conn:
            orders = await gates_store.read_waiting_orders(conn)
        return [await carry_out(self.ctx, SimulatedGate(0.0, lambda: cars), order) for order in orders]

    async def occupied(self) -> dict[str, int]:
        """Cars counted by zone."""
        async with self.rows() as conn:
            return {zone: count.occupied for zone, count in (await occupancy_store.read_counts(conn)).items()}

    async def stays(self) -> list[store.Stay]:
        """The open stays."""
        async with self.rows() as conn:
            return await store.read_open_stays(conn)


async def open_garage(dsn: str, pool: Pool, site: Site, clock: FakeClock, data: Path) -> Garage:
    """The site's rows made ready."""
    ctx = Context(settings=Settings(data=data), dsn=dsn, pool=pool, clock=clock, site=site)
    await occupancy.prepare(ctx)
    return Garage(ctx=ctx, clock=clock)


def read_of(
    plate: str,
    lane: str,
    at: datetime,
    *,
    kind: str = "blue",
    accepted: bool = True,
    picture_path: str | None = None,
    direction: str | None = None,
    corrects: UUID | None = None,
) -> PlateRead:
    """A published read of a car at a lane."""
    return PlateRead(
        id=new_uuid(),
        camera_id=f"cam-{lane}",
        lane_id=lane,
        direction=direction or ("in" if lane.endswith("IN") else "out"),
        text=plate,
        kind=kind,
        confidence=0.97 if accepted else 0.41,
        accepted=accepted,
        picture_path=picture_path,
        seen_at=at,
        corrects=corrects,
    )
