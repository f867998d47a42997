"""A central system on a free port with a database of its own, and chargers that speak raw frames to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg.sql import SQL, Identifier
from websockets.asyncio.client import ClientConnection, connect

import charging.history_http
import charging.http
import charging.http201
from charging.central import Central, open_port
from charging.charger_store import Charger
from charging.orders import hearing_answers
from charging.registration import register_charger
from charging.tag_store import IdTag, put_tag
from facility.clock import SystemClock
from facility.context import Context
from facility.db import Pool, open_pool, unit_of_work
from facility.embedded import Server
from facility.identity import Person, Role
from facility.ids import PersonId, new_uuid
from facility.settings import Settings
from facility.site import Site, demonstration_site
from gateway import errors


class MovableClock(SystemClock):
    """The machine's clock, moved by hand by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


class RawCharger:
    """A charger's end of the socket: sends what it is told, keeps what comes."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self._number = 0
        self._orders: list[Any] = []

    async def tell(self, raw: str) -> Any:
        """Send a raw frame, return the next frame as JSON."""
        await self.ws.send(raw)
        return await self.hear()

    async def hear(self) -> Any:
        async with asyncio.timeout(30):
            return json.loads(await self.ws.recv())

    async def hears_nothing(self, within_s: float = 0.3) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await self.ws.recv()
        except TimeoutError:
            return True
        return False

    async def call(self, action: str, payload: dict[str, Any] | None, message_id: str | None = None) -> Any:
        """Call and return the result's payload; a CALLERROR fails the test."""
        answer = await self.call_raw(action, payload, message_id)
        assert answer[0] == 3, answer
        return answer[2]

    async def call_raw(self, action: str, payload: Any, message_id: str | None = None) -> Any:
        self._number += 1
        message_id = message_id or f"m{self._number}"
        answer = await self.tell(json.dumps([2, message_id, action, payload]))
        while answer[0] == 2:
            self._orders.append(answer)  # an order that came before the answer
            answer = await self.hear()
        assert answer[1] == message_id
        return answer

    async def refusal(self, action: str, payload: Any) -> str:
        answer = await self.call_raw(action, payload)
        assert answer[0] == 4, answer
        return str(answer[2])

    async def order(self) -> tuple[str, str, dict[str, Any]]:
        """The next CALL from the central system."""
        frame = self._orders.pop(0) if self._orders else await self.hear()
        assert frame[0] == 2, frame
        return frame[1], frame[2], frame[3]

    async def reply(self, message_id: str, payload: dict[str, Any]) -> None:
        await self.ws.send(json.dumps([3, message_id, payload]))

    async def boot(self) -> Any:
        return await self.call("BootNotification", {"chargePointVendor": "Maker", "chargePointModel": "One"})


class Yard:
    """The central system under test and what is around it."""

    def __init__(self, ctx: Context, central: Central, port: int, clock: MovableClock) -> None:
        self.ctx = ctx
        self.central = central
        self.port = port
        self.clock = clock

    async def register(self, identity: str, password: str | None = None, **more: Any) -> Charger:
        async with unit_of_work(self.ctx.pool) as conn:
            passwords = self.central._passwords
            return await register_charger(conn, identity, password, passwords, self.clock.now(), **more)

    async def tag(self, tag: str, **more: Any) -> None:
        async with unit_of_work(self.ctx.pool) as conn:
            await put_tag(conn, IdTag(tag=tag, **more), self.clock.now())

    @asynccontextmanager
    async def charger(self, identity: str, **more: Any) -> AsyncIterator[RawCharger]:
        more.setdefault("subprotocols", ["ocpp1.6"])
        address = f"ws://127.0.0.1:{self.port}/ocpp/{quote(identity, safe='')}"
        async with connect(address, ping_interval=None, **more) as ws:
            yield RawCharger(ws)

    async def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        async with unit_of_work(self.ctx.pool) as conn:
            cur = await conn.execute(query.encode(), values)
            return await cur.fetchall()

    async def eventually(self, check: Callable[[], Awaitable[bool]], within_s: float = 15) -> None:
        """Wait until the database says so; the central system commits after it answers some things."""
        async with asyncio.timeout(within_s):
            while not await check():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def opened_yard(
    pool: Pool, dsn: str, site: Site, state: Path, settings: dict[str, Any]
) -> AsyncIterator[Yard]:
    clock = MovableClock()
    ctx = Context(settings=Settings(data=state, **settings), dsn=dsn, pool=pool, clock=clock, site=site)
    async with asyncio.TaskGroup() as tasks:
        central = Central(ctx, tasks)
        await central.prepare()
        running = [tasks.create_task(central.batch.run()), tasks.create_task(central.hear())]
        async with open_port(central, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            yield Yard(ctx, central, port, clock)
        await central.batch.drain()
        for task in running:
            task.cancel()


@pytest.fixture
def charging_settings() -> dict[str, Any]:
    """Settings of the yard; a test may change them by parametrising."""
    return {"demo": False}


@pytest.fixture(scope="session")
def yard_site() -> Site:
    """The demonstration site with two of its EVSEs: registering all thirty would slow every test."""
    site = demonstration_site()
    return replace(site, evses={key: evse for key, evse in site.evses.items() if key in ("E01", "E27")})


@pytest.fixture(scope="session")
def charging_dsn(server: Server, template: str) -> str:
    """One copy of the migrated database for all of this folder; `yard` empties it before each test."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
        conn.execute(SQL("CREATE DATABASE charging_tests TEMPLATE {}").format(Identifier(template)))
    return server.dsn("charging_tests")


EMPTY = """
    truncate charging.charger, charging.meter_sample, charging.message, charging.status_change, charging.id_tag cascade;
    delete from charging.energy_tariff where name <> 'demonstration-2026';
    delete from facility.lockout; delete from facility.alarm; delete from facility.fact;
    delete from facility.equipment_status; delete from facility.audit; delete from charging.process;
"""


@pytest.fixture
async def yard(
    charging_dsn: str, yard_site: Site, tmp_path: Path, charging_settings: dict[str, Any]
) -> AsyncIterator[Yard]:
    pool = await open_pool(charging_dsn)
    async with unit_of_work(pool) as conn:
        await conn.execute(EMPTY)
    async with opened_yard(pool, charging_dsn, yard_site, tmp_path, charging_settings) as opened:
        yield opened
    await pool.close()


@pytest.fixture
async def office(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser: the routes of the web server, signed in by a stand-in for the session."""
    person = Person(id=PersonId(new_uuid()), name="周敏", roles=frozenset(Role))
    app = FastAPI()
    errors.install(app)
    app.include_router(charging.http.router)
    app.include_router(charging.history_http.router)
    app.include_router(charging.http201.router)
    app.include_router(charging.history_http.router)
    app.state.context = yard.ctx

    async def signed_in(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["person"] = person
        await app(scope, receive, send)

    async with hearing_answers(yard.ctx.dsn, yard.ctx.pool) as answers:
        app.state.order_answers = answers
        transport = httpx.ASGITransport(signed_in)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test/api/v1", timeout=40
        ) as client:
            yield client


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
