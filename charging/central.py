"""The OCPP central system: the port, the sockets on it, and what wakes them."""

import asyncio
import gc
import socket as network
import ssl
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from charging import (
    charger_store,
    ghosts,
    order_store,
    process_store,
    reconcile,
    sharing_loop,
    tag_store,
)
from charging.batch import Batch
from charging.batch_store import SeenRow
from charging.charger_store import Charger
from charging.demo import put_demo_tags
from charging.door import Door, Turned, chosen_protocol
from charging.link import Link
from charging.opening_store import NewSocket
from charging.openings import Openings
from charging.orders import REPEATABLE
from charging.passwords import load_passwords
from charging.registration import register_site
from charging.station import StationContext
from charging.tls import server_context
from charging.versions import VERSIONS
from facility.context import Context
from facility.db import listen, unit_of_work
from facility.errors import Unavailable
from facility.ids import new_uuid

log = structlog.get_logger(__name__)

SWEEP_EVERY_S: Final = 5.0
PING_AFTER: Final = timedelta(seconds=50)
"""A quiet socket is pinged so that address translators keep it; a missing pong is not held against the charger."""

NOTE_SEEN_EVERY: Final = timedelta(seconds=20)
"""How often a charger's sign of life is written down."""

SILENT_AFTER: Final = timedelta(seconds=960)
"""A socket is given up after three heartbeat intervals and a minute without any frame, never at the interval itself."""

MAX_FRAME: Final = 2**20


class OcppConnection(ServerConnection):
    """A connection that knows when its peer last sent anything at all, pings and pongs included."""

    charger: Charger | None = None
    frames = 0

    def process_event(self, event: Any) -> None:
        """Count frames; the library answers pings by itself."""
        if isinstance(event, Frame):
            self.frames += 1
        super().process_event(event)


class Central:
    """Every socket of this process."""

    def __init__(self, ctx: Context, tasks: asyncio.TaskGroup) -> None:
        self._ctx = ctx
        self._tasks = tasks
        self.process = new_uuid()
        self._passwords = load_passwords(ctx.settings.data)
        self.batch = Batch(ctx.pool, ctx.clock)
        self._openings = Openings(ctx.pool, ctx.clock, self.process, self._spawn)
        self._door = Door(ctx, self._passwords)
        self._links: dict[int, Link] = {}
        self._frames: dict[int, int] = {}
        self._pinged: set[int] = set()

    @property
    def sockets(self) -> int:
        """Sockets open now."""
        return len(self._links)

    async def prepare(self) -> None:
        """Register the site's chargers, write off what a killed process held, and read all chargers."""
        now = self._ctx.clock.now()
        async with unit_of_work(self._ctx.pool) as conn:
            await register_site(conn, self._ctx.site, now)
            if self._ctx.settings.demo:
                await put_demo_tags(conn, now)
            await self._begin(conn)
        await self._door.learn()

    async def _begin(self, conn: AsyncConnection[Any]) -> None:
        """Say that this process lives; what was held here before, or by nobody that lives, is written off."""
        now, settings = self._ctx.clock.now(), self._ctx.settings
        place = f"{network.gethostname()} {settings.host}:{settings.ocpp_port}"
        await process_store.enter_process(conn, self.process, place, now)
        await self._write_off(conn)

    async def _write_off(self, conn: AsyncConnection[Any]) -> None:
        if gone := await process_store.write_off_sockets(conn, self._ctx.clock.now()):
            log.warning("sockets.written_off", chargers=len(gone))

    async def _stay_known(self) -> None:
        """Say that this process lives. Where others took it to be gone, its sockets begin anew."""
        async with unit_of_work(self._ctx.pool) as conn:
            is_known = await process_store.note_process(conn, self.process, self._ctx.clock.now())
            if is_known:
                await self._write_off(conn)
            else:
                await self._begin(conn)
        if not is_known:
            log.warning("process.was_given_up", sockets=len(self._links))
            for link in list(self._links.values()):
                self._spawn(link.close(1012, "please connect again"))

    async def knock(self, ws: ServerConnection, request: Request) -> Response | None:
        """Decide before the websocket opens; None lets the charger in."""
        assert isinstance(ws, OcppConnection)  # `serve` makes no others
        try:
            judged = await self._door.admit(
                request.path,
                request.headers.get("Authorization"),
                is_tls=ws.transport.get_extra_info("ssl_object") is not None,
                certified=_certified_name(ws),
            )
        except (Unavailable, psycopg.Error):
            return ws.respond(HTTPStatus.SERVICE_UNAVAILABLE, "try again\n")
        if isinstance(judged, Turned):
            log.warning("charger.turned_away", path=request.path[:100], status=judged.status.value)
            response = ws.respond(judged.status, judged.line + "\n")
            if judged.status == HTTPStatus.UNAUTHORIZED:
                response.headers["WWW-Authenticate"] = 'Basic realm="charging"'
            return response
        ws.charger = judged
        return None

    def choose(self, ws: ServerConnection, offered: list[Subprotocol] | Any) -> Subprotocol | None:
        """The sub-protocol to answer with; None where none was offered or none is served."""
        chosen = chosen_protocol(list(offered), list(VERSIONS)) if offered else None
        return Subprotocol(chosen) if chosen else None

    async def serve_socket(self, ws: ServerConnection) -> None:
        """One charger's socket from opening to closing."""
        assert isinstance(ws, OcppConnection) and ws.charger is not None and ws.request is not None
        offered = ws.request.headers.get_all("Sec-WebSocket-Protocol")
        protocol = ws.subprotocol or (None if offered else chosen_protocol([], list(VERSIONS)))
        if protocol is None:
            # OCPP-J 1.6 section 3.2: complete the handshake without a sub-protocol, then close.
            await ws.close(1002, "no common sub-protocol")
            return
        try:
            link = await self._open_link(ws, ws.charger, protocol)
        except (Unavailable, psycopg.Error) as away:
            log.warning("socket.not_opened", charger=ws.charger.identity, reason=str(away).strip())
            await ws.close(1013, "try again")
            return
        try:
            await link.serve()
        except ConnectionClosed:
            pass
        finally:
            await self._close_link(link)

    async def _open_link(self, ws: OcppConnection, charger: Charger, protocol: str) -> Link:
        version = VERSIONS[protocol]
        socket = new_uuid()
        opening = await self._openings.open(
            NewSocket(charger_id=charger.id, socket=socket, protocol=protocol)
        )
        self.batch.know_outlets(charger.id, opening.outlets)
        station = version.open_station(
            StationContext(
                ctx=self._ctx,
                batch=self.batch,
                passwords=self._passwords,
                charger=charger,
                outlets=opening.outlets,
                open_transactions=opening.open_transactions,
            )
        )
        link = Link(
            ws=ws,
            socket=socket,
            charger=charger,
            version=version.name,
            station=station,
            batch=self.batch,
            pool=self._ctx.pool,
            clock=self._ctx.clock,
            wake=lambda: self._wake(charger.id),
        )
        older = self._links.get(charger.id)
        self._links[charger.id] = link
        if older is not None:
            self._spawn(older.close(1000, "replaced by a newer connection"))
        log.info("charger.connected", charger=charger.identity, protocol=protocol)
        return link

    async def _close_link(self, link: Link) -> None:
        """Forget a socket; where it is not the charger's newest, nothing else changes."""
        link.lose()
        await link.settle()
        if self._links.get(link.charger.id) is not link:
            return
        del self._links[link.charger.id]
        self._frames.pop(link.charger.id, None)
        log.info("charger.disconnected", charger=link.charger.identity)
        try:
            async with unit_of_work(self._ctx.pool) as conn:
                now = self._ctx.clock.now()
                if await charger_store.leave_socket(conn, link.charger.id, link.socket, now):
                    await order_store.release_sent(conn, [link.charger.id], REPEATABLE, now)
        except (Unavailable, psycopg.Error) as away:
            log.warning("socket.not_written_off", charger=link.charger.identity, reason=str(away).strip())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(_guarded(work))

    async def hear(self) -> None:
        """Wake sockets for orders; on every sweep, all that have any waiting."""
        async for notice in listen(self._ctx.dsn, ["order", "charger"], sweep_every_s=SWEEP_EVERY_S):
            try:
                if notice.channel == "charger":
                    await self._door.learn()
                elif notice.channel == "order":
                    self._wake(int(notice.payload))
                else:
                    await self._sweep_orders()
            except (Unavailable, psycopg.Error) as away:
                log.warning("sweep.failed", reason=str(away).strip())

    def _wake(self, charger_id: int) -> None:
        link = self._links.get(charger_id)
        if link is None:
            return
        link.want()
        if link.has_spoken:
            self._spawn(link.pump())

    async def _sweep_orders(self) -> None:
        now = self._ctx.clock.now()
        async with unit_of_work(self._ctx.pool) as conn:
            await order_store.expire_orders(conn, now)
            waiting = await order_store.read_chargers_with_orders(conn, list(self._links), now)
        for charger_id in waiting:
            link = self._links.get(charger_id)
            if link is not None:
                self._spawn(link.pump())

    async def look_after(self) -> None:
        """Every few seconds: signs of life, silent sockets, ghosts, reservations past their time."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.look_once()
            except (Unavailable, psycopg.Error) as away:
                log.warning("sweep.failed", reason=str(away).strip())

    async def look_once(self) -> None:
        """One round of `look_after`."""
        now = self._ctx.clock.now()
        for charger_id, link in list(self._links.items()):
            assert isinstance(link.ws, OcppConnection)
            if link.ws.frames != self._frames.get(charger_id):
                self._frames[charger_id] = link.ws.frames
                self._pinged.discard(charger_id)
                link.seen_at = max(link.seen_at, now)
                if link.noted_at is None or now - link.noted_at >= NOTE_SEEN_EVERY:
                    link.noted_at = now
                    self.batch.note(SeenRow(charger_id, now))
            elif now - link.seen_at > SILENT_AFTER:
                self._spawn(link.close(1001, "silent for too long"))
            elif now - link.seen_at > PING_AFTER and charger_id not in self._pinged:
                self._pinged.add(charger_id)
                self._spawn(_ping(link))
        await self._stay_known()
        async with unit_of_work(self._ctx.pool) as conn:
            await ghosts.close_ghosts(conn, now)
            await tag_store.expire_reservations(conn, now)

    async def leave(self) -> None:
        """Write off every socket of this process."""
        links, self._links = list(self._links.values()), {}
        if links:
            async with unit_of_work(self._ctx.pool) as conn:
                await charger_store.drop_sockets(conn, [link.socket for link in links], self._ctx.clock.now())


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """Outermost loop of what is done for one charger: its fault must not end the others' sockets."""
    try:
        await work
    except Exception:  # outermost, see above
        log.exception("work.failed")


async def _ping(link: Link) -> None:
    try:
        await link.ws.ping()
    except ConnectionClosed:
        log.debug("ping.closed", charger=link.charger.identity)


def _certified_name(ws: ServerConnection) -> str | None:
    """Common name of the client certificate, which TLS has checked against our CA."""
    tls = ws.transport.get_extra_info("ssl_object")
    certificate = tls.getpeercert() if isinstance(tls, ssl.SSLObject) else None
    subject: Any = (certificate or {}).get("subject", ())
    for part in subject:
        for name, value in part:
            if name == "commonName":
                return str(value)
    return None


def calm_collector() -> None:
    """Let the garbage collector look seldom, and never at what the process was made of at its start.

    A whole collection over the objects of 2,000 connections holds every answer up for a tenth of a second; next to
    nothing of theirs is in cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def run(ctx: Context) -> None:
    """Serve chargers until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        central = Central(ctx, tasks)
        await central.prepare()
        calm_collector()
        tasks.create_task(central.batch.run())
        tasks.create_task(central.hear())
        tasks.create_task(central.look_after())
        tasks.create_task(reconcile.run(ctx))
        tasks.create_task(sharing_loop.run(ctx))
        async with AsyncExitStack() as ports:
            await open_ports(central, ctx, ports)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await central.leave()


async def open_ports(central: Central, ctx: Context, ports: AsyncExitStack) -> None:
    """Open the plain port and, where the settings name one, the port with TLS."""
    settings = ctx.settings
    await ports.enter_async_context(open_port(central, settings.host, settings.ocpp_port))
    log.info("ocpp.listening", port=settings.ocpp_port)
    if settings.ocpp_tls_port is not None:
        tls = server_context(settings.data, settings.host, ctx.clock.now())
        await ports.enter_async_context(open_port(central, settings.host, settings.ocpp_tls_port, tls))
        log.info("ocpp.listening", port=settings.ocpp_tls_port, tls=True)


def open_port(central: Central, host: str, port: int, tls: ssl.SSLContext | None = None) -> Server:
    """The websocket server: no compression (memory), no pong demanded, room for chargers with odd habits."""
    return serve(
        central.serve_socket,
        host,
        port,
        process_request=central.knock,
        select_subprotocol=central.choose,
        create_connection=OcppConnection,
        ping_interval=None,
        compression=None,
        max_size=MAX_FRAME,
        max_queue=8,
        open_timeout=30,
        close_timeout=2,
        server_header=None,
        backlog=4096,
        ssl=tls,
    )
